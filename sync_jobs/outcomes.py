"""The edge of a job: whether it may run, what becomes of the connection when it fails, and one line that says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from structlog.contextvars import bound_contextvars

from hub.db import circuits, connections
from hub.db.connections import StoredConnection
from hub.db.leases import LeaseLost
from hub.db.vault import SecretUnreadable
from hub.engines.errors import first_line
from hub.mapping.errors import MappingError
from hub.queue import JobName
from hub.registry import ConnectorMissing
from hub.sdk.errors import RemoteError
from hub.services.connections import ConnectionRefused
from hub.services.cycle import Halted
from hub.services.objects import OpenConnection
from sync_jobs.work import Work, wake_when_due

log = structlog.get_logger()

Job = Callable[[Work, OpenConnection], Awaitable[None]]

# What keeps a connection from being opened is corrected by a person; meanwhile it is tried once in a while.
_CANNOT_OPEN = (MappingError, ConnectorMissing, ConnectionRefused, SecretUnreadable)
_UNTIL_CORRECTED = timedelta(minutes=1)

_BEAT_SECONDS = 4.0


async def run(work: Work, name: JobName, job: Job, connection_id: int, *, job_id: str) -> None:
    """Run a job of a connection that may be worked on, alone of its kind; never raises but when it is cancelled."""
    if not await work.queue.begin(name, connection_id, job_id=job_id):
        return
    async with _running(work, name, connection_id, job_id):
        try:
            stored = await _usable(work, name, connection_id)
            if stored is None:
                return
            with bound_contextvars(job=name, connection=stored.name):
                await _attempt(work, name, job, stored)
        except asyncio.CancelledError:
            await work.queue.wake(name, connection_id)  # this process stops; another one goes on
            raise
        except (psycopg.OperationalError, PoolTimeout) as exc:
            log.warning(
                "job_interrupted", job=name, connection_id=connection_id, error=type(exc).__name__,
                message=first_line(str(exc)), verdict="the sweep wakes it again",
            )  # fmt: skip
        except Exception:
            log.exception("job_failed", job=name, connection_id=connection_id, verdict="the sweep wakes it again")


async def _attempt(work: Work, name: JobName, job: Job, stored: StoredConnection) -> None:
    try:
        async with work.opened.use(stored) as connection:
            await job(work, connection)
    except (Halted, RemoteError) as exc:
        error = exc.error if isinstance(exc, Halted) else exc
        log.info("job_halted", error=error.kind, verdict="goes on when the connection may be used again")
        await _come_back(work, name, stored.id)
    except LeaseLost as exc:
        log.info("job_left_to_other", lease=str(exc), verdict="another worker goes on")
    except psycopg.errors.DeadlockDetected:
        log.info("job_gave_way", verdict="another job needed the same records; begun anew at once")
        await work.queue.wake(name, stored.id)
    except _CANNOT_OPEN as exc:
        log.warning("connection_cannot_be_opened", error=type(exc).__name__, message=str(exc), verdict="rests a minute")
        async with work.db.transaction() as tx:
            await connections.rest_alone(tx, connection_id=stored.id, delay=_UNTIL_CORRECTED, reason=str(exc))


async def _usable(work: Work, name: JobName, connection_id: int) -> StoredConnection | None:
    """The connection if it may be worked on now; one that rests is come back to.

    Plans are made of one whose first plan nobody has approved, and undos are applied to one that is paused.
    """
    async with work.db.transaction() as tx:
        stored = await connections.by_id(tx, connection_id)
        rest = await circuits.resting_for(tx, connection_id=connection_id)
    if stored is None:
        return None
    if name != "plan" and (stored.state != "active" or stored.begun_at is None):
        return None
    if rest:
        await work.queue.wake(name, connection_id, delay=rest)
        return None
    return stored


async def _come_back(work: Work, name: JobName, connection_id: int) -> None:
    async with work.db.transaction() as tx:
        rest = await circuits.resting_for(tx, connection_id=connection_id)
    if rest:
        await work.queue.wake(name, connection_id, delay=rest)
    await wake_when_due(work, connection_id)


@asynccontextmanager
async def _running(work: Work, name: JobName, connection_id: int, job_id: str) -> AsyncIterator[None]:
    """The job is seen to run, so that no second one of its kind starts, until it is over."""
    over = asyncio.Event()
    beat = asyncio.create_task(_beat(work, name, connection_id, job_id, over))
    try:
        yield
    finally:
        over.set()
        await beat
        await work.queue.end(name, connection_id, job_id=job_id)


async def _beat(work: Work, name: JobName, connection_id: int, job_id: str, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _BEAT_SECONDS)
            return
        await work.queue.renew(name, connection_id, job_id=job_id)
