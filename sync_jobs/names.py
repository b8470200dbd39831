"""The follower of the change log that keeps names of organisations findable."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.db.session import Database
from hub.services.search_keys import index_changes

log = structlog.get_logger()

_LOOK = timedelta(seconds=5)


async def keep_names_findable(db: Database, *, stop: asyncio.Event) -> None:
    """Index what the log tells of, and look again every few seconds, until told to stop."""
    while not stop.is_set():
        try:
            while not stop.is_set() and await index_changes(db):
                pass
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning("indexing_names_failed", error=type(exc).__name__, verdict="tried again in some seconds")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK.total_seconds())
