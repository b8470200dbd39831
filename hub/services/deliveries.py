"""Deliveries at the doors: the retry queue and the dead letters, replayed, corrected or dropped by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from hub.db import audit, deliveries
from hub.db.session import Tx
from hub.services.refusals import Fault, Invalid, NotFound, NotNow

DeliveryState = Literal["pending", "sending", "unknown", "waiting", "dead", "done", "dropped"]
STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)
_MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One outbound write and its fate. `payload` is what was sent last, `edited` what a person put over it."""

    id: int
    connection_id: int
    connection: str
    system: str
    object: str
    record_type: str
    record_id: UUID
    op: str | None
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    payload: dict[str, Any] | None
    edited: dict[str, Any] | None
    remote_id: str | None
    error_class: str | None
    error_code: str | None
    message: str | None
    hint: str | None
    run_id: int | None
    created_at: datetime
    updated_at: datetime


async def list_deliveries(
    tx: Tx,
    *,
    states: Sequence[DeliveryState],
    connection_id: int | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[DeliveryView]:
    """Oldest first, after an id."""
    rows = await deliveries.listing(tx, states=states, connection_id=connection_id, after=after, limit=limit)
    return [_view(row) for row in rows]


async def get_delivery(tx: Tx, *, delivery_id: int) -> DeliveryView:
    row = await deliveries.by_id(tx, delivery_id)
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return _view(row)


async def replay_delivery(
    tx: Tx, *, delivery_id: int, edited: Mapping[str, Any] | None = None, actor: str
) -> DeliveryView:
    """Try again now, with `edited` remote fields laid over what the mapping gives. A create stays a create.

    Raises NotFound, Invalid, and NotNow for a delivery that is on its way or closed.
    """
    before = await get_delivery(tx, delivery_id=delivery_id)
    if edited is not None and (not edited or len(edited) > _MOST_FIELDS):
        raise Invalid([Fault("fields", f"needs 1 to {_MOST_FIELDS} remote fields")])
    if before.op == "delete" and edited is not None:
        raise Invalid([Fault("fields", "a delete writes no fields")])
    if not await deliveries.replay(tx, delivery_id=delivery_id, edited=edited):
        raise NotNow(f"Delivery {delivery_id} is {before.state}: only dead, waiting and pending ones can be replayed.")
    detail = {"delivery": delivery_id, "edited": sorted(edited or ())}
    await audit.note(tx, actor=actor, action="delivery_replayed", subject=before.connection, detail=detail)
    return await get_delivery(tx, delivery_id=delivery_id)


async def replay_dead_letters(tx: Tx, *, connection_id: int, connection: str, actor: str) -> int:
    """Every dead letter of a connection gets a new chance; returns how many there were."""
    replayed = await deliveries.replay_dead(tx, connection_id=connection_id)
    await audit.note(
        tx, actor=actor, action="dead_letters_replayed", subject=connection, detail={"deliveries": replayed}
    )
    return replayed


async def drop_delivery(tx: Tx, *, delivery_id: int, actor: str) -> DeliveryView:
    """Give up on it; the next change of the record makes a new one. Raises NotFound, NotNow."""
    before = await get_delivery(tx, delivery_id=delivery_id)
    if not await deliveries.drop(tx, delivery_id=delivery_id, hint=f"Dropped by {actor}."):
        raise NotNow(f"Delivery {delivery_id} is {before.state} or on its way: it cannot be dropped now.")
    detail = {"delivery": delivery_id, "record": str(before.record_id)}
    await audit.note(tx, actor=actor, action="delivery_dropped", subject=before.connection, detail=detail)
    return await get_delivery(tx, delivery_id=delivery_id)


def _view(row: Mapping[str, Any]) -> DeliveryView:
    return DeliveryView(**{name: row[name] for name in DeliveryView.__dataclass_fields__})
