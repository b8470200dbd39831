"""A reconciliation's findings are set right through a plan: all that a read or a delivery can, and nothing else."""

import pytest

from hub.db import connections
from hub.db.plans import StoredPlan
from hub.services.plans.building import build_plan
from hub.services.plans.repairing import request_repair
from hub.services.reconciling import ObjectReport, reconcile
from hub.services.refusals import NotNow
from tests.integration.engine.conftest import Build, Stage, System
from tests.integration.plans.conftest import carry_out, hear_nothing, items_of


async def compare(stage: Stage, system: System) -> ObjectReport:
    (report,) = await reconcile(stage.db, system.connection, owner="test", listener=lambda _, __: None)
    return report


async def plan_repair(stage: Stage, system: System) -> StoredPlan:
    async with stage.db.transaction() as tx:
        stored = await connections.by_id(tx, system.connection.id)
        assert stored is not None
        plan_id = await request_repair(tx, stored, actor="anna")
    return await build_plan(
        stage.db, system.connection, plan_id=plan_id, owner="test", budget=None, listener=hear_nothing
    )


async def edit_unseen(stage: Stage, remote_id: str, city: str) -> None:
    """The hub's record changes without a line in the change log, as a restored backup would do it."""
    record_id = (await stage.linked(stage.left))[remote_id]["record_id"]
    await stage.all(f"update organization set city = '{city}' where id = '{record_id}' returning id")


async def test_what_was_missed_on_either_side_is_set_right(stage: Stage) -> None:
    ids = [stage.left.create(name=f"P{n}", website=f"p{n}.com", country="DE", city="Bonn") for n in range(4)]
    await stage.settle()
    stage.left.edit(ids[0], city="Berlin")
    stage.left.sandbox.human_delete("partners", ids[1])
    extra = stage.left.create(name="Extra", website="extra.com", country="DE")
    await edit_unseen(stage, ids[2], "Kiel")
    assert (await compare(stage, stage.left)).differences == 4

    plan = await plan_repair(stage, stage.left)

    told = {(i.direction, i.action, i.remote_id) for i in await items_of(stage, plan.id)}
    assert told == {
        ("in", "change", ids[0]),
        ("in", "delete", ids[1]),
        ("in", "create", extra),
        ("out", "change", ids[2]),
    }
    assert (await compare(stage, stage.left)).differences == 4, "a plan writes nothing"
    await carry_out(stage, stage.left, plan.id)
    await stage.settle()
    assert (await compare(stage, stage.left)).differences == 0
    assert (await stage.values(stage.left, ids[0]))["city"] == "Berlin"
    assert stage.left.row(ids[2])["city"] == "Kiel"


async def test_an_edit_of_a_field_that_only_the_hub_writes_is_written_over(build: Build) -> None:
    stage = await build(
        "version: 1\nobject: partners\nrecord: partner\nkey: {field: hub_id}\n"
        "fields:\n  legal_name: {remote: name, required: true}\n  city: {remote: city, direction: push}\n"
    )
    remote_id = stage.left.create(name="Acme")
    await stage.settle()
    await edit_unseen(stage, remote_id, "Kiel")
    await compare(stage, stage.left)
    await carry_out(stage, stage.left, (await plan_repair(stage, stage.left)).id)
    await stage.settle()
    stage.left.edit(remote_id, city="Nowhere")
    await compare(stage, stage.left)

    plan = await plan_repair(stage, stage.left)
    (item,) = await items_of(stage, plan.id)
    assert (item.direction, item.action, item.fields["city"][1]) == ("out", "change", "Kiel")
    await carry_out(stage, stage.left, plan.id)
    await stage.settle()

    assert stage.left.row(remote_id)["city"] == "Kiel"
    assert (await compare(stage, stage.left)).differences == 0


async def test_what_changed_since_is_left_out(stage: Stage) -> None:
    remote_id = stage.left.create(name="Acme", website="acme.com", country="DE", city="Bonn")
    await stage.settle()
    stage.left.edit(remote_id, city="Berlin")
    await compare(stage, stage.left)
    plan = await plan_repair(stage, stage.left)
    stage.left.edit(remote_id, city="Ulm")
    await carry_out(stage, stage.left, plan.id)
    (item,) = await items_of(stage, plan.id)
    assert (item.state, item.reason) == ("skipped", "It was changed there since.")


async def test_without_findings_there_is_nothing_to_plan(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com", country="DE")
    await stage.settle()
    await compare(stage, stage.left)
    with pytest.raises(NotNow, match="partnerhub reconcile left compares both sides"):
        await plan_repair(stage, stage.left)
