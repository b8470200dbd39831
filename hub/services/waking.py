"""Wakes workers after a commit; what a lost wake-up leaves lying is found in the database a little later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal, Protocol

from hub.db import connections
from hub.db.session import Tx

Work = Literal["push", "reread", "pull"]


class Wakes(Protocol):
    """What `hub.queue.Queue` offers. It never raises because the queue is away."""

    async def wake(self, name: Work, connection_id: int, *, delay: timedelta = timedelta(0)) -> None: ...


class NoQueue:
    """For a process without a queue: the sweeper finds the work."""

    async def wake(self, name: Work, connection_id: int, *, delay: timedelta = timedelta(0)) -> None:  # noqa: ARG002
        return None


def wake_after_commit(tx: Tx, queue: Wakes, work: Work, connection_ids: Sequence[int]) -> None:
    """Wake once the transaction is through; not at all when it rolls back."""

    async def act() -> None:
        for connection_id in connection_ids:
            await queue.wake(work, connection_id)

    tx.after_commit(act)


async def wake_outbound(tx: Tx, queue: Wakes) -> None:
    """Records changed in the hub: every connection looks at the change log."""
    wake_after_commit(tx, queue, "push", [connection.id for connection in await connections.usable(tx)])
