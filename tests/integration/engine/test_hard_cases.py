"""Corners in which the engine once lost, doubled or never ended something."""

import asyncio

from hub.db import deliveries, links
from hub.record.values import encode_values
from hub.services.records import patch_record
from tests.integration.engine.conftest import MAPPING, Build, Stage, System


async def _pair(stage: Stage) -> tuple[str, str]:
    left = stage.left.create(name="Acme", website="acme.com", country="DE", city="Bonn")
    await stage.settle()
    (right,) = stage.right.rows()
    return left, right


async def test_a_write_goes_through_after_an_edit_of_a_field_that_is_not_mapped(stage: Stage) -> None:
    left, right = await _pair(stage)
    stage.right.edit(right, revenue=5)
    stage.left.edit(left, city="Berlin")
    await asyncio.wait_for(stage.settle(), 60)
    assert stage.right.row(right)["city"] == "Berlin"


async def test_an_emptied_field_that_may_not_be_emptied_is_filled_again(stage: Stage) -> None:
    left, _ = await _pair(stage)
    stage.left.edit(left, city=None)
    await stage.settle()
    assert stage.left.row(left)["city"] == "Bonn"


async def test_a_conflict_that_ends_by_giving_way_sends_the_hubs_value(stage: Stage) -> None:
    left, right = await _pair(stage)
    stage.left.edit(left, city="Berlin")
    stage.right.edit(right, city="Hamburg")
    await stage.settle()
    stage.right.edit(right, city="Bonn")
    await stage.settle()
    assert stage.right.row(right)["city"] == "Berlin"


async def test_a_conflict_ends_when_the_hubs_side_comes_round(stage: Stage) -> None:
    left, right = await _pair(stage)
    stage.left.edit(left, city="Berlin")
    stage.right.edit(right, city="Hamburg")
    await stage.settle()
    stage.left.edit(left, city="Hamburg")
    await stage.settle()
    (conflict,) = await stage.all("select state from conflict")
    assert conflict["state"] == "resolved"


async def test_a_deleted_record_that_comes_back_after_its_twin_took_its_place_is_one_of_its_own(stage: Stage) -> None:
    left, _ = await _pair(stage)
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    twin = stage.left.create(name="Acme anew", website="acme.com", country="DE")
    await stage.settle()
    stage.left.sandbox.human_undelete("partners", left)
    await stage.settle()
    linked = await stage.linked(stage.left)
    assert linked[left]["state"] == linked[twin]["state"] == "live"
    assert linked[left]["record_id"] != linked[twin]["record_id"]
    assert len(stage.right.rows()) == 1


async def test_a_merged_record_that_is_restored_is_taken_in_again(stage: Stage) -> None:
    winner = stage.left.create(name="Acme", website="acme.com")
    loser = stage.left.create(name="Acme GmbH", website="acme.de")
    await stage.settle()
    stage.left.sandbox.human_merge("partners", winner, loser)
    await stage.settle()
    stage.left.sandbox.human_undelete("partners", loser)
    stage.left.edit(loser, city="Bonn")
    await stage.settle()
    assert (await stage.linked(stage.left))[loser]["state"] == "live"
    assert (await stage.values(stage.left, loser))["city"] == "Bonn"


async def test_a_child_may_come_with_its_new_parent_in_one_page(stage: Stage) -> None:
    left, right = await _pair(stage)
    parent = stage.left.create(name="Holding", website="holding.com")
    stage.left.edit(left, parent=parent)
    await stage.settle()
    names = {remote_id: row["name"] for remote_id, row in stage.right.rows().items()}
    assert names[str(stage.right.row(right)["parent"])] == "Holding"


async def test_a_parent_that_is_merged_into_its_child_leaves_no_circle(stage: Stage) -> None:
    parent = stage.left.create(name="Holding", website="holding.com")
    child = stage.left.create(name="Branch", website="branch.com", parent=parent)
    await stage.settle()
    stage.left.edit(child, parent=None)
    stage.left.sandbox.human_merge("partners", child, parent)
    await stage.settle()
    assert (await stage.values(stage.left, child))["parent"] is None


