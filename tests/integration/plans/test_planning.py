"""A plan tells what a sync would do to both sides, and writes nothing."""

from datetime import timedelta
from typing import Any

from hub.db import connections
from hub.services.plans.building import build_plan, request_plan
from tests.integration.engine.conftest import MAPPING, Build, Stage
from tests.integration.plans.conftest import contents, hear_nothing, items_of, make_plan


async def test_a_first_plan_tells_apart_what_is_known_new_and_missing_there_and_writes_nothing(stage: Stage) -> None:
    stage.right.create(name="Acme", website="acme.com", country="DE", city="Bonn")
    stage.right.create(name="Only here", website="only.example", country="DE")
    await stage.pull(stage.right)
    acme = stage.left.create(name="Acme", website="acme.com", country="DE", tier="Gold")
    new = stage.left.create(name="Newcomer", website="new.example", country="DE")
    before, calls = await contents(stage), stage.left.writes()

    plan = await make_plan(stage, stage.left)

    assert plan.state == "proposed"
    assert plan.counts["in"]["partners"]["actions"] == {"create": 1, "link": 1}
    assert plan.counts["out"]["partners"]["actions"] == {"create": 1, "change": 1}
    found = {(item.direction, item.action): item for item in await items_of(stage, plan.id)}
    assert found["in", "link"].remote_id == acme
    assert found["in", "link"].fields == {"tier": [None, "gold"]}
    assert found["in", "create"].remote_id == new
    assert found["out", "change"].fields == {"city": [None, "Bonn"]}
    assert found["out", "create"].fields["legal_name"] == [None, "Only here"]
    assert await contents(stage) == before
    assert stage.left.writes() == calls


async def test_a_plan_costs_what_was_read_and_what_applying_it_reads_and_writes(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")

    plan = await make_plan(stage, stage.left)

    assert plan.cost["plan"]["calls"] >= 1
    assert plan.cost["apply"] == {
        "calls": 1, "guard_reads": 0, "reads": 1, "seconds": plan.cost["apply"]["seconds"], "writes": 0,
    }  # fmt: skip


async def test_a_later_plan_holds_only_what_changed_and_names_what_is_emptied_or_deleted(stage: Stage) -> None:
    kept = stage.left.create(name="Kept", website="kept.example", country="DE", city="Bonn")
    gone = stage.left.create(name="Gone", website="gone.example", country="DE")
    stage.left.create(name="Same", website="same.example", country="DE")
    await stage.settle()
    stage.left.edit(kept, name="Renamed", city="Rom")
    stage.left.sandbox.human_delete("partners", gone)

    plan = await make_plan(stage, stage.left)

    actions = {item.remote_id: item.action for item in await items_of(stage, plan.id)}
    assert actions == {kept: "change", gone: "delete"}
    assert plan.counts["in"]["partners"]["fields"] == {"city": {"change": 1}, "legal_name": {"change": 1}}
    assert plan.counts["seen"]["partners"]["compared"] == 3


async def test_a_deletion_says_what_follows_for_the_hubs_record_and_when(build: Build) -> None:
    stage = await build(MAPPING + "on_delete: mirror\n", grace=timedelta(minutes=10))
    gone = stage.left.create(name="Gone", website="gone.example", country="DE")
    await stage.settle()
    stage.left.sandbox.human_delete("partners", gone)

    plan = await make_plan(stage, stage.left)

    [item] = await items_of(stage, plan.id)
    assert (item.action, item.detail["hub_record"]) == ("delete", "deleted 600 seconds later")
    assert await stage.all("select 1 from departure") == []


async def test_what_the_mapping_cannot_take_is_in_the_plan_as_quarantine(stage: Stage) -> None:
    odd = stage.left.create(name="", website="odd.example", country="DE")

    plan = await make_plan(stage, stage.left)

    [item] = await items_of(stage, plan.id)
    assert (item.remote_id, item.action) == (odd, "quarantine")
    assert item.detail["problems"][0]["field"] == "legal_name"
    assert await stage.all("select from quarantine") == []


async def test_a_plan_made_anew_takes_the_place_of_the_one_that_waits(stage: Stage) -> None:
    first = await make_plan(stage, stage.left)

    second = await make_plan(stage, stage.left)

    rows = await stage.all("select id, state from plan order by id")
    assert [tuple(row.values()) for row in rows] == [(first.id, "superseded"), (second.id, "proposed")]


async def test_a_plan_that_is_overtaken_while_it_is_built_stays_overtaken(stage: Stage) -> None:
    async with stage.db.transaction() as tx:
        stored = await connections.by_id(tx, stage.left.connection.id)
        assert stored is not None
        first = await request_plan(tx, stored, actor="anna")
    read_page = stage.left.connection.connector.read_page  # type: ignore[attr-defined]

    async def slow(*args: Any) -> Any:
        stage.left.connection.connector.read_page = read_page  # type: ignore[attr-defined]
        await make_plan(stage, stage.left)
        return await read_page(*args)

    stage.left.connection.connector.read_page = slow  # type: ignore[attr-defined]
    plan = await build_plan(
        stage.db, stage.left.connection, plan_id=first, owner="test", budget=None, listener=hear_nothing
    )

    assert (plan.id, plan.state) == (first, "superseded")


async def test_a_repeated_build_begins_anew(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    plan = await make_plan(stage, stage.left)
    async with stage.db.transaction() as tx:  # as if its process had died just before the end
        await tx.run("update plan set state = 'building'")

    again = await build_plan(
        stage.db, stage.left.connection, plan_id=plan.id, owner="another", budget=None, listener=hear_nothing
    )

    assert (again.state, again.digest, again.counts) == ("proposed", plan.digest, plan.counts)
