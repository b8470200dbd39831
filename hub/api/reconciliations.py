"""Reconciliations: how far both sides of each connection agree, and where they do not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, Limit, Page, decode_cursor, page_of
from hub.services.connection_care import connection_id_of
from hub.services.reconciling import (
    Disagreement,
    PastReconciliation,
    list_disagreements,
    list_reconciliations,
)
from hub.services.waking import wake_after_commit

router = APIRouter(prefix=f"{V1}/reconciliations", tags=["reconciliations"])

ConnectionName = Annotated[str | None, Query(max_length=100)]


@router.get("", summary="List finished reconciliations, newest first")
async def list_all(
    _: Viewer, door: DoorOf, connection: ConnectionName = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[PastReconciliation]:
    before = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await list_reconciliations(tx, connection_id=connection_id, before=before, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda one: one.id)


@router.get("/differences", summary="List what differed when both sides were compared last, oldest first")
async def differences(
    _: Viewer,
    door: DoorOf,
    connection: ConnectionName = None,
    cause: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Disagreement]:
    after = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await list_disagreements(tx, connection_id=connection_id, cause=cause, after=after, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda one: one.id)


@router.post("", status_code=202, summary="Compare both sides of a connection, soon")
async def begin(_: Operator, door: DoorOf, connection: Annotated[str, Query(max_length=100)]) -> None:
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        wake_after_commit(tx, door.queue, "reconcile", [connection_id] if connection_id else [])
