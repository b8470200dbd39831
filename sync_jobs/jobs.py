"""The jobs: each takes one connection, may run twice, late or not at all, and leaves the rest to the ledger."""

from __future__ import annotations

from uuid import uuid4

import structlog

from hub.db import connections
from hub.queue import JobName
from hub.services import cycle, reconciling
from hub.services.counts import Counts
from hub.services.objects import OpenConnection
from hub.services.plans.running import work_on_plans
from sync_jobs.outcomes import Job
from sync_jobs.work import PROCESS, Work, has_been_read, wake_followers

log = structlog.get_logger()


async def pull(work: Work, connection: OpenConnection) -> None:
    """Read what changed, and deliver it to all systems."""
    first = not await has_been_read(work, connection)
    counts = await cycle.pull(work.db, connection, owner=_owner(), patient=True)
    if first:
        await work.queue.wake("push", connection.id)
    await wake_followers(work, connection, counts)


async def reread(work: Work, connection: OpenConnection) -> None:
    """Read again what webhooks and the engine asked for, and deliver it to all systems."""
    counts = await cycle.reread(work.db, connection)
    await wake_followers(work, connection, counts)


async def push(work: Work, connection: OpenConnection) -> None:
    """Deliver to this system what the log and the retry queue hold for it."""
    if not await has_been_read(work, connection):
        log.info("push_waits_for_first_read")
        return
    counts = await cycle.push(work.db, connection, owner=_owner())
    await wake_followers(work, connection, counts)


async def reconcile(work: Work, connection: OpenConnection) -> None:
    """Compare both sides, when nothing more urgent needs the system's limits."""
    if not await has_been_read(work, connection):
        return
    reports = await reconciling.reconcile(work.db, connection, owner=_owner(), listener=lambda _, __: None)
    for report in reports:
        log.info(
            "object_reconciled", object=report.object, agreement=report.agreement, differences=report.differences,
            calls=report.calls,
        )  # fmt: skip


async def plan(work: Work, connection: OpenConnection) -> None:
    """Build the plans that were asked for, and apply those that were approved."""
    async with work.db.transaction() as tx:
        stored = await connections.by_id(tx, connection.id)
    if stored is None:
        return
    budget = work.shop.budget_of(stored)
    if await work_on_plans(work.db, stored, connection, budget=budget, owner=_owner()):
        await work.queue.wake("pull", connection.id)
        await wake_followers(work, connection, Counts(applied=1))


def _owner() -> str:
    """Leases belong to one run of one job: two runs in one process must not pass for each other."""
    return f"{PROCESS}:{uuid4().hex[:12]}"


JOBS: dict[JobName, Job] = {"pull": pull, "reread": reread, "push": push, "reconcile": reconcile, "plan": plan}
