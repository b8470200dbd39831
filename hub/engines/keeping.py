"""Keeps the embedded engines running while the hub runs: a server that dies is started again."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psycopg
import structlog
from redis.exceptions import RedisError

from hub.engines.errors import EngineUnavailable
from hub.engines.lifecycle import Engines, revive_engines

log = structlog.get_logger()

_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 5.0  # after a start that failed: a full disk does not become empty at once


async def keep_engines(engines: Engines, *, stop: asyncio.Event) -> None:
    """Look after the embedded engines until told to stop; external ones are somebody else's."""
    failing = False
    while (engines.embedded_postgres or engines.embedded_redis) and not stop.is_set():
        try:
            for name in await asyncio.to_thread(revive_engines, engines):
                log.warning("engine_restarted", engine=name, verdict="it had died; what was committed is there")
            failing = False
        except (EngineUnavailable, psycopg.Error, RedisError, OSError) as exc:
            if not failing:
                log.error("engine_down", message=str(exc), verdict="its start is tried every few seconds")
            failing = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _AGAIN_SECONDS if failing else _LOOK_SECONDS)