async def test_a_change_during_a_rejected_write_gets_its_own_chance(stage: Stage) -> None:
    left, right = await _pair(stage)
    stage.left.edit(left, city="Berlin")
    await stage.pull(stage.left)
    stage.right.sandbox.faults.arm("reject_row")
    record = (await stage.linked(stage.left))[left]["record_id"]
    partner = stage.left.connection.object("partners").record_type
    real = stage.right.connection.connector.write  # type: ignore[attr-defined]

    async def write(*args: object) -> object:
        outcomes = await real(*args)
        async with stage.db.transaction() as tx:
            values = {"city": "Hamburg"}
            await patch_record(tx, partner, record_id=record, values=values, version=None, actor="somebody")
            await deliveries.request(
                tx, connection_id=stage.right.connection.id, object_name="partners", records=[(record, "partner")]
            )
        stage.right.connection.connector.write = real  # type: ignore[attr-defined]
        return outcomes

    stage.right.connection.connector.write = write  # type: ignore[attr-defined]
    await stage.settle()
    assert stage.right.row(right)["city"] == "Hamburg"
    assert await stage.all("select id from delivery where state = 'dead'") == []


async def test_two_workers_push_one_connection_without_doubling(stage: Stage) -> None:
    for number in range(40):
        stage.left.create(name=f"Partner {number}", website=f"p{number}.com")
    await stage.pull(stage.left)
    await asyncio.gather(*(_push(stage, stage.right, f"worker {n}") for n in range(3)))
    await stage.settle()
    assert len(stage.right.rows()) == 40
    assert sum(stage.right.sandbox.calls[c] for c in stage.right.sandbox.calls if c.endswith("/batch")) <= 3


async def test_a_page_that_waited_for_a_write_does_not_undo_it(stage: Stage) -> None:
    _, right = await _pair(stage)
    connection = stage.right.connection
    link = (await stage.linked(stage.right))[right]
    stage.right.edit(right, tier="Gold")  # makes the page worth a second look
    async with stage.db.transaction() as tx:
        await tx.run("update organization set city = 'Berlin' where id = %s", link["record_id"])
        pulling = asyncio.create_task(stage.pull(stage.right))
        while await tx.one("select 1 from pg_locks where not granted") is None:  # noqa: ASYNC110 - another session
            await asyncio.sleep(0)
        shadow = encode_values({"city": "Berlin"})
        await links.agree(
            tx, connection_id=connection.id, object_name="partners", written=[(link["record_id"], right, shadow, "9")]
        )
    counts = await pulling
    assert counts["stale"] == 1
    assert (await stage.values(stage.right, right))["city"] == "Berlin"


async def _push(stage: Stage, system: System, owner: str) -> None:
    from hub.services.cycle import push

    await push(stage.db, system.connection, owner=owner)


async def test_an_unsent_edit_of_a_merged_record_meets_the_survivors_value_as_a_conflict(build: Build) -> None:
    stage = await build(MAPPING)
    loser = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    winner = stage.left.create(name="Acme GmbH", website="acme.de", city="Kiel")
    await stage.settle()
    record = (await stage.linked(stage.left))[loser]["record_id"]
    partner = stage.left.connection.object("partners").record_type
    async with stage.db.transaction() as tx:
        values = {"city": "Berlin"}
        await patch_record(tx, partner, record_id=record, values=values, version=None, actor="somebody")
        await deliveries.request(
            tx, connection_id=stage.left.connection.id, object_name="partners", records=[(record, "partner")]
        )
    stage.left.sandbox.human_merge("partners", winner, loser)
    await stage.pull(stage.left)
    await stage.settle()
    (conflict,) = await stage.all("select field, ours, theirs from conflict where state = 'open'")
    assert conflict == {"field": "city", "ours": "Berlin", "theirs": "Kiel"}
    assert stage.left.row(winner)["city"] == "Kiel"
