"""The follower of the change log that keeps names of organisations findable."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from hub.db.session import Database
from hub.services.search_keys import index_changes
from sync_jobs.repeating import repeat

_LOOK = timedelta(seconds=5)


async def keep_names_findable(db: Database, *, stop: asyncio.Event) -> None:
    """Index what the log tells of, and look again every few seconds, until told to stop."""
    await repeat(partial(_index, db, stop), name="indexing_names", every=_LOOK, stop=stop)


async def _index(db: Database, stop: asyncio.Event) -> None:
    while not stop.is_set() and await index_changes(db):
        pass
