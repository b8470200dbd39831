"""Jobs that the database interrupts: none is lost, and none fills the log."""

from __future__ import annotations

from unittest.mock import ANY

import psycopg
import pytest
from structlog.testing import capture_logs

from hub.db import runs
from hub.queue import QUEUES
from hub.services import cycle
from hub.services.connections import open_connection
from hub.services.objects import OpenConnection
from sync_jobs.opened import OpenConnections
from sync_jobs.outcomes import run
from sync_jobs.work import Work
from tests.integration.jobs.conftest import Hub


async def _run_failing(hub: Hub, error: Exception) -> list[dict[str, object]]:
    async def job(_work: Work, _connection: OpenConnection) -> None:
        raise error

    opened = OpenConnections(hub.app.shop)
    with capture_logs() as logs:
        await run(Work(hub.app.db, hub.app.queue, opened, hub.app.shop), "pull", job, hub.left.id, job_id="pull:1")
    await opened.close()
    return [dict(entry) for entry in logs]


async def test_a_job_that_lost_a_deadlock_begins_anew_at_once(hub: Hub) -> None:
    await hub.connect(hub.left)

    logs = await _run_failing(hub, psycopg.errors.DeadlockDetected())

    assert logs == [{"event": "job_gave_way", "log_level": "info", "verdict": ANY}]
    assert await hub.app.queue.redis.zcard(QUEUES["pull"]) == 1


@pytest.mark.parametrize("error", [psycopg.OperationalError("gone\nfor good"), psycopg.errors.DiskFull("no space")])
async def test_a_job_whose_database_goes_away_is_one_line_for_the_operator(hub: Hub, error: Exception) -> None:
    await hub.connect(hub.left)

    (line,) = await _run_failing(hub, error)

    assert (line["event"], line["log_level"]) == ("job_interrupted", "warning")
    assert line["message"] in ("gone", "no space")


async def test_a_run_that_a_dead_process_left_is_closed_by_the_next_of_its_kind(hub: Hub) -> None:
    remote_id = hub.left.create(1)
    await hub.connect(hub.left)
    async with hub.app.db.transaction() as tx:
        left_behind = await runs.start(tx, connection_id=hub.left.id, kind="reread")

    await hub.hint(hub.left, remote_id)
    assert hub.left.stored is not None
    async with await open_connection(hub.app.shop, hub.left.stored) as connection:
        await cycle.reread(hub.app.db, connection)

    async with hub.app.db.transaction() as tx:
        rows = await tx.all("select id, state from run where kind = 'reread' order by id")
    assert [row["state"] for row in rows] == ["abandoned", "done"]
    assert rows[0]["id"] == left_behind
