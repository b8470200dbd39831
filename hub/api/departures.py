"""Departures: links that ended, and deletions that wait for their grace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.services import waiting_deletions
from hub.services.connection_care import connection_id_of
from hub.services.waiting_deletions import DepartureState, EndedLink

router = APIRouter(prefix=f"{V1}/departures", tags=["departures"])


@router.get("", summary="List links that ended, oldest first; at first those whose deletion still waits")
async def list_all(
    _: Viewer,
    door: DoorOf,
    state: DepartureState = "waiting",
    connection: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EndedLink]:
    after = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        here = await connection_id_of(tx, connection)
        found = await waiting_deletions.list_departures(
            tx, state=state, connection_id=here, after=after, limit=limit + 1
        )
    return page_of(found, limit=limit, position=lambda departure: departure.id)


@router.post("/{departure_id}/call-off", summary="Let the hub's record live on although its remote record is gone")
async def call_off(who: Operator, door: DoorOf, departure_id: IdPath) -> EndedLink:
    async with door.app.db.transaction() as tx:
        return await waiting_deletions.call_off(tx, departure_id=departure_id, actor=who.actor)
