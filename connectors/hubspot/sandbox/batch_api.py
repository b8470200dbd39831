"""Batches of up to 100 objects; a 207 when some rows failed."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from connectors.hubspot.sandbox.account import ApiRoute, Call, answered_properties, visible_record
from connectors.hubspot.sandbox.answers import Json, Problem, conflict, iso, json_response, not_found, record_json
from connectors.hubspot.sandbox.objects_api import associate_created
from connectors.hubspot.sandbox.schema import SINGULAR
from hub.sdk.sandbox import StoredRecord

MAX_BATCH = 100

_Row = Callable[[Call, str, Json], Json]


def read_batch(call: Call) -> Response:
    object_type = call.object_type()
    names = [str(name) for name in call.body.get("properties") or []]
    found: dict[str, Json] = {}
    missing: list[str] = []
    for one in call.inputs(MAX_BATCH):
        try:
            record = visible_record(call, object_type, str(one.get("id")), call.body.get("idProperty"))
            _refuse_alias(call, record, str(one.get("id")))
        except Problem as problem:
            if problem.status != 404:
                raise
            missing.append(str(one.get("id")))
        else:
            properties = answered_properties(call, object_type, record, names)
            found[record.id] = record_json(record, properties)
    kind = SINGULAR[object_type].upper()
    message = f"Could not get some {kind} objects, they may be deleted or not exist. Check that ids are valid."
    errors = [not_found(message).row({"ids": missing})] if missing else []
    return _answer(call, list(found.values()), errors, 200)


def _refuse_alias(call: Call, record: StoredRecord, asked: str) -> None:
    """Where batches do not follow merges, the old id of a merged record is not found."""
    follows = call.account.faults.get("batch_read_of_merged") == "survivor"
    if not follows and not call.body.get("idProperty") and record.id != asked:
        raise not_found("The record was merged.", [asked])


def create_batch(call: Call) -> Response:
    return _write(call, _create_row, 201)


def update_batch(call: Call) -> Response:
    return _write(call, _update_row, 200)


def upsert_batch(call: Call) -> Response:
    return _write(call, _upsert_row, 200)


def archive_batch(call: Call) -> Response:
    object_type = call.object_type()
    for one in call.inputs(MAX_BATCH):
        call.account.crm.archive(object_type, str(one.get("id")), by=call.by)
    return Response(status_code=204)


def _write(call: Call, write: _Row, success: int) -> Response:
    """Rows are judged one by one when each carries a trace id; otherwise the first bad row refuses all."""
    object_type, inputs = call.object_type(), call.inputs(MAX_BATCH)
    traced = bool(inputs) and all(one.get("objectWriteTraceId") for one in inputs)
    if not traced:
        _rehearse(call, object_type, inputs)
    refuse_all = call.account.faults.take("all_rows_fail", call.name) is not None
    results: list[Json] = []
    errors: list[Json] = []
    for one in inputs:
        trace = str(one.get("objectWriteTraceId") or "")
        try:
            _refuse_on_purpose(call, refuse_all=refuse_all)
            row = write(call, object_type, one)
        except Problem as problem:
            errors.append(problem.row({"objectWriteTraceId": [trace]} if traced else {}))
        else:
            results.append({**row, "objectWriteTraceId": trace} if trace else row)
    return _answer(call, results, errors, success)


def _rehearse(call: Call, object_type: str, inputs: list[Json]) -> None:
    """Refuse the whole batch before anything is written when a row's values are invalid."""
    for one in inputs:
        call.account.crm.rules.check(object_type, one.get("properties") or {})


def _refuse_on_purpose(call: Call, *, refuse_all: bool) -> None:
    faults = call.account.faults
    if refuse_all or faults.take("reject_row", call.name):
        raise Problem(400, "VALIDATION_ERROR", "This row was refused.", code="INVALID_VALUE")
    if fault := faults.take("duplicate_value", call.name):
        raise conflict(f"Object already exists. Existing ID: {fault.options.get('id', '1')}")


def _create_row(call: Call, object_type: str, one: Json) -> Json:
    properties = one.get("properties") or {}
    record = call.account.crm.create(object_type, properties, by=call.by)
    associate_created(call, object_type, record, one.get("associations") or [])
    return _row_json(call, object_type, record, properties)


def _update_row(call: Call, object_type: str, one: Json) -> Json:
    properties = one.get("properties") or {}
    record = _held(call, object_type, one)
    if record is None:
        raise not_found(f"There is no {object_type} {one.get('id')}.", [str(one.get("id"))])
    call.account.crm.update(object_type, record, properties, by=call.by)
    return _row_json(call, object_type, record, properties)


def _upsert_row(call: Call, object_type: str, one: Json) -> Json:
    properties = one.get("properties") or {}
    record = _held(call, object_type, one)
    is_new = record is None
    if record is None:
        keyed = {**properties, str(one.get("idProperty")): one.get("id")}
        record = call.account.crm.create(object_type, keyed, by=call.by)
    else:
        call.account.crm.update(object_type, record, properties, by=call.by)
    return {**_row_json(call, object_type, record, properties), "new": is_new}


def _held(call: Call, object_type: str, one: Json) -> StoredRecord | None:
    return call.account.crm.find_by(object_type, one.get("idProperty"), str(one.get("id")))


def _row_json(call: Call, object_type: str, record: StoredRecord, properties: Json) -> Json:
    return record_json(record, answered_properties(call, object_type, record, list(properties)))


def _answer(call: Call, results: list[Json], errors: list[Json], success: int) -> Response:
    now = iso(call.account.clock.now())
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if not errors:
        return json_response(body, success)
    return json_response({**body, "numErrors": len(errors), "errors": errors}, 207)


ROUTES: list[ApiRoute] = [
    ("objects", "POST", "/{object_type}/batch/read", read_batch),
    ("objects", "POST", "/{object_type}/batch/create", create_batch),
    ("objects", "POST", "/{object_type}/batch/update", update_batch),
    ("objects", "POST", "/{object_type}/batch/upsert", upsert_batch),
    ("objects", "POST", "/{object_type}/batch/archive", archive_batch),
]
