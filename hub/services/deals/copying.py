"""Where the copies of a registration in other systems stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db import deal_copies
from hub.db.session import Tx
from hub.domain.deals.states import SyncState

_ON_THE_WAY = ("pending", "sending", "unknown", "waiting")


@dataclass(frozen=True, slots=True)
class Copy:
    """The registration in one object of a system.

    `remote_id` None: it is not there, or not yet. `at`: when both were seen to be the same, or when it was last tried.
    `error`: why it waits or was refused, in words for the operator.
    """

    connection: str
    system: str
    object: str
    remote_id: str | None
    state: SyncState
    at: datetime | None
    error: str | None


async def copies_of(tx: Tx, registration_id: UUID) -> tuple[Copy, ...]:
    """By connection and object; one query."""
    return tuple(map(_copy, await deal_copies.copies(tx, registration_id)))


def overall(copies: Iterable[Copy]) -> SyncState:
    """The state of all of them: a refusal first, then what is on its way."""
    states = {copy.state for copy in copies}
    order = (SyncState.REFUSED, SyncState.WAITING, SyncState.IN_STEP)
    return next((state for state in order if state in states), SyncState.NOT_SENT)


def _copy(row: dict[str, Any]) -> Copy:
    state = _state(row)
    return Copy(
        connection=row["connection"],
        system=row["system"],
        object=row["object"],
        remote_id=row["remote_id"],
        state=state,
        at=row["as_of"] if state is SyncState.IN_STEP else row["updated_at"] or row["as_of"],
        error=row["error"] if state in (SyncState.WAITING, SyncState.REFUSED) else None,
    )


def _state(row: dict[str, Any]) -> SyncState:
    if row["delivery"] == "dead":
        return SyncState.REFUSED
    if row["delivery"] in _ON_THE_WAY or row["behind"]:
        return SyncState.WAITING
    return SyncState.IN_STEP if row["remote_id"] else SyncState.NOT_SENT
