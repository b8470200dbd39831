"""Registrations that systems bring are judged as soon as a job may have brought some."""

from __future__ import annotations

import asyncio

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.app import App
from hub.policy import PolicyError
from hub.services.deals.arriving import take_in_arrivals
from hub.services.waking import wake_outbound
from sync_jobs.alerts import either

log = structlog.get_logger()


async def keep_taking_in(app: App, *, arrived: asyncio.Event, stop: asyncio.Event) -> None:
    """Judge what came in whenever `arrived` is set and every few seconds, until told to stop."""
    while not stop.is_set():
        arrived.clear()
        try:
            await _take_in(app, stop)
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning("judging_failed", error=type(exc).__name__, verdict="tried again in some seconds")
        except PolicyError as exc:
            log.error("deal_policy_broken", message=str(exc), verdict="no registration is judged until it is corrected")
        except Exception as exc:
            log.error("judging_failed", exc_info=exc, verdict="that registration is tried again in a minute")
        await either(arrived, stop)


async def _take_in(app: App, stop: asyncio.Event) -> None:
    """What was judged leaves at once."""
    if counts := await take_in_arrivals(app.db, app.desk, stop=stop.is_set):
        log.info("registrations_taken_in", **counts)
        async with app.db.transaction() as tx:
            await wake_outbound(tx, app.queue)
