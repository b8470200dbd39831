"""Bulk 2.0 query: a job per statement, results as CSV pages."""

from __future__ import annotations

from typing import Any

from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.jobs import Job, write_csv
from connectors.salesforce.sandbox.org import Org, route
from connectors.salesforce.sandbox.soql import parse

_DEFAULT_RECORDS = 50_000


def create(org: Org, call: Call) -> Answer:
    body = call.json_object()
    operation, statement = str(body.get("operation", "query")), str(body.get("query", ""))
    if operation not in ("query", "queryAll"):
        raise VendorError("INVALIDJOB", f"InvalidJob : operation {operation} is not supported")
    tree = parse(statement)
    if not tree.fields or tree.offset:
        raise VendorError("API_ERROR", "Aggregates and OFFSET are not supported in bulk queries")
    kind = org.queries.type_of(tree)
    getters = [(path, org.queries.paths.getter(kind, path)) for path in tree.fields]
    job = Job(org.jobs.next_id(), kind.name, operation, query=statement, version=call.version)
    job.header = list(tree.fields)
    records = org.queries.run(tree, deleted_too=operation == "queryAll")
    job.rows = [{path: _cell(get(record)) for path, get in getters} for record in records]
    job.state = "UploadComplete"
    return Answer(200, org.jobs.add(job).shown())


def show(org: Org, _call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    if job.state == "UploadComplete":
        job.state = "JobComplete"
    return Answer(200, job.shown())


def change_state(org: Org, call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    job.state = str(call.json_object().get("state", job.state))
    return Answer(200, job.shown())


def results(org: Org, call: Call, job_id: str) -> Answer:
    job = org.jobs.get(job_id)
    size = int(call.params.get("maxRecords") or _DEFAULT_RECORDS)
    start = int(call.params.get("locator") or 0)
    rows = job.rows[start : start + size]
    following = str(start + size) if start + size < len(job.rows) else "null"
    headers = {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(rows))}
    return Answer(200, write_csv(job.header, rows, job.delimiter), headers, media="text/csv")


def remove(org: Org, _call: Call, job_id: str) -> Answer:
    org.jobs.remove(job_id)
    return Answer(204)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


ROUTES = [
    route("POST", "/jobs/query", create),
    route("GET", "/jobs/query/{job_id}", show),
    route("PATCH", "/jobs/query/{job_id}", change_state),
    route("GET", "/jobs/query/{job_id}/results", results),
    route("DELETE", "/jobs/query/{job_id}", remove),
]
