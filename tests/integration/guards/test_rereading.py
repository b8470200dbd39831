"""A mass change that arrives by webhooks is stopped like one that a pull reads."""

from collections.abc import Sequence
from datetime import timedelta

from hub.db import rereads
from hub.db.rereads import WEBHOOK
from hub.services.counts import Counts
from hub.services.cycle import reread
from tests.integration.engine.conftest import Build, Stage
from tests.integration.guards.conftest import carry_out, contents, effects, filled, guard_plans, living, the_plan


async def _announce(stage: Stage, rows: Sequence[str]) -> Counts:
    """Webhooks name these, and the hub reads them."""
    async with stage.db.transaction() as tx:
        keys = [("partners", row) for row in rows]
        await rereads.ask(tx, connection_id=stage.left.connection.id, keys=keys, reason=WEBHOOK)
    return await reread(stage.db, stage.left.connection)


async def _gone(stage: Stage, rows: Sequence[str]) -> Counts:
    for row in rows:
        stage.left.sandbox.human_delete("partners", row)
    return await _announce(stage, rows)


async def _time_passes(stage: Stage) -> None:
    await stage.all("update reread set next_attempt_at = now() returning 1")
    await stage.all('update plan set options = options || \'{"looked_at": "2020-01-01"}\' returning 1')


async def test_forty_percent_deleted_by_webhooks_at_once_write_nothing(build: Build) -> None:
    stage, rows = await filled(build)
    before = await contents(stage)
    counts = await _gone(stage, rows[:4])
    assert (counts["stopped"], await contents(stage)) == (1, before)
    plan = await the_plan(stage)
    assert plan.counts["in"]["partners"]["actions"] == {"delete": 4}


async def test_half_of_them_one_by_one_are_stopped_before_anything_is_deleted_in_the_hub_or_elsewhere(
    build: Build,
) -> None:
    stage, rows = await filled(build, grace=timedelta(hours=1))
    stopped = [(await _gone(stage, [row]))["stopped"] for row in rows[:5]]
    await stage.db_ready()
    await stage.push(stage.left)
    await stage.push(stage.right)
    assert stopped == [0, 0, 0, 1, 0]
    assert (await living(stage), len(stage.right.rows())) == (10, 10)


async def test_a_few_go_through(build: Build) -> None:
    stage, rows = await filled(build)
    counts = await _gone(stage, rows[:3])
    assert effects(counts) == {"deleted": 3, "records_deleted": 3, "reread": 3}


async def test_what_is_approved_and_applied_goes_through_and_the_rest_is_read_again(build: Build) -> None:
    stage, rows = await filled(build)
    await _gone(stage, rows[:4])
    await carry_out(stage, stage.left, (await the_plan(stage)).id)
    assert await living(stage) == 6
    await _time_passes(stage)
    assert effects(await reread(stage.db, stage.left.connection)) == {"reread": 4}
    assert await stage.all("select * from reread") == []


async def test_it_is_not_asked_twice_and_repaired_it_goes_on(build: Build) -> None:
    stage, rows = await filled(build)
    await _gone(stage, rows[:4])
    await _time_passes(stage)
    assert effects(await reread(stage.db, stage.left.connection)) == {"stopped": 1}
    assert len(await guard_plans(stage)) == 1
    for row in rows[:3]:
        stage.left.sandbox.human_undelete("partners", row)
    await _time_passes(stage)
    assert effects(await reread(stage.db, stage.left.connection))["deleted"] == 1
    assert (await the_plan(stage)).state == "superseded"


async def test_rereads_of_an_object_that_a_pull_was_stopped_in_wait(build: Build) -> None:
    stage, rows = await filled(build)
    for row in rows[:4]:
        stage.left.sandbox.human_delete("partners", row)
    await stage.pull(stage.left)
    assert effects(await _announce(stage, rows[:2])) == {}
    assert await living(stage) == 10
    assert len(await stage.all("select * from reread")) == 2
