"""Alerts to sellers at the doors: listed, shown, acknowledged, and how long that took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db import audit, seller_alerts
from hub.db.seller_alerts import Filter
from hub.db.session import Tx
from hub.record.sell import SELLER_ALERT
from hub.record.values import Values
from hub.services.records import found_here, patch_record
from hub.services.refusals import NotFound


@dataclass(frozen=True, slots=True)
class SellerAlert:
    """An alert. `owner_email` None: it is for the queue. `overdue`: nobody has seen it by `due_at`."""

    id: UUID
    event_key: str
    kind: str
    subject: str
    body: str | None
    deal: UUID | None
    account: UUID | None
    opportunity: UUID | None
    owner_email: str | None
    raised_at: datetime
    due_at: datetime | None
    status: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    escalated_at: datetime | None
    overdue: bool


@dataclass(frozen=True, slots=True)
class AlertTimes:
    """Alerts of one kind: how many there are of each state, and seconds from raised to acknowledged.

    `in_time` were acknowledged by their `due_at`; median and p95 are None while nobody acknowledged any.
    """

    kind: str
    raised: int
    open: int
    overdue: int
    acknowledged: int
    in_time: int
    escalated: int
    median_seconds: float | None
    p95_seconds: float | None


async def list_alerts(
    tx: Tx, where: Filter, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> list[SellerAlert]:
    """The newest first."""
    return [SellerAlert(**row) for row in await seller_alerts.page(tx, where, after=after, limit=limit)]


async def get_alert(tx: Tx, *, alert_id: UUID) -> SellerAlert:
    """Raises NotFound."""
    row = await seller_alerts.by_id(tx, alert_id)
    if row is None:
        raise NotFound(f"There is no seller_alert {alert_id}.")
    return SellerAlert(**row)


async def acknowledge(tx: Tx, *, alert_id: UUID, actor: str) -> SellerAlert:
    """Say that somebody saw it; who comes second changes nothing. Raises NotFound, Gone."""
    stored = await found_here(tx, SELLER_ALERT, alert_id)
    if stored.values["status"] != "acknowledged":
        seen: Values = {"status": "acknowledged", "acknowledged_at": await tx.now(), "acknowledged_by": actor[:255]}
        await patch_record(tx, SELLER_ALERT, record_id=alert_id, values=seen, version=stored.version, actor=actor)
        await audit.note(tx, actor=actor, action="alert_acknowledged", subject=str(alert_id), detail={})
    return await get_alert(tx, alert_id=alert_id)


async def alert_times(tx: Tx, *, since: datetime) -> list[AlertTimes]:
    """By kind, of alerts that were raised since then."""
    return [AlertTimes(**row) for row in await seller_alerts.times(tx, since=since)]


__all__ = ["AlertTimes", "Filter", "SellerAlert", "acknowledge", "alert_times", "get_alert", "list_alerts"]
