"""A pull that reports a mass change writes nothing and asks; what a person approves, and only that, is done."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.guards import Guards, Threshold
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.sdk.errors import Unavailable
from hub.sdk.records import Page, ReadQuery
from hub.services.cycle import pull
from hub.services.guards import pulling
from hub.services.guards.holding import Held
from hub.services.guards.policy import default_guards
from tests.integration.engine.conftest import MAPPING, Build, Stage
from tests.integration.guards.conftest import (
    CLEARS,
    carry_out,
    contents,
    effects,
    fates,
    filled,
    guard_plans,
    guarded,
    in_small_pages,
    items_of,
    living,
    reject,
    the_plan,
)

PROSPECTS = CLEARS.replace("object: partners", "object: prospects")


def _delete(stage: Stage, rows: list[str], object_name: str = "partners") -> None:
    for row in rows:
        stage.left.sandbox.human_delete(object_name, row)


async def test_forty_percent_deleted_are_counted_to_the_end_and_nothing_is_written(build: Build) -> None:
    stage, rows = await filled(build)
    in_small_pages(stage.left)
    before = await contents(stage)
    _delete(stage, rows[:4])

    counts = await stage.pull(stage.left)

    assert counts["stopped"] == 1
    assert await contents(stage) == before
    plan = await the_plan(stage)
    assert (plan.state, plan.kind, plan.counts["in"]["partners"]["actions"]) == ("proposed", "guard", {"delete": 4})
    assert "4 of 10 linked records would be gone (limit 4)" in (plan.reason or "")
    [run] = await stage.all("select state, error from run where kind = 'pull' order by id desc limit 1")
    assert run == {"state": "stopped", "error": plan.reason}


async def test_just_below_the_limit_goes_through(build: Build) -> None:
    stage, rows = await filled(build)
    in_small_pages(stage.left)
    _delete(stage, rows[:3])

    counts = await stage.pull(stage.left)

    assert effects(counts) == {"deleted": 3, "records_deleted": 3}
    assert await guard_plans(stage) == []


async def test_the_shipped_policy_stops_forty_percent_of_sixty(build: Build) -> None:
    stage, rows = await filled(build, 60)
    stage.left.connection = replace(stage.left.connection, guards=default_guards())
    _delete(stage, rows[:24])
    assert (await stage.pull(stage.left))["stopped"] == 1
    assert await living(stage) == 60


@pytest.mark.parametrize("mapping", [CLEARS, MAPPING], ids=["taken over", "kept"])
async def test_forty_percent_emptied_are_stopped_whatever_the_mapping_would_make_of_it(
    build: Build, mapping: str
) -> None:
    stage, rows = await filled(build, mapping=mapping)
    before = await contents(stage)
    for row in rows[:4]:
        stage.left.edit(row, city=None)
    counts = await stage.pull(stage.left)
    assert (counts["stopped"], await contents(stage)) == (1, before)
    plan = await the_plan(stage)
    assert "4 of 10 linked records would lose values" in str(plan.reason)
    assert [item.detail["emptied"] for item in await items_of(stage, plan.id)] == [["city"]] * 4


async def test_many_changes_and_many_new_records_are_stopped(build: Build) -> None:
    stage, rows = await filled(build)
    for row in rows[:6]:
        stage.left.edit(row, city="Rom")
    assert (await stage.pull(stage.left))["stopped"] == 1
    [first] = await guard_plans(stage)
    assert first.counts["in"]["partners"] == {"actions": {"change": 6}, "fields": {"city": {"change": 6}}}
    for n in range(20, 26):
        stage.left.create(name=f"New {n}", website=f"new{n}.com")
    assert (await stage.pull(stage.left))["stopped"] == 1
    [first, second] = await guard_plans(stage)
    assert (first.state, second.counts["in"]["partners"]["actions"]) == ("superseded", {"change": 6, "create": 6})


async def test_the_hubs_own_writes_are_no_mass_change(build: Build) -> None:
    stage, _ = await filled(build)
    twins = list(stage.right.rows())
    for twin in twins:
        stage.right.edit(twin, city="Rom")
    await stage.pull(stage.right)
    stage.left.connection = replace(stage.left.connection, guards=Guards({}))
    await stage.push(stage.left)
    guarded(stage.left)
    assert effects(await stage.pull(stage.left)) in ({}, {"agreed": 10})
    assert await guard_plans(stage) == []


async def test_the_next_pull_does_not_ask_twice(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    await stage.pull(stage.left)
    assert (await stage.pull(stage.left))["stopped"] == 1
    assert len(await guard_plans(stage)) == 1


async def test_the_worker_looks_at_a_stopped_object_only_when_it_is_time_to(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    asked = in_small_pages(stage.left)
    await pull(stage.db, stage.left.connection, owner="test", patient=True)
    calls = len(asked)
    assert await pull(stage.db, stage.left.connection, owner="test", patient=True) == {}
    assert len(asked) == calls
    await stage.all('update plan set options = options || \'{"looked_at": "2020-01-01"}\' returning 1')
    assert (await pull(stage.db, stage.left.connection, owner="test", patient=True))["stopped"] == 1
    assert len(asked) > calls


async def test_what_was_repaired_meanwhile_closes_the_plan_and_the_pull_goes_on(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    await stage.pull(stage.left)
    for row in rows[1:4]:
        stage.left.sandbox.human_undelete("partners", row)
    counts = await stage.pull(stage.left)
    assert counts["deleted"] == 1
    plan = await the_plan(stage)
    assert (plan.state, "repaired" in (plan.reason or "")) == ("superseded", True)


async def test_what_is_approved_and_applied_lets_exactly_these_effects_through(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    await stage.pull(stage.left)
    stage.left.sandbox.human_undelete("partners", rows[0])
    _delete(stage, rows[4:5])
    plan = await the_plan(stage)

    done = await carry_out(stage, stage.left, plan.id)

    assert done.state == "applied"
    state = {row: (await fates(stage, plan.id))[row][0] for row in rows[:4]}
    assert state == {rows[0]: "skipped", rows[1]: "applied", rows[2]: "applied", rows[3]: "applied"}
    assert await living(stage) == 7
    assert effects(await stage.pull(stage.left)).get("deleted") == 1  # the fifth, by itself, is no mass change
    assert len(await guard_plans(stage)) == 1


async def test_while_it_is_approved_the_object_waits_to_be_applied(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    await stage.pull(stage.left)
    plan = await the_plan(stage)
    await stage.all(f"update plan set state = 'approved' where id = {plan.id} returning 1")
    assert effects(await stage.pull(stage.left)) == {"stopped": 1}
    assert await living(stage) == 10


async def test_a_rejected_plan_pauses_the_object_until_it_is_repaired(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    await stage.pull(stage.left)
    await reject(stage, await the_plan(stage))
    assert (await stage.pull(stage.left))["stopped"] == 1
    [run] = await stage.all("select error from run where kind = 'pull' order by id desc limit 1")
    assert "was rejected by ben" in run["error"]
    assert len(await guard_plans(stage)) == 1
    for row in rows[:4]:
        stage.left.sandbox.human_undelete("partners", row)
    stage.left.edit(rows[0], city="Rom")
    assert effects(await stage.pull(stage.left)).get("changed") == 1


async def test_another_object_of_the_connection_goes_on(build: Build) -> None:
    stage, rows = await filled(build)
    prospects = load_mapping(PROSPECTS, record_types=RECORD_TYPES, system="sample")
    both = {**stage.left.connection.mappings, "prospects": prospects}
    stage.left.connection = replace(stage.left.connection, mappings=both)
    guarded(stage.left)
    _delete(stage, rows[:4])
    stage.left.sandbox.human_create("prospects", {"name": "Prospect", "website": "prospect.com"})
    counts = await stage.pull(stage.left)
    assert (counts["stopped"], counts["created"]) == (1, 1)


async def test_forty_percent_that_a_scan_does_not_show_are_stopped(build: Build) -> None:
    stage, rows = await filled(build, mapping=PROSPECTS)
    _delete(stage, rows[:4], "prospects")
    long_ago = "begun_at - interval '2 days'"
    await stage.all(f"update scan set begun_at = {long_ago}, completed_at = {long_ago} returning 1")
    counts = await stage.pull(stage.left)
    assert counts["stopped"] == 1
    assert await living(stage) == 10
    plan = await the_plan(stage)
    assert plan.counts["in"]["prospects"]["actions"] == {"delete": 4}
    await carry_out(stage, stage.left, plan.id)
    assert await living(stage) == 6


async def test_forty_percent_deleted_before_a_full_read_began_are_stopped(build: Build) -> None:
    stage, rows = await filled(build)
    _delete(stage, rows[:4])
    counts = await pull(stage.db, stage.left.connection, owner="test", full=True)
    assert (counts["stopped"], await living(stage)) == (1, 10)
    plan = await the_plan(stage)
    assert plan.counts["in"]["partners"]["actions"] == {"delete": 4}
    await carry_out(stage, stage.left, plan.id)
    assert await living(stage) == 6
    assert await stage.all("select 1 from scan") == []  # nothing is owed: the object is not read in full once more


async def test_what_comes_in_little_by_little_within_an_hour_adds_up(build: Build) -> None:
    stage, rows = await filled(build)
    stopped = []
    for row in rows[:4]:
        _delete(stage, [row])
        stopped.append((await stage.pull(stage.left))["stopped"])
    assert (stopped, await living(stage)) == ([0, 0, 0, 1], 7)
    assert "after 3 in the hour before" in str((await the_plan(stage)).reason)


async def test_a_stop_that_came_of_the_hour_before_is_not_over_when_the_hour_is(build: Build) -> None:
    stage, rows = await filled(build)
    for row in rows[:4]:
        _delete(stage, [row])
        await stage.pull(stage.left)
    await stage.all("delete from passed returning 1")
    assert (await stage.pull(stage.left))["stopped"] == 1


async def test_deletions_in_their_grace_wait_while_the_object_is_stopped(build: Build) -> None:
    stage, rows = await filled(build, grace=timedelta(hours=1))
    _delete(stage, rows[:3])
    await stage.pull(stage.left)
    _delete(stage, rows[3:5])
    assert (await stage.pull(stage.left))["stopped"] == 1
    await stage.db_ready()
    await stage.push(stage.left)
    assert await living(stage) == 10
    assert len(stage.right.rows()) == 10


async def test_a_process_that_dies_while_it_stores_leaves_the_rest_to_the_next_which_does_not_stop(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, rows = await filled(build, 60)
    stage.left.connection = replace(stage.left.connection, guards=_allowing(40))
    monkeypatch.setattr("hub.services.guards.holding._A_COMMIT", 5)
    in_small_pages(stage.left, size=5)
    for row in rows[:30]:
        stage.left.edit(row, city="Rom")
    real = pulling.GuardedPull._store_page
    stored: list[Any] = []

    async def dies(self: pulling.GuardedPull, page: Any) -> None:
        if len(stored) == 3:
            raise KeyboardInterrupt
        stored.append(page)
        await real(self, page)

    monkeypatch.setattr(pulling.GuardedPull, "_store_page", dies)
    with pytest.raises(KeyboardInterrupt):
        await stage.pull(stage.left)
    monkeypatch.setattr(pulling.GuardedPull, "_store_page", real)
    counts = await stage.pull(stage.left)
    assert (counts["stopped"], counts["changed"]) == (0, 15)


async def test_a_process_that_dies_while_it_asks_leaves_nothing_and_the_next_asks(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, rows = await filled(build)
    before = await contents(stage)
    _delete(stage, rows[:4])
    with monkeypatch.context() as patch:
        patch.setattr("hub.services.guards.stops.propose_stop", _die)
        with pytest.raises(KeyboardInterrupt):
            await stage.pull(stage.left)
    assert await contents(stage) == before
    assert (await stage.pull(stage.left))["stopped"] == 1
    dead, asked = await guard_plans(stage)
    assert (dead.state, asked.state, len(await items_of(stage, asked.id))) == ("superseded", "proposed", 4)


async def test_what_is_held_back_lies_on_disk_beyond_some_records(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, rows = await filled(build, 30)
    stage.left.connection = replace(stage.left.connection, guards=_allowing(25))
    monkeypatch.setattr("hub.services.guards.holding._IN_MEMORY", 4)
    in_small_pages(stage.left, size=3)
    for row in rows[:20]:
        stage.left.edit(row, city="Rom", tier="Gold")
    assert effects(await stage.pull(stage.left)) == {"changed": 20}
    for row in rows[:6]:
        assert (await stage.values(stage.left, row))["city"] == "Rom"
    assert effects(await stage.pull(stage.left)) == {}


async def test_a_first_read_is_not_guarded_and_a_quiet_pull_holds_nothing_back(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = await build(CLEARS)
    guarded(stage.left)
    for n in range(20):
        stage.left.create(name=f"Firm {n}", website=f"firm{n}.com")
    assert (await stage.pull(stage.left))["created"] == 20
    held: list[Any] = []
    monkeypatch.setattr(Held, "add", lambda *args, **_: held.append(args))
    stage.left.create(name="Another", website="another.com")
    assert (await stage.pull(stage.left))["created"] == 1
    assert held == []


async def test_what_was_read_until_the_system_broke_off_is_kept_when_it_is_no_mass_change(build: Build) -> None:
    stage, rows = await filled(build)
    stage.left.connection = replace(stage.left.connection, guards=_allowing(9))
    asked = in_small_pages(stage.left)
    for row in rows[:4]:
        stage.left.edit(row, city="Rom")
    connector: Any = stage.left.connection.connector
    real = connector.read_page

    async def breaks_off(query: ReadQuery, cursor: str | None) -> Page:
        if len(asked) == 4:
            raise Unavailable("The system is down.")
        page: Page = await real(query, cursor)
        return page

    connector.read_page = breaks_off
    with pytest.raises(Unavailable):
        await stage.pull(stage.left)
    changed = [row for row in rows if (await stage.values(stage.left, row))["city"] == "Rom"]
    assert changed == rows[:2]


async def test_a_mass_change_that_is_not_limited_goes_through(build: Build) -> None:
    stage, rows = await filled(build)
    stage.left.connection = replace(stage.left.connection, guards=Guards({"in": {"creates": Threshold(1, Decimal(0))}}))
    _delete(stage, rows[:9])
    assert effects(await stage.pull(stage.left)).get("deleted") == 9


def _allowing(number: int) -> Guards:
    return Guards({"in": {"changes": Threshold(number, Decimal(0))}})


async def _die(*_: Any, **__: Any) -> str:
    raise KeyboardInterrupt
