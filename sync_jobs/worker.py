"""The worker: takes wake-ups from the queues until it is told to stop, and outlives a Redis that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import structlog
from arq.worker import Function, Worker, func
from redis.exceptions import RedisError

from hub.app import App
from hub.queue import QUEUES, JobName, decode_job, encode_job
from hub.services.connection_care import broken_systems
from sync_jobs.alerts import keep_alerting
from sync_jobs.arrivals import keep_taking_in
from sync_jobs.deals import keep_ending_protections
from sync_jobs.jobs import JOBS
from sync_jobs.names import keep_names_findable
from sync_jobs.opened import OpenConnections
from sync_jobs.outcomes import run
from sync_jobs.prune import keep_pruning
from sync_jobs.sweep import keep_sweeping
from sync_jobs.work import Work

log = structlog.get_logger()

# Jobs at a time in one process: long ones (reads of whole systems) and short ones.
LONG_JOBS, SHORT_JOBS = 4, 8
POLL_DELAY = timedelta(milliseconds=20)
JOB_TIMEOUT = timedelta(hours=6)  # a backstop: every request and every lease has its own, shorter time
GRACE = timedelta(seconds=10)  # for running jobs to end by themselves when the worker stops
_REDIS_AGAIN = timedelta(seconds=1)


async def work_until(app: App, *, stop: asyncio.Event) -> None:
    """Do the jobs of all connections, sweep and prune until `stop` is set; then end what runs, close what is open."""
    async with _work(app) as work, asyncio.TaskGroup() as group:
        group.create_task(_take_jobs(work, QUEUES["pull"], most=LONG_JOBS, stop=stop))
        group.create_task(_take_jobs(work, QUEUES["push"], most=SHORT_JOBS, stop=stop))
        group.create_task(keep_sweeping(work, stop=stop))
        group.create_task(keep_taking_in(app, arrived=work.arrived, stop=stop))
        group.create_task(keep_ending_protections(app, stop=stop))
        group.create_task(keep_names_findable(app.db, stop=stop))
        group.create_task(keep_alerting(app, moved=work.moved, stop=stop))
        group.create_task(keep_pruning(app.db, app.retention, stop=stop))
        log.info("worker_started")
        for name, problem in broken_systems().items():
            log.warning("connector_broken", connector=name, message=problem)
    log.info("worker_stopped")


@asynccontextmanager
async def _work(app: App) -> AsyncIterator[Work]:
    opened = OpenConnections(app.shop)
    try:
        yield Work(db=app.db, queue=app.queue, opened=opened, shop=app.shop)
    finally:
        await opened.close()


async def _take_jobs(work: Work, queue: str, *, most: int, stop: asyncio.Event) -> None:
    """Run the jobs of one queue. While Redis is away, those that run go on and no new ones come.

    While the database is away none is taken: other hosts may reach it, and would find the jobs taken.
    """
    jobs: list[asyncio.Task[Any]] = []
    try:
        while not stop.is_set():
            if not work.db.away.is_set() or await work.db.is_back():
                worker = _worker(work, queue, most)
                await _take_until(worker, stop, work.db.away)
                jobs = [task for task in (*jobs, *worker.tasks.values()) if not task.done()]
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _REDIS_AGAIN.total_seconds())
    finally:
        await _end_jobs(jobs)


async def _take_until(worker: Worker, *ends: asyncio.Event) -> None:
    """Start jobs until one of these is set, or until Redis goes away."""
    taking, ended = asyncio.create_task(worker.main()), [asyncio.create_task(end.wait()) for end in ends]
    try:
        await asyncio.wait({taking, *ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancel([taking, *ended])
    if not taking.cancelled() and not isinstance(exc := taking.exception(), RedisError | OSError | None):
        raise exc


async def _end_jobs(jobs: list[asyncio.Task[Any]]) -> None:
    """Let them end by themselves for a while, then cancel: what they had begun is in the ledger."""
    if jobs:
        await asyncio.wait(jobs, timeout=GRACE.total_seconds())
    await _cancel(jobs)


async def _cancel(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel until all are over: the Redis client has been seen to swallow a cancellation."""
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=1)
    await asyncio.gather(*tasks, return_exceptions=True)


def _worker(work: Work, queue: str, most: int) -> Worker:
    return Worker(
        functions=[_function(work, name) for name in JOBS],
        queue_name=queue,
        redis_pool=work.queue.redis,
        handle_signals=False,
        max_jobs=most,
        poll_delay=POLL_DELAY.total_seconds(),
        job_timeout=JOB_TIMEOUT.total_seconds(),
        keep_result=0,
        log_results=False,
        job_serializer=encode_job,
        job_deserializer=decode_job,
    )


def _function(work: Work, name: JobName) -> Function:
    async def take(ctx: dict[Any, Any], connection_id: int) -> None:
        await run(work, name, JOBS[name], connection_id, job_id=ctx["job_id"])

    return func(take, name=name)
