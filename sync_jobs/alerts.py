"""Alerts to sellers that follow from what others changed, or from time: decisions that are late, alerts not seen."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import structlog

from hub.app import App
from hub.db import leases
from hub.services.deals.escalating import escalate
from hub.services.deals.noticing import notice
from hub.services.waking import wake_outbound
from sync_jobs.repeating import repeat
from sync_jobs.work import PROCESS

log = structlog.get_logger()

EVERY = timedelta(seconds=5)
"""Within this time the changes of other processes are noticed too."""
LATE_EVERY = timedelta(minutes=1)
"""How often one of all processes looks at what is late."""


async def keep_alerting(app: App, *, moved: asyncio.Event, stop: asyncio.Event) -> None:
    """Look whenever `moved` is set and every few seconds, until told to stop."""
    await repeat(partial(_alert, app), name="noticing", every=EVERY, stop=stop, hint=moved)


async def _alert(app: App) -> None:
    await _notice(app)
    await _escalate(app)


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
