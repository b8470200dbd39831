"""What a worker does again and again, whatever happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.policy import PolicyError

log = structlog.get_logger()

_AGAIN = "tried again the next time"


async def repeat(
    act: Callable[[], Awaitable[None]],
    *,
    name: str,
    every: timedelta,
    stop: asyncio.Event,
    hint: asyncio.Event | None = None,
) -> None:
    """Act at once, then whenever `hint` is set and at the latest after `every`, until told to stop.

    What fails is logged as `<name>_failed` and never ends the worker. Acts that are long look at `stop` themselves.
    """
    while not stop.is_set():
        if hint:
            hint.clear()
        try:
            await act()
        except (psycopg.Error, PoolTimeout) as exc:
            log.warning(f"{name}_failed", error=type(exc).__name__, message=str(exc), verdict=_AGAIN)
        except PolicyError as exc:
            log.error("deal_policy_broken", message=str(exc), verdict=f"{name} waits until it is corrected")
        except Exception as exc:
            log.error(f"{name}_failed", exc_info=exc, verdict=_AGAIN)
        await _either(stop, *([hint] if hint else []), longest=every)


async def _either(*events: asyncio.Event, longest: timedelta) -> None:
    """Wait until one of them is set, or the time is over."""
    waits = [asyncio.create_task(event.wait()) for event in events]
    with suppress(TimeoutError):
        async with asyncio.timeout(longest.total_seconds()):
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
