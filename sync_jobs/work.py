"""What a worker process has at hand, and what follows from one job for others."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import dataclass, field
from datetime import timedelta

from hub.db import circuits, connections, deliveries, departures, rereads
from hub.db.session import Database
from hub.queue import Queue
from hub.services import pulling
from hub.services.connections import Workshop
from hub.services.counts import Counts
from hub.services.objects import OpenConnection
from sync_jobs.opened import OpenConnections

PROCESS = f"{socket.gethostname()}:{os.getpid()}"

# What tells nothing to the other systems.
_QUIET = (
    "read", "unchanged", "overlap", "agreed", "reread", "quarantined", "out_of_scope", "not_created", "stopped",
    "unseen",
)  # fmt: skip
# Between two looks at deliveries that are due and stay so: another worker is at it, or nobody can.
_LOOK_AGAIN = timedelta(seconds=2)


@dataclass(frozen=True)
class Work:
    """Shared by all jobs of a process."""

    db: Database
    queue: Queue
    opened: OpenConnections
    shop: Workshop
    # Connections (with their objects) that are known to have been read: that never becomes untrue.
    read: set[tuple[int, tuple[str, ...]]] = field(default_factory=set)
    # Set whenever a job may have changed records.
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when a job may have brought registrations that are to be judged.
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


async def has_been_read(work: Work, connection: OpenConnection) -> bool:
    """Whether each object of the connection has been read to its end once; asked of the database until it is so."""
    objects = tuple(sync.name for sync in connection.objects if sync.mapping.inbound)
    if (connection.id, objects) not in work.read:
        if not await pulling.has_been_read(work.db, connection):
            return False
        work.read.add((connection.id, objects))
    return True


async def wake_followers(work: Work, connection: OpenConnection, counts: Counts) -> None:
    """Deliver what a job has moved to every system, and come back to what this connection has still to do."""
    if any(number for what, number in counts.items() if what not in _QUIET):
        work.moved.set()
        work.arrived.set()
        async with work.db.transaction() as tx:
            systems = await connections.active(tx)
        for system in systems:
            await work.queue.wake("push", system.id)
    await wake_when_due(work, connection.id)


async def wake_when_due(work: Work, connection_id: int) -> None:
    """Deliveries, deletions and re-reads that have to wait are looked at when their time comes."""
    async with work.db.transaction() as tx:
        rest = await circuits.resting_for(tx, connection_id=connection_id) or timedelta(0)
        delivery = await deliveries.next_due_in(tx, connection_id=connection_id)
        reading = await rereads.next_due_in(tx, connection_id=connection_id)
        deletion = await departures.next_due_in(tx, connection_id=connection_id)
    if deletion is not None:
        await work.queue.wake("push", connection_id, delay=max(deletion, rest))
    if delivery is not None:
        await work.queue.wake("push", connection_id, delay=max(delivery, rest, _LOOK_AGAIN))
    if reading is not None:
        await work.queue.wake("reread", connection_id, delay=max(reading, rest))
