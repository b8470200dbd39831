"""Registrations that systems bring are judged as soon as a job may have brought some."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from hub.app import App
from hub.services.deals.arriving import take_in_arrivals
from hub.services.waking import wake_outbound
from sync_jobs.repeating import repeat

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
"""Within this time what other processes brought is judged too."""


async def keep_taking_in(app: App, *, arrived: asyncio.Event, stop: asyncio.Event) -> None:
    """Judge what came in whenever `arrived` is set and every few seconds, until told to stop."""
    await repeat(partial(_take_in, app, stop), name="judging", every=EVERY, stop=stop, hint=arrived)


async def _take_in(app: App, stop: asyncio.Event) -> None:
    """What was judged leaves at once."""
    if counts := await take_in_arrivals(app.db, app.desk, stop=stop.is_set):
        log.info("registrations_taken_in", **counts)
        async with app.db.transaction() as tx:
            await wake_outbound(tx, app.queue)
