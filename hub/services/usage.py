"""Stores what calls were for: gathered in memory, written together every few seconds and at the end of the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.budget import Meter
from hub.db import usage
from hub.db.session import Database

log = structlog.get_logger()

# What a process that is killed loses of its counts; the limits themselves are counted in Redis, at once.
FLUSH_SECONDS = 10.0


@asynccontextmanager
async def kept_usage(db: Database) -> AsyncIterator[Meter]:
    """A meter whose counts are stored for as long as this is open, and once more at its end."""
    meter, over = Meter(), asyncio.Event()
    keeping = asyncio.create_task(_keep(db, meter, over))
    try:
        yield meter
    finally:
        over.set()
        await keeping
        await _try_to_flush(db, meter)


async def flush(db: Database, meter: Meter) -> None:
    """Store the counts in one statement; on an exception they stay counted."""
    counts = meter.drain()
    if not counts:
        return
    try:
        async with db.transaction() as tx:
            calls = [(key.connection_id, key.object, key.purpose, key.day, n) for key, n in counts.items()]
            await usage.add(tx, calls=calls)
    except BaseException:
        meter.put_back(counts)
        raise


async def _keep(db: Database, meter: Meter, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), FLUSH_SECONDS)
        await _try_to_flush(db, meter)


async def _try_to_flush(db: Database, meter: Meter) -> None:
    try:
        await flush(db, meter)
    except (psycopg.Error, PoolTimeout) as exc:
        log.warning("usage_not_stored", error=type(exc).__name__, verdict="tried again with the next counts")
