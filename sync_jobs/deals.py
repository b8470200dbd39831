"""The schedule of deal registrations: protections end once an hour, and who waited for another is looked at again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from hub.app import App
from hub.db import leases
from hub.services.deals.expiring import end_protections
from hub.services.deals.reviewing import look_again_after_reads
from sync_jobs.repeating import repeat
from sync_jobs.work import PROCESS

log = structlog.get_logger()

EVERY = timedelta(hours=1)
_LOOK = timedelta(minutes=5)


async def keep_ending_protections(app: App, *, stop: asyncio.Event) -> None:
    """Ends protections whenever it is this process's turn, looks again every time, until told to stop."""
    await repeat(partial(_end_and_look_again, app), name="ending_protections", every=_LOOK, stop=stop)


async def _end_and_look_again(app: App) -> None:
    if await _my_turn(app) and any((counts := await end_protections(app.db, app.desk)).values()):
        log.info("protections_ended", **counts)
    if looked := await look_again_after_reads(app.db, app.desk):
        log.info("registrations_looked_at_again", registrations=looked)


async def _my_turn(app: App) -> bool:
    async with app.db.transaction() as tx:
        return await leases.acquire(tx, name="clock:protections", owner=PROCESS, ttl=EVERY) is not None
