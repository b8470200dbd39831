"""What workers do: single pieces of the engine's work, or the real jobs as wake-ups and the real sweep bring them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, cast

from hub.db import inbox, rereads
from hub.db.connections import StoredConnection
from hub.db.session import Database
from hub.queue import JobName
from hub.services.cycle import pull, push, reread
from hub.services.objects import OpenConnection
from hub.simulation.mishaps import Post
from hub.simulation.queue import SimQueue
from hub.simulation.script import Shift
from hub.simulation.system import System
from sync_jobs import outcomes, sweep
from sync_jobs.jobs import JOBS
from sync_jobs.work import Work, has_been_read

# Counts that say that nothing moved.
# What moves records: plans and reconciliations are people's, and asked for by nobody here.
_PLAYED: tuple[JobName, ...] = ("pull", "reread", "push")
QUIET = ("read", "unchanged", "overlap", "agreed", "waiting")


class _Opened:
    """The open connections of a worker process (sync_jobs.opened.OpenConnections)."""

    def __init__(self, systems: list[System]) -> None:
        self._by_id = {system.connection.id: system.connection for system in systems}

    @asynccontextmanager
    async def use(self, stored: StoredConnection) -> AsyncIterator[OpenConnection]:
        yield self._by_id[stored.id]


@dataclass
class Workers:
    """`driven`: work is done as wake-ups ask for it; otherwise anything is done at any time. `webhooks`: some come."""

    db: Database
    systems: list[System]
    driven: bool
    webhooks: bool
    queue: SimQueue = field(default_factory=SimQueue)
    post: Post = field(default_factory=Post)

    def __post_init__(self) -> None:
        opened, no_shop = cast(Any, _Opened(self.systems)), cast(Any, None)
        self.work = Work(db=self.db, queue=cast(Any, self.queue), opened=opened, shop=no_shop)

    async def shift(self, shift: Shift) -> None:
        """One piece of work, as far as it is known before it begins."""
        chance = Random(shift.luck)
        system = chance.choice(self.systems)
        if shift.work == "sweep":
            await sweep.sweep(self.work)
        elif shift.work == "reread":
            await self.take_webhooks(system, chance)
            await self._do_or_take("reread", system, chance)
        else:
            await self._do_or_take(shift.work, system, chance)

    async def _do_or_take(self, work: str, system: System, chance: Random) -> None:
        if self.driven:
            await self.take_job(chance)
        else:
            await self.do(work, system, f"worker {chance.random()}")

    async def do(self, work: str, system: System, owner: str) -> Mapping[str, int]:
        if work == "pull":
            return await pull(self.db, system.connection, owner=owner)
        if not await has_been_read(self.work, system.connection):
            return {}  # as the worker does: a system is read before anything is made there
        if work == "push":
            return await push(self.db, system.connection, owner=owner)
        return await reread(self.db, system.connection)

    async def take_job(self, chance: Random) -> bool:
        """Do what the next wake-up asks for; False when there is none."""
        taken = self.queue.take(chance)
        if taken is None:
            return False
        wake_up, job_id = taken
        if wake_up.name not in _PLAYED:
            return True
        connection = next(s.connection for s in self.systems if s.connection.id == wake_up.connection_id)
        if wake_up.name == "reread" and not await has_been_read(self.work, connection):
            return True  # a connection begins with a plan, which reads all there is
        await outcomes.run(self.work, wake_up.name, JOBS[wake_up.name], wake_up.connection_id, job_id=job_id)
        return True

    async def take_webhooks(self, system: System, chance: Random) -> None:
        """As the API's door stores them: once each, and what they name is to be read again."""
        events = self.post.arriving(system, chance) if self.webhooks else []
        if not events:
            return
        async with self.db.transaction() as tx:
            fresh = await inbox.store(tx, connection_id=system.connection.id, events=events)
            ids = {
                (event.object, remote_id)
                for event in events
                if event.event_id in fresh
                for remote_id in (event.remote_id, event.merged_into)
                if remote_id
            }
            await rereads.ask(tx, connection_id=system.connection.id, keys=sorted(ids), reason=rereads.WEBHOOK)
        await self.queue.wake("reread", system.connection.id)
