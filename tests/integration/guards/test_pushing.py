"""A mass change of a system is held back before the first write, until somebody approves or rejects it."""

import pytest

from hub.db import deliveries
from hub.services.deliveries import list_deliveries
from hub.services.objects import OpenConnection
from hub.services.plans.deciding import approve_plan
from hub.services.refusals import NotNow
from hub.services.standing import load_rows, standing_of
from tests.integration.engine.conftest import Build, Stage
from tests.integration.guards.conftest import carry_out, filled, guarded, reject, the_plan


async def _edited(build: Build, number: int) -> Stage:
    """So many of ten partners were edited in the right system, and the left one is to hear of it."""
    stage, _ = await filled(build)
    for twin in list(stage.right.rows())[:number]:
        stage.right.edit(twin, city="Rom")
    await stage.pull(stage.right)
    return stage


def _cities(stage: Stage) -> list[str]:
    return sorted(row["city"] for row in stage.left.rows().values())


async def test_many_changes_are_held_before_the_first_write_and_say_so(build: Build) -> None:
    stage = await _edited(build, 6)
    writes = stage.left.writes()

    await stage.push(stage.left)

    assert (stage.left.writes(), _cities(stage)) == (writes, ["Bonn"] * 10)
    plan = await the_plan(stage)
    assert plan.counts["out"]["partners"] == {"actions": {"change": 6}, "fields": {"city": {"change": 6}}}
    assert "6 of 10 linked records would change (limit 6)" in str(plan.reason)
    async with stage.db.transaction() as tx:
        held = await list_deliveries(tx, states=["waiting"])
        assert await deliveries.next_due_in(tx, connection_id=stage.left.connection.id) is None
    assert len(held) == 6
    assert {(d.error_class, d.message) for d in held} == {
        ("Guard", f"It is part of a mass change that plan {plan.id} asks about.")
    }


async def test_just_below_the_limit_goes_out(build: Build) -> None:
    stage = await _edited(build, 5)
    await stage.push(stage.left)
    assert _cities(stage) == ["Bonn"] * 5 + ["Rom"] * 5


async def test_single_edits_go_on_meanwhile_and_what_is_held_stays_held(build: Build) -> None:
    stage = await _edited(build, 6)
    await stage.push(stage.left)
    twins = list(stage.right.rows())
    stage.right.edit(twins[9], city="Oslo")
    stage.right.edit(twins[0], city="Oslo")
    await stage.pull(stage.right)
    await stage.push(stage.left)
    assert _cities(stage) == ["Bonn"] * 9 + ["Oslo"]


async def test_what_is_approved_is_sent(build: Build) -> None:
    stage = await _edited(build, 6)
    await stage.push(stage.left)
    await carry_out(stage, stage.left, (await the_plan(stage)).id)
    assert (await stage.push(stage.left))["remote_updated"] == 6
    assert _cities(stage) == ["Bonn"] * 4 + ["Rom"] * 6
    await stage.settle()
    assert len(await stage.all("select 1 from plan")) == 1


async def test_what_is_rejected_is_dropped_and_the_hub_keeps_its_values(build: Build) -> None:
    stage = await _edited(build, 6)
    await stage.push(stage.left)
    await reject(stage, await the_plan(stage))
    await stage.push(stage.left)
    assert _cities(stage) == ["Bonn"] * 10
    rows = await stage.all("select state, hint from delivery where state = 'dropped'")
    assert len(rows) == 6
    assert "was rejected by ben: the hub keeps its values" in rows[0]["hint"]
    assert len(await stage.all("select 1 from partner join organization o using (id) where o.city = 'Rom'")) == 6


async def test_changes_that_trickle_in_add_up_within_an_hour(build: Build) -> None:
    stage = await _edited(build, 0)
    sent = []
    for twin in list(stage.right.rows())[:7]:
        stage.right.edit(twin, city="Rom")
        await stage.pull(stage.right)
        sent.append((await stage.push(stage.left))["remote_updated"])
    assert sent == [1, 1, 1, 1, 1, 0, 0]


async def test_what_was_taken_back_in_the_hub_lets_the_rest_go(build: Build) -> None:
    stage = await _edited(build, 6)
    await stage.push(stage.left)
    for twin in list(stage.right.rows())[:3]:
        stage.right.edit(twin, city="Bonn")
    await stage.pull(stage.right)
    await stage.all('update plan set options = options || \'{"looked_at": "2020-01-01"}\' returning 1')
    await stage.push(stage.left)
    await stage.push(stage.left)
    assert _cities(stage) == ["Bonn"] * 7 + ["Rom"] * 3
    assert (await the_plan(stage)).state == "superseded"


async def test_a_stop_can_need_the_word_of_two_people(build: Build) -> None:
    stage = await _edited(build, 6)
    guarded(stage.left, second_person=frozenset({"changes"}))
    await stage.push(stage.left)
    plan = await the_plan(stage)
    async with stage.db.transaction() as tx:
        assert (await approve_plan(tx, plan_id=plan.id, actor="anna")).state == "proposed"
        with pytest.raises(NotNow, match="second person"):
            await approve_plan(tx, plan_id=plan.id, actor="anna")
        assert (await approve_plan(tx, plan_id=plan.id, actor="ben")).state == "approved"


async def test_a_process_that_dies_between_holding_and_asking_sends_nothing(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await _edited(build, 6)

    async def die(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hub.services.guards.pushing.propose_stop", die)
        with pytest.raises(KeyboardInterrupt):
            await stage.push(stage.left)
    assert _cities(stage) == ["Bonn"] * 10
    await stage.push(stage.left)
    assert _cities(stage) == ["Bonn"] * 10
    [asked] = [row for row in await stage.all("select state from plan") if row["state"] == "proposed"]
    assert asked


async def test_mass_deletions_stop_at_the_systems_they_would_reach(build: Build) -> None:
    stage, rows = await filled(build)
    guarded(stage.right)
    for row in rows[:3]:
        stage.left.sandbox.human_delete("partners", row)
    await stage.pull(stage.left)
    await stage.all("delete from passed returning 1")
    for row in rows[3:6]:
        stage.left.sandbox.human_delete("partners", row)
    await stage.pull(stage.left)
    await stage.push(stage.right)
    assert len(stage.right.rows()) == 10
    assert (await the_plan(stage)).counts["out"]["partners"]["actions"] == {"delete": 6}


def test_an_open_connection_is_guarded_by_the_shipped_policy_unless_it_says_otherwise(stage: Stage) -> None:
    connection: OpenConnection = stage.left.connection
    assert connection.guards.of("partners", "out")["deletes"].limit(1000) == 50


async def test_a_record_says_what_holds_it_back_what_was_rejected_and_what_is_not_read(build: Build) -> None:
    stage = await _edited(build, 6)
    await stage.push(stage.left)
    plan = await the_plan(stage)
    [record] = await stage.all("select record_id from delivery where state = 'waiting' order by id limit 1")
    here = stage.left.connection.id

    async def reasons() -> list[str]:
        async with stage.db.transaction() as tx:
            rows = [r for r in await load_rows(tx, record["record_id"]) if r.connection.id == here]
            return list(standing_of(rows[0], now=await tx.now()).reasons)

    assert f"It is part of a mass change that plan {plan.id} asks about" in " ".join(await reasons())
    await reject(stage, plan)
    told = " ".join(await reasons())
    assert f"Plan {plan.id} was rejected by ben: the hub keeps its values" in told
    for row in list(stage.left.rows())[:4]:
        stage.left.sandbox.human_delete("partners", row)
    await stage.pull(stage.left)
    assert "Reading of partners is stopped by plan" in " ".join(await reasons())
