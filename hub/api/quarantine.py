"""Quarantine: remote records that could not be taken over as they are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from hub.api.door import V1, DoorOf, Viewer
from hub.api.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from hub.services import watching
from hub.services.connection_care import connection_id_of

router = APIRouter(prefix=f"{V1}/quarantine", tags=["quarantine"])


class Quarantined(BaseModel):
    """`held`: all of the record stays outside; else only the named fields. Released when it is corrected there."""

    connection: str
    object: str
    remote_id: str
    problems: list[dict[str, Any]]
    fields: dict[str, Any]
    held: bool
    run_id: int | None
    at: datetime


@router.get("", summary="List quarantined remote records")
async def list_all(
    _: Viewer,
    door: DoorOf,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Quarantined]:
    after = decode_cursor(cursor, tuple[int, str, str])
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await watching.list_quarantine(tx, connection_id=connection_id, after=after, limit=limit + 1)
    shown = [Quarantined.model_validate(view, from_attributes=True) for view in found[:limit]]
    more = len(found) > limit
    return Page(items=shown, next_cursor=encode_cursor(found[limit - 1].position) if more else None)
