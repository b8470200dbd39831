"""Drift: where a system's fields do not fit the mapping any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hub.api.connections import Name
from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, Limit, Page, decode_cursor, page_of
from hub.services.connection_care import connection_id_of
from hub.services.drift import DriftState, DriftView, list_drift, look_at_schema

router = APIRouter(prefix=f"{V1}/drift", tags=["drift"])


@router.get("", summary="List fields that do not fit, newest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    state: DriftState = "open",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DriftView]:
    before = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await list_drift(tx, connection_id=connection_id, state=state, before=before, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda finding: finding.id)


@router.post("/{name}/look", summary="Ask a system for its fields now")
async def look(_: Operator, door: DoorOf, name: Name) -> list[DriftView]:
    return await look_at_schema(door.app.shop, name=name)
