"""Departures at the doors: listed, and deletions that wait for their grace called off by a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from hub.db import audit, departures
from hub.db.session import Tx
from hub.services.refusals import NotFound, NotNow

DepartureState = Literal["waiting", "done", "cancelled"]


@dataclass(frozen=True, slots=True)
class EndedLink:
    """How one link ended, how the hub knows (`source`), and what follows for its record (`policy`, `state`)."""

    id: int
    connection: str
    system: str
    object: str
    remote_id: str
    record_type: str
    record_id: UUID
    kind: str
    source: str
    into_object: str | None
    into_id: str | None
    policy: str
    state: str
    reason: str | None
    remote_at: datetime | None
    at: datetime
    due_at: datetime | None
    settled_at: datetime | None
    run_id: int | None


async def list_departures(
    tx: Tx, *, state: DepartureState, connection_id: int | None, after: int | None, limit: int
) -> list[EndedLink]:
    """Oldest first, after an id."""
    rows = await departures.listing(tx, state=state, connection_id=connection_id, after=after, limit=limit)
    return [_view(row) for row in rows]


async def call_off(tx: Tx, *, departure_id: int, actor: str) -> EndedLink:
    """Leave the hub's record as it is, although its remote record is gone. Raises NotFound, NotNow."""
    rows = await departures.listing(tx, only=departure_id, limit=1)
    if not rows:
        raise NotFound(f"There is no departure {departure_id}.")
    if not await departures.take(tx, [departure_id]):
        raise NotNow(f"Departure {departure_id} does not wait: what followed from it is {_view(rows[0]).state}.")
    await departures.cancel(tx, {departure_id: f"called off by {actor}"})
    subject = str(rows[0]["record_id"])
    await audit.note(tx, actor=actor, action="deletion_called_off", subject=subject, detail={"departure": departure_id})
    return _view((await departures.listing(tx, only=departure_id, limit=1))[0])


def _view(row: dict[str, object]) -> EndedLink:
    return EndedLink(**{name: row[name] for name in EndedLink.__dataclass_fields__})  # type: ignore[arg-type]
