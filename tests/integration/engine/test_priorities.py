"""Which requests go first when a system's limit is short: each kind of work says how urgent it is."""

from datetime import timedelta

import pytest

from hub.budget import Priority
from hub.db import rereads
from hub.services import sending
from hub.services.cycle import pull, reread
from hub.services.fitting import fit
from tests.integration.budget_recorder import Recorder
from tests.integration.engine.conftest import MAPPING, Build, Stage
from tests.integration.plans.conftest import make_plan


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def stage(build: Build, recorder: Recorder) -> Stage:
    stage = await build(MAPPING, budget=recorder)
    for system in (stage.left, stage.right):
        await fit(stage.db, system.connection)
    assert recorder.take() == {"incremental"}, "a look at the fields goes before reads of whole objects"
    return stage


async def _first_read(stage: Stage, recorder: Recorder) -> str:
    acme = stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)
    await stage.pull(stage.right)
    recorder.take()
    return acme


async def test_an_object_is_read_for_the_first_time_and_anew_as_a_backfill(stage: Stage, recorder: Recorder) -> None:
    await stage.pull(stage.left)
    assert recorder.take() == {"backfill"}
    await stage.pull(stage.left)
    assert recorder.take() == {"incremental"}
    await pull(stage.db, stage.left.connection, owner="test", full=True)
    assert recorder.take() == {"backfill"}


async def test_a_first_read_that_broke_off_goes_on_as_a_backfill(stage: Stage, recorder: Recorder) -> None:
    await stage.pull(stage.left)
    async with stage.db.transaction() as tx:
        await tx.run("update run set state = 'abandoned'")
    recorder.take()
    await stage.pull(stage.left)
    assert recorder.take() == {"backfill"}


async def test_a_whole_read_after_an_expired_cursor_is_a_backfill(stage: Stage, recorder: Recorder) -> None:
    await _first_read(stage, recorder)
    async with stage.db.transaction() as tx:
        await tx.run("update cursor set value = 'no cursor' where direction = 'inbound'")
    assert (await stage.pull(stage.left))["gap_resyncs"] == 1
    assert recorder.take() == {"backfill"}


async def test_hints_go_before_what_the_engine_wants_to_read_again(stage: Stage, recorder: Recorder) -> None:
    acme = await _first_read(stage, recorder)
    for reason, expected in (("webhook", "webhook"), ("the page was older than what is known", "incremental")):
        async with stage.db.transaction() as tx:
            await rereads.ask(
                tx,
                connection_id=stage.left.connection.id,
                keys=[("partners", acme)],
                reason=reason,
                delay=timedelta(seconds=-1),
            )
        await reread(stage.db, stage.left.connection)
        assert recorder.take() == {expected}


@pytest.mark.parametrize(("at_once", "expected"), [(2, "webhook"), (1, "backfill")])
async def test_few_writes_are_urgent_and_a_load_is_not(
    stage: Stage, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, at_once: int, expected: Priority
) -> None:
    await _first_read(stage, recorder)
    monkeypatch.setattr(sending, "_LEASED_AT_ONCE", at_once)
    assert (await stage.push(stage.right))["remote_created"] == 1
    assert recorder.take() == {expected}


async def test_a_rehearsal_is_no_more_urgent_than_what_it_rehearses(stage: Stage, recorder: Recorder) -> None:
    await make_plan(stage, stage.left)
    assert recorder.take() == {"backfill"}
    await stage.pull(stage.left)
    recorder.take()
    await make_plan(stage, stage.left)
    assert recorder.take() == {"incremental"}
