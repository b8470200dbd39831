"""Bulk 2.0 ingest: create a job, upload CSV once, close it, poll it, fetch three result files."""

from __future__ import annotations

import random
from typing import Any

from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.jobs import DELIMITERS, NULL, Job, read_csv, write_csv
from connectors.salesforce.sandbox.org import Org, route, row_trouble
from connectors.salesforce.sandbox.row_api import SeveralMatches, key_field, matches

_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_MAX_UPLOAD = 150 * 1024 * 1024


def create(org: Org, call: Call) -> Answer:
    body = call.json_object()
    kind = org.schema.find(str(body.get("object", "")))
    if kind is None:
        raise VendorError("INVALIDENTITY", f"Unable to find object: {body.get('object')}")
    operation = str(body.get("operation", ""))
    delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
    if operation not in _OPERATIONS or delimiter not in DELIMITERS or ending not in ("LF", "CRLF"):
        raise VendorError("INVALIDJOB", "InvalidJob : the job's options are not supported")
    key = str(body.get("externalIdFieldName", ""))
    if operation == "upsert":
        key_field(org, kind.name, key)
    job = Job(org.jobs.next_id(), kind.name, operation, key_field=key, delimiter=delimiter, line_ending=ending)
    job.version = call.version
    return Answer(200, org.jobs.add(job).shown())


def upload(org: Org, call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    if job.state != "Open" or job.uploaded is not None:
        raise VendorError("INVALIDJOBSTATE", "Found multiple contents for job, or the job is not open")
    if len(call.body) > _MAX_UPLOAD:
        raise VendorError("EXCEEDED_MAX_SIZE_REQUEST", "The upload is larger than 150 MB", status=413)
    job.uploaded = call.body
    return Answer(201)


def change_state(org: Org, call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    state = call.json_object().get("state")
    if job.state != "Open" or state not in ("UploadComplete", "Aborted"):
        raise VendorError("INVALIDJOBSTATE", f"Job cannot go from {job.state} to {state}")
    job.state = str(state)
    if state == "UploadComplete":
        job.polls_left = int(org.faults.get("bulk_polls"))
        _process(org, call, job)
    return Answer(200, job.shown())


def show(org: Org, _call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    _move_on(job)
    return Answer(200, job.shown())


def remove(org: Org, _call: Call, job_id: str) -> Answer:
    org.jobs.remove(job_id)
    return Answer(204)


def successful(org: Org, _call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    return _csv(job, ["sf__Id", "sf__Created", *job.header], _ordered(org, job.successful))


def failed(org: Org, _call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    return _csv(job, ["sf__Id", "sf__Error", *job.header], _ordered(org, job.failed))


def unprocessed(org: Org, _call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    return _csv(job, job.header, job.unprocessed)


def _move_on(job: Job) -> None:
    if job.state not in ("UploadComplete", "InProgress"):
        return
    if job.polls_left > 0:
        job.polls_left -= 1
        job.state = "InProgress"
    else:
        job.state = "JobComplete"


def _process(org: Org, call: Call, job: Job) -> None:
    job.header, rows = read_csv(job.uploaded or b"", job.delimiter)
    kind = org.schema.types[job.object]
    unknown = [name for name in job.header if kind.find(name) is None and kind.parent(name.partition(".")[0]) is None]
    if unknown:
        job.state, job.polls_left = "Failed", 0
        job.error, job.unprocessed = f"InvalidBatch : Field name not found : {unknown[0]}", rows
        return
    abort = org.faults.take("bulk_abort", call.name)
    stop = int(abort.options.get("after", len(rows) // 2)) if abort else len(rows)
    for row in rows[:stop]:
        try:
            record_id, created = _save(org, call, job, row)
        except SeveralMatches:
            job.failed.append({"sf__Id": "", "sf__Error": "DUPLICATE_EXTERNAL_ID:more than one record found:--"} | row)
        except VendorError as error:
            text = f"{error.code}:{error.message}:{','.join(error.fields)}--"
            job.failed.append({"sf__Id": row.get("Id", ""), "sf__Error": text} | row)
        else:
            job.successful.append({"sf__Id": record_id, "sf__Created": str(created).lower()} | row)
    job.unprocessed = rows[stop:]
    if abort:
        job.state, job.polls_left = "Failed", 0


def _save(org: Org, call: Call, job: Job, row: dict[str, str]) -> tuple[str, bool]:
    fields = _cells(row)
    row_trouble(org, call, job.object, row.get("Id", ""))
    if job.operation == "insert":
        return org.records.create(job.object, fields, by=call.client, request=call.name), True
    if job.operation == "upsert":
        return _upsert(org, call, job, fields)
    record_id = str(fields.pop("Id", None) or "")
    if not record_id:
        raise VendorError("MISSING_ARGUMENT", "Id not specified")
    if job.operation == "update":
        return org.records.update(job.object, record_id, fields, by=call.client, request=call.name).id, False
    org.records.delete(job.object, record_id, by=call.client, request=call.name)
    if job.operation == "hardDelete":
        org.records.purge(job.object, record_id)
    return record_id, False


def _upsert(org: Org, call: Call, job: Job, fields: dict[str, Any]) -> tuple[str, bool]:
    kind, field = key_field(org, job.object, job.key_field)
    key = str(fields.pop(field.name, None) or "")
    found = matches(org, kind, field, key)
    if found:
        org.records.update(kind.name, found[0].id, fields, by=call.client, request=call.name)
        return found[0].id, False
    values = fields | {field.name: key}
    return org.records.create(kind.name, values, by=call.client, request=call.name), True


def _cells(row: dict[str, str]) -> dict[str, Any]:
    """The row's fields: `#N/A` is null, an empty cell is not there, a dotted column is a parent by its key."""
    fields: dict[str, Any] = {}
    for name, cell in row.items():
        if cell == "":
            continue
        value = None if cell == NULL else cell
        parent, _, key = name.partition(".")
        fields[parent] = {key: value} if key else value
    return fields


def _ordered(org: Org, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    if org.faults.get("bulk_result_order") == "input_order":
        return rows
    shuffled = list(rows)
    random.Random(len(rows)).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    return shuffled


def _csv(job: Job, header: list[str], rows: list[dict[str, str]]) -> Answer:
    return Answer(200, write_csv(header, rows, job.delimiter), media="text/csv")


ROUTES = [
    route("POST", "/jobs/ingest", create),
    route("PUT", "/jobs/ingest/{job_id}/batches", upload),
    route("PATCH", "/jobs/ingest/{job_id}", change_state),
    route("GET", "/jobs/ingest/{job_id}", show),
    route("DELETE", "/jobs/ingest/{job_id}", remove),
    route("GET", "/jobs/ingest/{job_id}/successfulResults", successful),
    route("GET", "/jobs/ingest/{job_id}/failedResults", failed),
    route("GET", "/jobs/ingest/{job_id}/unprocessedrecords", unprocessed),
    route("GET", "/jobs/ingest/{job_id}/unprocessedRecords", unprocessed),
]
