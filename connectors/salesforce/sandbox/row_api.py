"""Single rows: create, read, update, delete by id; read, upsert, delete by external id."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.calls import Answer, Call, VendorError, not_found
from connectors.salesforce.sandbox.conditional import NotModified, check, validators
from connectors.salesforce.sandbox.org import Org, route, row_trouble
from connectors.salesforce.sandbox.schema import Field, ObjectType
from hub.sdk.sandbox import StoredRecord

_CREATED_SINCE = 46.0


class SeveralMatches(Exception):
    """More than one record has the external id."""

    def __init__(self, records: list[StoredRecord]) -> None:
        super().__init__(len(records))
        self.records = records


def create(org: Org, call: Call, name: str) -> Answer:
    kind = org.schema.get(name)
    row_trouble(org, call, kind.name)
    record_id = org.records.create(kind.name, call.json_object(), by=call.client, request=call.name)
    location = f"/services/data/{call.version}/sobjects/{kind.name}/{record_id}"
    return Answer(201, {"id": record_id, "success": True, "errors": []}, {"Location": location})


def read(org: Org, call: Call, name: str, record_id: str) -> Answer:
    kind = org.schema.get(name)
    return _show(org, call, kind, org.records.require(kind, record_id))


def update(org: Org, call: Call, name: str, record_id: str) -> Answer:
    kind = org.schema.get(name)
    record = org.records.require(kind, record_id)
    check(kind.name, record, call.headers, reading=False)
    row_trouble(org, call, kind.name, record.id)
    org.records.update(kind.name, record.id, call.json_object(), by=call.client, request=call.name)
    return Answer(204)


def delete(org: Org, call: Call, name: str, record_id: str) -> Answer:
    kind = org.schema.get(name)
    record = org.records.require(kind, record_id)
    if org.faults.get("delete_if_unmodified_since") == "honoured":
        check(kind.name, record, call.headers, reading=False)
    row_trouble(org, call, kind.name, record.id)
    org.records.delete(kind.name, record.id, by=call.client, request=call.name)
    return Answer(204)


def read_by_key(org: Org, call: Call, name: str, field_name: str, value: str) -> Answer:
    kind, field = key_field(org, name, field_name)
    found = matches(org, kind, field, unquote(value))
    if not found:
        raise not_found()
    return _show(org, call, kind, found[0])


def upsert(org: Org, call: Call, name: str, field_name: str, value: str) -> Answer:
    kind, field = key_field(org, name, field_name)
    body = call.json_object()
    if {key.lower() for key in body} & {field.name.lower(), "id"}:
        code = str(org.faults.get("key_in_upsert_body"))
        raise VendorError(code, f"The {field.name} field should not be specified in the sobject data.")
    found = matches(org, kind, field, unquote(value))
    row_trouble(org, call, kind.name)
    if not found:
        values = body | {field.name: unquote(value)}
        record_id = org.records.create(kind.name, values, by=call.client, request=call.name)
        return Answer(201, _upserted(record_id, created=True, release=call.release))
    check(kind.name, found[0], call.headers, reading=False)
    org.records.update(kind.name, found[0].id, body, by=call.client, request=call.name)
    if call.release < _CREATED_SINCE:
        return Answer(204)
    return Answer(200, _upserted(found[0].id, created=False, release=call.release))


def delete_by_key(org: Org, call: Call, name: str, field_name: str, value: str) -> Answer:
    kind, field = key_field(org, name, field_name)
    found = matches(org, kind, field, unquote(value))
    if not found:
        raise not_found()
    return delete(org, call, kind.name, found[0].id)


def key_field(org: Org, name: str, field_name: str) -> tuple[ObjectType, Field]:
    """The type and its external-id field; 404 when the field is none."""
    kind = org.schema.get(name)
    field = kind.find(field_name)
    if field is None or not (field.external_id or field.type == "id"):
        raise VendorError("NOT_FOUND", "Provided external ID field does not exist or is not accessible", status=404)
    return kind, field


def matches(org: Org, kind: ObjectType, field: Field, value: str) -> list[StoredRecord]:
    """The record with the external id, if any; SeveralMatches when it is not one."""
    if not value:
        raise VendorError("MISSING_ARGUMENT", f"{field.name} not specified")
    if field.type == "id":
        record = org.records.seen(kind.name, canonical_id(value))
        return [record] if record is not None and record.live else []
    found = org.records.with_value(kind.name, field, value)
    if len(found) > 1:
        raise SeveralMatches(found)
    return found


def several(call: Call, name: str, error: SeveralMatches) -> Answer:
    """300: the addresses of the records that match; nothing was written."""
    base = f"/services/data/{call.version}/sobjects/{name}/"
    return Answer(300, [base + record.id for record in error.records])


def _upserted(record_id: str, *, created: bool, release: float) -> dict[str, Any]:
    body: dict[str, Any] = {"id": record_id, "success": True, "errors": []}
    return body | {"created": created} if release >= _CREATED_SINCE else body


def _show(org: Org, call: Call, kind: ObjectType, record: StoredRecord) -> Answer:
    try:
        check(kind.name, record, call.headers, reading=True)
    except NotModified:
        return Answer(304)
    asked = call.params.get("fields")
    paths = [path.strip() for path in asked.split(",")] if asked else list(kind.fields)
    row = org.queries.paths.renderer(kind, paths, call.version)(record)
    if asked and "Id" not in row:
        row["Id"] = record.id
    return Answer(200, row, validators(kind.name, record))


ROUTES = [
    route("POST", "/sobjects/{name}", create),
    route("GET", "/sobjects/{name}/{record_id}", read),
    route("PATCH", "/sobjects/{name}/{record_id}", update),
    route("DELETE", "/sobjects/{name}/{record_id}", delete),
    route("GET", "/sobjects/{name}/{field_name}/{value}", read_by_key),
    route("PATCH", "/sobjects/{name}/{field_name}/{value}", upsert),
    route("DELETE", "/sobjects/{name}/{field_name}/{value}", delete_by_key),
]
