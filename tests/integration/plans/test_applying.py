"""Applying a plan does what was approved and still stands, once, and skips the rest with a reason."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.db import connections, cursors, plans
from hub.db.leases import LeaseLost
from hub.services.connection_options import creates
from hub.services.objects import OpenConnection
from hub.services.plans import applying, settling
from hub.services.plans.applying import apply_plan, begin_apply
from hub.services.plans.deciding import approve_plan, get_plan
from hub.services.pulling import has_been_read
from hub.services.refusals import NotNow
from tests.integration.engine.conftest import MAPPING, Build, Stage
from tests.integration.plans.conftest import carry_out, contents, fates, hear_nothing, items_of, make_plan

MIRROR = MAPPING + "on_delete: mirror\n"


async def _filled(stage: Stage) -> dict[str, str]:
    """One partner that both sides have, one that only the hub has, one that only the left has."""
    stage.right.create(name="Acme", website="acme.com", country="DE", city="Bonn")
    stage.right.create(name="Only here", website="only.example", country="DE")
    await stage.pull(stage.right)
    return {
        "acme": stage.left.create(name="Acme", website="acme.com", country="DE", tier="Gold"),
        "new": stage.left.create(name="Newcomer", website="new.example", country="DE"),
    }


async def test_an_applied_plan_leaves_both_sides_as_a_sync_would_and_the_next_sync_moves_nothing(stage: Stage) -> None:
    ids = await _filled(stage)
    plan = await make_plan(stage, stage.left)

    done = await carry_out(stage, stage.left, plan.id)
    delivered = await stage.push(stage.left)

    assert done.state == "applied"
    assert {state for state, _ in (await fates(stage, plan.id)).values()} == {"applied"}
    assert (delivered["remote_created"], delivered["remote_updated"]) == (1, 1)
    assert stage.left.names() == ["Acme", "Newcomer", "Only here"]
    assert stage.left.row(ids["acme"])["city"] == "Bonn"
    again = await stage.pull(stage.left) + await stage.push(stage.left)
    assert not {what for what in again if what not in ("read", "unchanged", "overlap", "agreed", "idle")}
    assert await has_been_read(stage.db, stage.left.connection)


async def test_each_change_names_the_run_of_the_plan_that_made_it(stage: Stage) -> None:
    await _filled(stage)
    plan = await make_plan(stage, stage.left)

    done = await carry_out(stage, stage.left, plan.id)

    rows = await stage.all(f"select distinct run_id from change where origin = {stage.left.connection.id}")
    assert [row["run_id"] for row in rows] == [done.run_id]
    [run] = await stage.all(f"select kind, state, counts from run where id = {done.run_id}")
    assert (run["kind"], run["state"]) == ("apply", "done")
    assert run["counts"] == {"change": 1, "create": 2, "link": 1}


async def test_what_changed_since_is_skipped_and_says_why(build: Build) -> None:
    stage = await build(MIRROR)
    names = ("Edited there", "Edited here", "Gone there", "Gone here", "Untouched", "Back again")
    ids = {name: stage.left.create(name=name, website=f"{name[:6]}{i}.example") for i, name in enumerate(names)}
    await stage.settle()
    for remote_id in ids.values():
        stage.left.edit(remote_id, city="Rom")
    stage.left.sandbox.human_delete("partners", ids["Back again"])
    plan = await make_plan(stage, stage.left)

    stage.left.edit(ids["Edited there"], city="Oslo")
    stage.left.sandbox.human_delete("partners", ids["Gone there"])
    stage.left.sandbox.human_undelete("partners", ids["Back again"])
    twins = {row["name"]: remote_id for remote_id, row in stage.right.rows().items()}
    stage.right.edit(twins["Edited here"], tier="Gold")
    stage.right.sandbox.human_delete("partners", twins["Gone here"])
    await stage.pull(stage.right)
    done = await carry_out(stage, stage.left, plan.id)

    told = {name: (await fates(stage, plan.id))[ids[name]] for name in names}
    assert told == {
        "Edited there": ("skipped", "It was changed there since."),
        "Edited here": ("skipped", "The hub's record was changed since."),
        "Gone there": ("skipped", "It is not there any more."),
        "Gone here": ("skipped", "The hub's record was changed since."),
        "Untouched": ("applied", None),
        "Back again": ("skipped", "It is there again."),
    }
    assert done.state == "applied"
    assert (await stage.values(stage.left, ids["Untouched"]))["city"] == "Rom"
    assert (await stage.values(stage.left, ids["Edited there"]))["city"] is None
    await stage.settle()
    assert (await stage.values(stage.left, ids["Edited there"]))["city"] == "Oslo"
    assert (await stage.values(stage.left, ids["Edited here"]))["city"] == "Rom"


async def test_a_record_that_would_now_be_linked_instead_of_created_is_skipped(stage: Stage) -> None:
    new = stage.left.create(name="Newcomer", website="new.example", country="DE")
    plan = await make_plan(stage, stage.left)
    stage.right.create(name="Newcomer", website="new.example", country="DE")
    await stage.pull(stage.right)

    await carry_out(stage, stage.left, plan.id)

    assert await fates(stage, plan.id) == {new: ("skipped", "It would come to something else by now.")}
    assert await stage.linked(stage.left) == {}


async def test_link_only_creates_nothing_on_either_side_and_nothing_creeps_in_later(stage: Stage) -> None:
    ids = await _filled(stage)
    plan = await make_plan(stage, stage.left)

    await carry_out(stage, stage.left, plan.id, allow=("link",))

    assert list(await stage.linked(stage.left)) == [ids["acme"]]
    async with stage.db.transaction() as tx:
        stored = await connections.by_id(tx, stage.left.connection.id)
    assert stored is not None
    assert stored.begun_at is not None
    assert stored.options == {"create": "none"}
    stage.left.connection = _with_options(stage.left.connection, stored.options)
    stage.left.edit(ids["new"], city="Oslo")
    [other] = [remote_id for remote_id, row in stage.right.rows().items() if row["name"] == "Only here"]
    stage.right.edit(other, city="Oslo")
    counts = await stage.pull(stage.left)
    await stage.settle()
    assert counts["not_created"] == 1
    assert stage.left.names() == ["Acme", "Newcomer"]
    assert stage.right.names() == ["Acme", "Only here"]


def _with_options(connection: OpenConnection, options: dict[str, Any]) -> OpenConnection:
    return replace(connection, creates=creates(options))


async def test_a_later_plan_shows_what_is_not_created_by_itself_and_can_create_it(stage: Stage) -> None:
    await _filled(stage)
    await carry_out(stage, stage.left, (await make_plan(stage, stage.left)).id, allow=("link",))
    stage.left.connection = _with_options(stage.left.connection, {"create": "none"})

    plan = await make_plan(stage, stage.left, full=True)
    await carry_out(stage, stage.left, plan.id, directions=("in",))

    assert plan.counts["in"]["partners"]["actions"] == {"create": 1}
    assert len(await stage.linked(stage.left)) == 2
    left_out = await items_of(stage, plan.id, direction="out")
    assert {item.reason for item in left_out} == {
        "It was left out: only change, create, delete, link, null (in) was allowed."
    }


async def test_what_was_deleted_before_a_plan_read_all_again_is_left_to_the_next_pull(stage: Stage) -> None:
    await _filled(stage)
    await carry_out(stage, stage.left, (await make_plan(stage, stage.left)).id)
    gone = next(remote_id for remote_id, link in (await stage.linked(stage.left)).items() if link["state"] == "live")
    stage.left.sandbox.human_delete("partners", gone)
    stage.left.sandbox.clock.advance(timedelta(days=1))
    stage.left.create(name="Late", website="late.com")

    plan = await make_plan(stage, stage.left, full=True)
    await carry_out(stage, stage.left, plan.id)
    await stage.pull(stage.left)

    assert (await stage.linked(stage.left))[gone]["state"] == "deleted"


async def test_a_plan_is_applied_only_when_approved_unaltered_and_made_with_the_same_mapping(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    plan = await make_plan(stage, stage.left)
    async with stage.db.transaction() as tx:
        with pytest.raises(NotNow, match="only one that is approved"):
            await begin_apply(tx, plan_id=plan.id, actor="ben")
        await approve_plan(tx, plan_id=plan.id, actor="ben")
        await tx.run("update plan_item set action = 'link'")
        with pytest.raises(NotNow, match="altered"):
            await begin_apply(tx, plan_id=plan.id, actor="ben")
        await tx.run("update plan_item set action = 'create'")
        await begin_apply(tx, plan_id=plan.id, actor="ben")
        await tx.run("""update plan set options = options || '{"mappings": {"partners": "other"}}'""")

    with pytest.raises(NotNow, match="mapping of partners was changed"):
        await apply_plan(stage.db, stage.left.connection, plan_id=plan.id, owner="test", listener=hear_nothing)

    async with stage.db.transaction() as tx:
        assert (await get_plan(tx, plan_id=plan.id)).state == "failed"


async def test_the_plans_cursor_becomes_the_connections_own_unless_that_has_moved_on(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    plan = await make_plan(stage, stage.left)
    await carry_out(stage, stage.left, plan.id)

    async with stage.db.transaction() as tx:
        here = {"connection_id": stage.left.connection.id, "object_name": "partners", "direction": "inbound"}
        first = await cursors.load(tx, **here)  # type: ignore[arg-type]
    assert first == plan.cursors["in"]["partners"][1]
    assert (await stage.pull(stage.left))["created"] == 0

    second = await make_plan(stage, stage.left)
    async with stage.db.transaction() as tx:
        await tx.run("update cursor set value = 'moved on' where direction = 'inbound'")
    await carry_out(stage, stage.left, second.id)
    async with stage.db.transaction() as tx:
        assert await cursors.load(tx, **here) == "moved on"  # type: ignore[arg-type]


async def test_another_process_goes_on_where_one_died_and_nothing_is_done_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(7):
        stage.left.create(name=f"Firm {i}", website=f"firm{i}.example", country="DE")
    plan = await make_plan(stage, stage.left)
    monkeypatch.setattr(applying, "_BATCH", 2)
    settle, calls = settling.settle_incoming, list[int]()

    async def dies(*args: Any, **named: Any) -> None:
        if len(calls) == 2:
            raise RuntimeError("killed")
        calls.append(1)
        await settle(*args, **named)

    monkeypatch.setattr(applying, "settle_incoming", dies)
    with pytest.raises(RuntimeError):
        await carry_out(stage, stage.left, plan.id)
    states = [item.state for item in await items_of(stage, plan.id)]
    assert states == ["applied"] * 4 + ["planned"] * 3

    monkeypatch.setattr(applying, "settle_incoming", settle)
    done = await apply_plan(stage.db, stage.left.connection, plan_id=plan.id, owner="another", listener=hear_nothing)

    assert done.state == "applied"
    assert len(await stage.linked(stage.left)) == 7
    assert len(await stage.all("select id from organization")) == 7


async def test_a_process_whose_lease_has_passed_on_stores_nothing_more(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    plan = await make_plan(stage, stage.left)
    async with stage.db.transaction() as tx:
        await approve_plan(tx, plan_id=plan.id, actor="ben")
        await begin_apply(tx, plan_id=plan.id, actor="ben")
    read_many = stage.left.connection.connector.read_many  # type: ignore[attr-defined]

    async def slow(*args: Any) -> Any:
        async with stage.db.transaction() as tx:
            await tx.run("update lease set token = token + 1, owner = 'another' where name like 'plan:%%'")
        return await read_many(*args)

    stage.left.connection.connector.read_many = slow  # type: ignore[attr-defined]
    before = await contents(stage)

    with pytest.raises(LeaseLost):
        await apply_plan(stage.db, stage.left.connection, plan_id=plan.id, owner="test", listener=hear_nothing)

    assert await contents(stage) == before
    async with stage.db.transaction() as tx:
        assert [item.state for item in await plans.items(tx, plan_id=plan.id)] == ["planned"]


async def test_references_among_new_records_come_along_whatever_their_order(stage: Stage) -> None:
    parent = stage.left.create(name="Parent", website="parent.example", country="DE")
    child = stage.left.create(name="Child", website="child.example", country="DE", parent=parent)
    plan = await make_plan(stage, stage.left)
    planned = {item.remote_id: item.fields for item in await items_of(stage, plan.id)}

    await carry_out(stage, stage.left, plan.id)

    assert planned[child]["parent"] == [None, {"created": parent}]
    links = await stage.linked(stage.left)
    assert (await stage.values(stage.left, child))["parent"] == links[parent]["record_id"]
