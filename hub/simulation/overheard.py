"""The engine's log while a world is played: nobody reads it, but errors that a job's edge swallowed come out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, NoReturn

import psycopg
import structlog
from psycopg_pool import PoolTimeout


@contextmanager
def overheard() -> Iterator[None]:
    """Raises the first error that a job swallowed and that no broken connection explains, when all is over."""
    swallowed: list[BaseException] = []

    def listen(_: Any, __: str, event: MutableMapping[str, Any]) -> NoReturn:
        error = sys.exc_info()[1] if event.get("event") == "job_failed" else None
        if error is not None and not isinstance(error, psycopg.OperationalError | PoolTimeout):
            swallowed.append(error)
        raise structlog.DropEvent

    pool = logging.getLogger("psycopg.pool")  # its connections are cut on purpose
    level, before = pool.level, structlog.get_config()
    pool.setLevel(logging.CRITICAL)
    structlog.configure(processors=[listen], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
        pool.setLevel(level)
    if swallowed:
        raise swallowed[0]
