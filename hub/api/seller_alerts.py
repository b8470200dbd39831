"""Alerts to sellers: what our own people have to know or do about partners' deals, and whether they saw it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, Limit, Page, decode_cursor, page_of
from hub.services.deals.alert_views import (
    AlertTimes,
    Filter,
    SellerAlert,
    acknowledge,
    alert_times,
    get_alert,
    list_alerts,
)
from hub.services.waking import wake_outbound

router = APIRouter(prefix=f"{V1}/seller-alerts", tags=["seller alerts"])


class _Position(msgspec.Struct, array_like=True):
    raised_at: datetime
    id: UUID


@router.get("", summary="List alerts to sellers, the newest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    status: Literal["open", "acknowledged"] | None = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    owner_email: Annotated[str | None, Query(max_length=320)] = None,
    queue: Annotated[bool | None, Query(description="Those for nobody in particular, or all others.")] = None,
    deal: UUID | None = None,
    overdue: Annotated[bool | None, Query(description="Open and past their time, or all others.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[SellerAlert]:
    after = decode_cursor(cursor, _Position)
    where = Filter(status, kind, owner_email, queue, deal, overdue)
    async with door.app.db.transaction() as tx:
        found = await list_alerts(tx, where, after=(after.raised_at, after.id) if after else None, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda alert: _Position(alert.raised_at, alert.id))


@router.get("/times", summary="Show by kind how many alerts were raised and how long it took until they were seen")
async def times(
    _: Viewer, door: DoorOf, days: Annotated[int, Query(ge=1, le=3660, description="Raised in the last days.")] = 30
) -> list[AlertTimes]:
    async with door.app.db.transaction() as tx:
        return await alert_times(tx, since=datetime.now(UTC) - timedelta(days=days))


@router.get("/{alert_id}", summary="Show an alert")
async def show(_: Viewer, door: DoorOf, alert_id: UUID) -> SellerAlert:
    async with door.app.db.transaction() as tx:
        return await get_alert(tx, alert_id=alert_id)


@router.post("/{alert_id}/acknowledge", summary="Say that you have seen an alert; a second time changes nothing")
async def acknowledge_one(who: Operator, door: DoorOf, alert_id: UUID) -> SellerAlert:
    async with door.app.db.transaction() as tx:
        seen = await acknowledge(tx, alert_id=alert_id, actor=who.actor)
        await wake_outbound(tx, door.queue)
    return seen
