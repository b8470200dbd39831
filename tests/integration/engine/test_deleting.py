"""What a deletion in one system does to the others: the mapping's on_delete."""

from uuid import UUID

import pytest

from hub.record import RECORD_TYPES
from hub.services.removal import delete_record, restore_record
from tests.integration.engine.conftest import MAPPING, Build, Stage, System

MIRROR = MAPPING + "on_delete: mirror\n"
ASK = MAPPING + "on_delete: ask\n"


async def _pair(stage: Stage) -> tuple[str, str]:
    left = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right,) = stage.right.rows()
    return left, right


@pytest.mark.parametrize("where", ["left", "right"])
async def test_a_mirrored_deletion_reaches_the_hub_and_the_other_system(build: Build, where: str) -> None:
    stage = await build(MIRROR)
    left, right = await _pair(stage)
    system: System = getattr(stage, where)
    system.sandbox.human_delete("partners", left if where == "left" else right)
    await stage.settle()
    assert (stage.left.rows(), stage.right.rows()) == ({}, {})
    (record,) = await stage.all("select deleted_at is not null as deleted from organization")
    assert record["deleted"]


@pytest.mark.parametrize("where", ["left", "right"])
async def test_a_mirrored_undeletion_restores_the_record_everywhere(build: Build, where: str) -> None:
    stage = await build(MIRROR)
    left, right = await _pair(stage)
    system: System = getattr(stage, where)
    row = left if where == "left" else right
    system.sandbox.human_delete("partners", row)
    await stage.settle()
    system.sandbox.human_undelete("partners", row)
    await stage.settle()
    assert (stage.left.names(), stage.right.names()) == (["Acme"], ["Acme"])
    assert len(await stage.all("select id from organization")) == 1


async def test_a_deletion_is_not_undone_by_the_first_look_at_our_own_write(build: Build) -> None:
    stage = await build(MIRROR)
    left = stage.left.create(name="Acme", website="acme.com")
    await stage.pull(stage.left)
    await stage.push(stage.right)
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    assert stage.right.rows() == {}


async def test_an_edit_that_did_not_know_of_a_deletion_brings_the_record_back(build: Build) -> None:
    stage = await build(MIRROR)
    left, right = await _pair(stage)
    await stage.settle()
    stage.left.sandbox.human_delete("partners", left)
    stage.right.edit(right, city="Berlin")
    await stage.settle()
    assert [row["city"] for row in stage.right.rows().values()] == ["Berlin"]
    assert [row["city"] for row in stage.left.rows().values()] == ["Berlin"]


async def test_ask_leaves_the_record_and_raises_a_question(build: Build) -> None:
    stage = await build(ASK)
    left, _ = await _pair(stage)
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    assert stage.right.names() == ["Acme"]
    (asked,) = await stage.all("select field, theirs, state from conflict")
    assert asked == {"field": "(record)", "theirs": "deleted", "state": "open"}


async def test_the_question_goes_away_when_the_record_comes_back(build: Build) -> None:
    stage = await build(ASK)
    left, _ = await _pair(stage)
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    stage.left.sandbox.human_undelete("partners", left)
    await stage.settle()
    (asked,) = await stage.all("select state from conflict")
    assert asked["state"] == "resolved"


async def _delete_in_hub(stage: Stage) -> UUID:
    (row,) = await stage.all("select id from organization where deleted_at is null")
    async with stage.db.transaction() as tx:
        await delete_record(tx, RECORD_TYPES["partner"], record_id=row["id"], version=None, actor="test")
    return UUID(str(row["id"]))


async def _restore_in_hub(stage: Stage, record_id: UUID) -> None:
    async with stage.db.transaction() as tx:
        await restore_record(tx, RECORD_TYPES["partner"], record_id=record_id, version=None, actor="test")


async def test_a_deletion_in_the_hub_is_delivered_where_deletions_are_mirrored(build: Build) -> None:
    stage = await build(MIRROR)
    await _pair(stage)
    await _delete_in_hub(stage)
    await stage.settle()
    assert (stage.left.rows(), stage.right.rows()) == ({}, {})


async def test_a_record_restored_in_the_hub_comes_back_where_deletions_are_mirrored(build: Build) -> None:
    stage = await build(MIRROR)
    await _pair(stage)
    record_id = await _delete_in_hub(stage)
    await stage.settle()
    await _restore_in_hub(stage, record_id)
    await stage.settle()
    assert (stage.left.names(), stage.right.names()) == (["Acme"], ["Acme"])
    assert len(await stage.all("select id from organization")) == 1


async def test_a_deletion_that_is_taken_back_before_it_left_deletes_nothing(build: Build) -> None:
    stage = await build(MIRROR)
    left, right = await _pair(stage)
    await _restore_in_hub(stage, await _delete_in_hub(stage))
    await stage.settle()
    assert (list(stage.left.rows()), list(stage.right.rows())) == ([left], [right])


async def test_a_deletion_in_the_hub_stays_there_where_nothing_is_mirrored(build: Build) -> None:
    stage = await build(MAPPING)
    left, right = await _pair(stage)
    await _delete_in_hub(stage)
    await stage.settle()
    assert (list(stage.left.rows()), list(stage.right.rows())) == ([left], [right])
    assert await stage.all("select id from organization where deleted_at is null") == []
