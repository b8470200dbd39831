"""The schedule of pruning: once an hour, by one process, what is older than the settings allow."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from hub.db import leases
from hub.db.session import Database
from hub.services.pruning import Retention, prune
from sync_jobs.repeating import repeat
from sync_jobs.work import PROCESS

log = structlog.get_logger()

EVERY = timedelta(hours=1)
_LOOK = timedelta(minutes=5)


async def keep_pruning(db: Database, retention: Retention, *, stop: asyncio.Event) -> None:
    """Prune when it is this process's turn, until told to stop."""
    await repeat(partial(_prune, db, retention, stop), name="pruning", every=_LOOK, stop=stop)


async def _prune(db: Database, retention: Retention, stop: asyncio.Event) -> None:
    if await _my_turn(db) and (counts := +await prune(db, retention, stop=stop.is_set)):
        log.info("pruned", **counts)


async def _my_turn(db: Database) -> bool:
    async with db.transaction() as tx:
        return await leases.acquire(tx, name="clock:prune", owner=PROCESS, ttl=EVERY) is not None
