"""The schedule of pruning: once an hour, by one process, what is older than the settings allow."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.db import leases
from hub.db.session import Database
from hub.services.pruning import Retention, prune
from sync_jobs.work import PROCESS

log = structlog.get_logger()

EVERY = timedelta(hours=1)
_LOOK = timedelta(minutes=5)


async def keep_pruning(db: Database, retention: Retention, *, stop: asyncio.Event) -> None:
    """Prune when it is this process's turn, until told to stop."""
    while not stop.is_set():
        try:
            if await _my_turn(db) and (counts := +await prune(db, retention, stop=stop.is_set)):
                log.info("pruned", **counts)
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning("pruning_failed", error=type(exc).__name__, message=str(exc), verdict="tried again in an hour")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK.total_seconds())


async def _my_turn(db: Database) -> bool:
    async with db.transaction() as tx:
        return await leases.acquire(tx, name="clock:prune", owner=PROCESS, ttl=EVERY) is not None
