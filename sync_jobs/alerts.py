"""Alerts to sellers that follow from what others changed, or from time: decisions that are late, alerts not seen."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.app import App
from hub.db import leases
from hub.policy import PolicyError
from hub.services.deals.escalating import escalate
from hub.services.deals.noticing import notice
from hub.services.waking import wake_outbound
from sync_jobs.work import PROCESS

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
"""Within this time the changes of other processes are noticed too."""
LATE_EVERY = timedelta(minutes=1)
"""How often one of all processes looks at what is late."""


async def keep_alerting(app: App, *, moved: asyncio.Event, stop: asyncio.Event) -> None:
    """Look whenever `moved` is set and every few seconds, until told to stop."""
    while not stop.is_set():
        moved.clear()
        try:
            await _notice(app)
            await _escalate(app)
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning("noticing_failed", error=type(exc).__name__, verdict="tried again in some seconds")
        except PolicyError as exc:
            log.error("deal_policy_broken", message=str(exc), verdict="no alert is raised until it is corrected")
        await either(moved, stop)


async def _notice(app: App) -> None:
    if raised := await notice(app.db, app.desk):
        log.info("alerts_raised", alerts=raised)
        await _leave(app)


async def _escalate(app: App) -> None:
    async with app.db.transaction() as tx:
        turn = await leases.acquire(tx, name="clock:escalation", owner=PROCESS, ttl=LATE_EVERY)
    if turn and any((counts := await escalate(app.db, app.desk)).values()):
        log.info("handed_on", **counts)
        await _leave(app)


async def _leave(app: App) -> None:
    """What was raised leaves at once."""
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
