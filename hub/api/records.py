"""Records of every type: one set of routes, held to the definition of the type they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Header, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, Limit, decode_cursor, encode_cursor
from hub.record.deals import DEAL_REGISTRATION
from hub.record.definition import RecordType
from hub.record.schema_types import input_type
from hub.record.schemas import create_schema, patch_schema, read_schema
from hub.record.values import Value
from hub.services import records, removal
from hub.services.as_of import record_as_of
from hub.services.custom_fields import record_types
from hub.services.deals.as_records import announce_record, refuse_beside_review, refuse_decided
from hub.services.records import ChangeView, ListedRecord, type_called
from hub.services.refusals import Fault, Invalid, invalid
from hub.services.waking import wake_outbound
from hub.services.why import Why, why

router = APIRouter(prefix=V1 + "/records/{record_type}", tags=["records"])

TypeName = Annotated[str, Path(max_length=63, description="Record type, such as partner.")]
IfMatch = Annotated[str | None, Header(max_length=100, description="The ETag of what was read: change only that.")]
AsOf = Annotated[AwareDatetime | None, Query(description="As it was at this time: 2026-11-01T00:00:00Z.")]
Sent = Annotated[dict[str, Any], Body(description="Fields of the record type.")]

_OWN_PARAMETERS = {"updated_since", "cursor", "limit"}
_ETAG = re.compile(r'(?:W/)?"(\d{1,10})"', re.ASCII)


class _Position(msgspec.Struct, array_like=True):
    updated_at: datetime
    id: UUID


@router.get("", summary="List records, the longest unchanged first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    request: Request,
    record_type: TypeName,
    updated_since: Annotated[AwareDatetime | None, Query(description="Only what changed since.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> JSONResponse:
    """Filter with fields of the type's natural keys and links: `?vat_number=BE0123456789`."""
    after = decode_cursor(cursor, _Position)
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        found = await records.list_records(
            tx,
            kind,
            equal=_filters(kind, request.query_params),
            updated_since=updated_since,
            after=(after.updated_at, after.id) if after else None,
            limit=limit + 1,
        )
    shown = found[:limit]
    more = len(found) > limit
    items = [shown_record(kind, record) for record in shown]
    following = encode_cursor(_Position(shown[-1].updated_at, shown[-1].id)) if more else None
    return JSONResponse({"items": items, "next_cursor": following})


@router.post("", status_code=201, summary="Create a record")
async def create(
    who: Operator,
    door: DoorOf,
    record_type: TypeName,
    sent: Sent,
    allow_duplicate: Annotated[bool, Query(description="Store it although one has the same natural key.")] = False,
) -> JSONResponse:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        values = create_schema(kind).model_validate(sent).to_values()
        if kind.name == DEAL_REGISTRATION.name:
            refuse_decided(values)
        record = await records.create_record(tx, kind, values=values, actor=who.actor, allow_duplicate=allow_duplicate)
        if kind.name == DEAL_REGISTRATION.name:
            await announce_record(tx, registration_id=record.id, actor=who.actor)
        await wake_outbound(tx, door.queue)
    return _answer(kind, record, status=201)


@router.get("/{record_id}", summary="Show a record, as it is or as it was")
async def show(_: Viewer, door: DoorOf, record_type: TypeName, record_id: UUID, as_of: AsOf = None) -> JSONResponse:
    """With `as_of`, also of records that were deleted or merged since; `version` is the one of that time."""
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        if as_of is None:
            return _answer(kind, await records.get_record(tx, kind, record_id=record_id))
        record = await record_as_of(tx, kind, record_id=record_id, moment=as_of)
    return JSONResponse(shown_record(kind, record))


@router.patch("/{record_id}", summary="Change a record: what is left out stays, null clears")
async def patch(
    who: Operator, door: DoorOf, record_type: TypeName, record_id: UUID, sent: Sent, if_match: IfMatch = None
) -> JSONResponse:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        values = patch_schema(kind).model_validate(sent).to_values()
        if kind.name == DEAL_REGISTRATION.name:
            await refuse_beside_review(tx, registration_id=record_id, values=values)
        record = await records.patch_record(
            tx, kind, record_id=record_id, values=values, version=_version(if_match), actor=who.actor
        )
        if kind.name == DEAL_REGISTRATION.name:
            await announce_record(tx, registration_id=record_id, actor=who.actor)
        await wake_outbound(tx, door.queue)
    return _answer(kind, record)


@router.delete("/{record_id}", status_code=204, summary="Delete a record; it can be restored")
async def delete(who: Operator, door: DoorOf, record_type: TypeName, record_id: UUID, if_match: IfMatch = None) -> None:
    """Each system then does what the `on_delete` of its mapping says: delete its record, deactivate it, or nothing."""
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        await removal.delete_record(tx, kind, record_id=record_id, version=_version(if_match), actor=who.actor)
        await wake_outbound(tx, door.queue)


@router.post("/{record_id}/restore", summary="Let a deleted record live again")
async def restore(
    who: Operator,
    door: DoorOf,
    record_type: TypeName,
    record_id: UUID,
    if_match: IfMatch = None,
    allow_duplicate: Annotated[
        bool, Query(description="Restore it although another has the same natural key.")
    ] = False,
) -> JSONResponse:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        record = await removal.restore_record(
            tx,
            kind,
            record_id=record_id,
            version=_version(if_match),
            actor=who.actor,
            allow_duplicate=allow_duplicate,
        )
        await wake_outbound(tx, door.queue)
    return _answer(kind, record)


@router.get("/{record_id}/history", summary="Every change of a record, newest first")
async def history(
    _: Viewer, door: DoorOf, record_type: TypeName, record_id: UUID, limit: Limit = 100
) -> list[ChangeView]:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        return await records.record_history(tx, kind, record_id=record_id, limit=limit)


@router.get("/{record_id}/why", summary="Who wrote each value, and what each system waits for")
async def why_so(
    _: Viewer,
    door: DoorOf,
    record_type: TypeName,
    record_id: UUID,
    field: Annotated[str | None, Query(max_length=100)] = None,
) -> Why:
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        return await why(tx, door.app.shop, types, record_type=record_type, record_id=record_id, field=field)


def shown_record(kind: RecordType, record: ListedRecord) -> dict[str, Any]:
    """The record as its schema shows it, as JSON."""
    model = read_schema(kind).of(
        record.values,
        record_id=record.id,
        version=record.version,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )
    return model.model_dump(mode="json")


def _answer(kind: RecordType, record: ListedRecord, *, status: int = 200) -> JSONResponse:
    headers = {"ETag": f'"{record.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/records/{kind.name}/{record.id}"
    return JSONResponse(shown_record(kind, record), status, headers)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise invalid("If-Match", 'must be the ETag of a record, such as "3"')
    return int(match[1])


def _filters(kind: RecordType, params: Mapping[str, str]) -> dict[str, Value]:
    allowed = records.filters_of(kind)
    faults, equal = [], {}
    for name, text in params.items():
        if name in _OWN_PARAMETERS:
            continue
        if name not in allowed:
            faults.append(Fault(name, f"cannot be filtered by; there are: {', '.join(allowed)}"))
            continue
        field = kind.fields[name]
        try:
            raw: object = int(text) if field.kind == "int" else text
            equal[name] = TypeAdapter(input_type(field)).validate_python(raw)
        except ValidationError as exc:
            faults.append(Fault(name, exc.errors()[0]["msg"]))
        except ValueError:
            faults.append(Fault(name, "must be a whole number"))
    if faults:
        raise Invalid(faults)
    return equal
