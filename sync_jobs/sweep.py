"""The sweep: finds in PostgreSQL what no wake-up in Redis speaks of, and keeps the rhythm of regular reading."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.db import clocks, connections, leases, plans, rereads
from hub.db.connections import StoredConnection
from sync_jobs.work import PROCESS, Work

log = structlog.get_logger()

EVERY = timedelta(seconds=10)
POLL = timedelta(seconds=60)

# A pull that nobody has taken up by then is made up for by the next regular one.
_ABANDONED_SINCE = timedelta(minutes=5)


async def keep_sweeping(work: Work, *, stop: asyncio.Event) -> None:
    """Sweep now and then every ten seconds, one process at a time, until told to stop."""
    while not stop.is_set():
        try:
            if await _my_turn(work):
                await sweep(work)
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning(
                "sweep_failed", error=type(exc).__name__, message=str(exc), verdict="tried again in ten seconds"
            )
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY.total_seconds())


async def sweep(work: Work) -> None:
    """Wake whatever may have work. A job that finds none, or finds the connection resting, ends at once."""
    async with work.db.transaction() as tx:
        active = await connections.active(tx)
        dead = await leases.abandoned(tx, prefix="pull:", since=_ABANDONED_SINCE)
        planned = await plans.to_be_worked_on(tx)
    for connection_id in planned:
        await work.queue.wake("plan", connection_id)
    died = {int(name.split(":")[1]) for name in dead}
    for stored in active:
        await work.queue.wake("push", stored.id)
        async with work.db.transaction() as tx:
            reading = await rereads.next_due_in(tx, connection_id=stored.id)
            clock = await leases.acquire(
                tx, name=f"clock:poll:{stored.id}", owner=PROCESS, ttl=poll_every(stored) * 0.9
            )
        if reading is not None:
            await work.queue.wake("reread", stored.id, delay=reading)
        if clock or stored.id in died:
            await work.queue.wake("pull", stored.id)
        if await _due(work, "reconcile", stored, reconcile_every(stored)):
            await work.queue.wake("reconcile", stored.id)


async def _due(work: Work, what: str, stored: StoredConnection, every: timedelta | None) -> bool:
    """Whether it is time again, by a clock that all processes share; the first time comes when one period is over."""
    if every is None:
        return False
    async with work.db.transaction() as tx:
        return await clocks.strike(tx, name=f"{what}:{stored.id}", every=every)


def reconcile_every(stored: StoredConnection) -> timedelta | None:
    """The connection's own rhythm (option `reconcile_hours`), or once a day; None when it is never."""
    hours = stored.options.get("reconcile_hours", 24)
    return timedelta(hours=hours) if hours else None


def poll_every(stored: StoredConnection) -> timedelta:
    """The connection's own rhythm (option `poll_seconds`), or once a minute."""
    seconds = stored.options.get("poll_seconds")
    return timedelta(seconds=max(float(seconds), 1)) if isinstance(seconds, int | float) else POLL


async def _my_turn(work: Work) -> bool:
    """A lease that is never given back is a clock which all processes share: who gets it does what is due."""
    async with work.db.transaction() as tx:
        return await leases.acquire(tx, name="clock:sweep", owner=PROCESS, ttl=EVERY * 0.9) is not None
