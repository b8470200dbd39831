"""Wakes workers after a commit; what a lost wake-up leaves lying is found in the database a little later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, Protocol

from hub.db import connections
from hub.db.session import Tx

Work = Literal["push", "reread", "pull", "reconcile", "plan"]


class Wakes(Protocol):
    """What `hub.queue.Queue` offers. It never raises because the queue is away."""

    async def wake(self, name: Work, connection_id: int, *, delay: timedelta = timedelta(0)) -> None: ...


def wake_after_commit(tx: Tx, queue: Wakes, work: Work, connection_ids: Sequence[int]) -> None:
    """Wake once the transaction is through; not at all when it rolls back."""

    async def act() -> None:
        for connection_id in connection_ids:
            await queue.wake(work, connection_id)

    tx.after_commit(act)


async def wake_outbound(tx: Tx, queue: Wakes, *, rereads: bool = False) -> None:
    """Records changed in the hub: every connection looks at the change log, and at what is to be read again."""
    active = [stored.id for stored in await connections.active(tx)]
    if rereads:
        wake_after_commit(tx, queue, "reread", active)
    wake_after_commit(tx, queue, "push", active)
