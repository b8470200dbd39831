"""Alerts to sellers that follow from what others changed: noticed whenever a job has moved something."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.app import App
from hub.policy import PolicyError
from hub.services.deals.noticing import notice
from hub.services.waking import wake_outbound

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
"""Within this time the changes of other processes are noticed too."""


async def keep_noticing(app: App, *, moved: asyncio.Event, stop: asyncio.Event) -> None:
    """Read on in the change log whenever `moved` is set and every few seconds, until told to stop."""
    while not stop.is_set():
        moved.clear()
        try:
            await _notice(app)
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning("noticing_failed", error=type(exc).__name__, verdict="tried again in some seconds")
        except PolicyError as exc:
            log.error("deal_policy_broken", message=str(exc), verdict="no alert is raised until it is corrected")
        await either(moved, stop)


async def _notice(app: App) -> None:
    """What is raised leaves at once."""
    if raised := await notice(app.db, app.desk):
        log.info("alerts_raised", alerts=raised)
        async with app.db.transaction() as tx:
            await wake_outbound(tx, app.queue)


async def either(*events: asyncio.Event) -> None:
    """Wait until one of them is set, or the time is over."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    with suppress(TimeoutError):
        async with asyncio.timeout(EVERY.total_seconds()):
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
