"""Collections: up to 200 rows a call, HTTP 200 whatever became of each row, one result per row in input order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.calls import Answer, Call, VendorError
from connectors.salesforce.sandbox.org import Org, route, row_trouble
from connectors.salesforce.sandbox.row_api import SeveralMatches, key_field, matches

MAX_ROWS = 200
MAX_RETRIEVED = 2000
SaveRow = Callable[[Any], dict[str, Any]]


def create(org: Org, call: Call) -> Answer:
    def save(row: Any) -> dict[str, Any]:
        name, fields = _typed(row)
        row_trouble(org, call, name)
        record_id = org.records.create(name, fields, by=call.client, request=call.name)
        return _saved(record_id)

    return _each(org, call, save)


def update(org: Org, call: Call) -> Answer:
    def save(row: Any) -> dict[str, Any]:
        name, fields = _typed(row)
        record_id = fields.pop("Id", None) or fields.pop("id", None)
        if not isinstance(record_id, str):
            raise VendorError("MISSING_ARGUMENT", "Id not specified in an update call")
        record_id = canonical_id(record_id)
        row_trouble(org, call, name, record_id)
        org.records.update(name, record_id, fields, by=call.client, request=call.name)
        return _saved(record_id)

    return _each(org, call, save)


def delete(org: Org, call: Call) -> Answer:
    def save(record_id: Any) -> dict[str, Any]:
        kind = org.schema.of_id(str(record_id))
        if kind is None:
            raise VendorError("MALFORMED_ID", f"malformed id {record_id}")
        row_trouble(org, call, kind.name, str(record_id))
        org.records.delete(kind.name, record_id, by=call.client, request=call.name)
        return _saved(canonical_id(record_id))

    ids = [text for text in call.params.get("ids", "").split(",") if text]
    all_or_none = call.params.get("allOrNone", "false").lower() == "true"
    return _save_all(org, call, ids, save, all_or_none=all_or_none)


def upsert(org: Org, call: Call, name: str, field_name: str) -> Answer:
    kind, field = key_field(org, name, field_name)

    def save(row: Any) -> dict[str, Any]:
        row_name, fields = _typed(row)
        if row_name.lower() != kind.name.lower():
            raise VendorError("INVALID_TYPE", f"sObject type '{row_name}' does not match '{kind.name}'.")
        key = fields.pop(field.name, None)
        found = _one_match(matches(org, kind, field, "" if key is None else str(key)))
        row_trouble(org, call, kind.name, found or "")
        if found is None:
            record_id = org.records.create(kind.name, fields | {field.name: key}, by=call.client, request=call.name)
            return _saved(record_id) | {"created": True}
        org.records.update(kind.name, found, fields, by=call.client, request=call.name)
        return _saved(found) | {"created": False}

    return _each(org, call, save)


def retrieve(org: Org, call: Call, name: str) -> Answer:
    kind = org.schema.get(name)
    if call.method == "POST":
        body = call.json_object()
        ids, paths = body.get("ids") or [], body.get("fields") or []
    else:
        ids = [text for text in call.params.get("ids", "").split(",") if text]
        paths = [text for text in call.params.get("fields", "").split(",") if text]
    if len(ids) > MAX_RETRIEVED:
        raise VendorError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot retrieve more than {MAX_RETRIEVED}")
    if any("." in path for path in paths):
        raise VendorError("INVALID_FIELD", f"No such column '{max(paths)}' on entity '{kind.name}'")
    render = org.queries.paths.renderer(kind, dict.fromkeys(["Id", *paths]), call.version)
    found = (org.records.seen(kind.name, canonical_id(record_id)) for record_id in ids)
    return Answer(200, [render(record) if record is not None and record.live else None for record in found])


def _each(org: Org, call: Call, save: SaveRow) -> Answer:
    body = call.json_object()
    rows = body.get("records")
    if not isinstance(rows, list):
        raise VendorError("JSON_PARSER_ERROR", "Missing value for records")
    return _save_all(org, call, rows, save, all_or_none=bool(body.get("allOrNone", False)))


def _save_all(org: Org, call: Call, rows: Sequence[Any], save: SaveRow, *, all_or_none: bool) -> Answer:
    if len(rows) > MAX_ROWS:
        raise VendorError("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MAX_ROWS} records")
    if org.faults.take("all_rows_fail", call.name):
        refused = VendorError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "The record does not meet a validation rule.")
        return Answer(200, [_failed(refused) for _ in rows])
    if not all_or_none:
        return Answer(200, [save_one(save, row) for row in rows])
    results: list[dict[str, Any]] = []
    try:
        with org.records.transaction():
            results = [save_one(save, row) for row in rows]
            if not all(result["success"] for result in results):
                raise _Undo
    except _Undo:
        halted = VendorError("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all were valid.")
        results = [_failed(halted) if result["success"] else result for result in results]
    return Answer(200, results)


def save_one(save: SaveRow, row: Any) -> dict[str, Any]:
    """One row's SaveResult."""
    try:
        return save(row)
    except SeveralMatches as several:
        ids = ", ".join(record.id for record in several.records)
        return _failed(VendorError("DUPLICATE_EXTERNAL_ID", f"more than one record found for external id: [{ids}]"))
    except VendorError as refused:
        return _failed(refused)


class _Undo(Exception):
    """A row failed, and the caller wanted all or none."""


def _typed(row: Any) -> tuple[str, dict[str, Any]]:
    attributes = row.get("attributes") if isinstance(row, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise VendorError("INVALID_TYPE", "Must send a concrete entity type.")
    return name, {field: value for field, value in row.items() if field != "attributes"}


def _one_match(found: Sequence[Any]) -> str | None:
    return str(found[0].id) if found else None


def _saved(record_id: str) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": []}


def _failed(error: VendorError) -> dict[str, Any]:
    return {"success": False, "errors": [error.as_save_error()]}


ROUTES = [
    route("POST", "/composite/sobjects", create),
    route("PATCH", "/composite/sobjects", update),
    route("DELETE", "/composite/sobjects", delete),
    route("GET", "/composite/sobjects/{name}", retrieve),
    route("POST", "/composite/sobjects/{name}", retrieve),
    route("PATCH", "/composite/sobjects/{name}/{field_name}", upsert),
]
