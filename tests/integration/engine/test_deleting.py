"""What a deletion in one system does to the others: the mapping's on_delete."""

from uuid import UUID

import pytest

from hub.db import rereads
from hub.record import RECORD_TYPES
from hub.services.cycle import reread
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


DEACTIVATE = MAPPING.replace("  parent:", "  status: {remote: status}\n  parent:") + "on_delete: "
TERMINATE = DEACTIVATE + "{deactivate: {status: terminated}}\n"
TERMINATE_THERE = DEACTIVATE + "{pull: mirror, push: {deactivate: {status: terminated}}}\n"


async def test_a_deactivating_deletion_sets_the_declared_fields_everywhere_else(build: Build) -> None:
    stage = await build(TERMINATE)
    left = stage.left.create(name="Acme", website="acme.com", status="active")
    await stage.settle()
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    assert [row["status"] for row in stage.right.rows().values()] == ["terminated"]
    assert stage.left.rows() == {}
    (change,) = await stage.all("select old, new, rules from change where rules::text like '%deactivate%'")
    assert (change["old"], change["new"]) == ({"status": "active"}, {"status": "terminated"})


async def test_what_a_deactivation_replaced_is_put_back_when_the_row_comes_back(build: Build) -> None:
    stage = await build(TERMINATE)
    left = stage.left.create(name="Acme", website="acme.com", status="active")
    await stage.settle()
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    stage.left.sandbox.human_undelete("partners", left)
    await stage.settle()
    assert [row["status"] for row in stage.right.rows().values()] == ["active"]
    assert stage.left.row(left)["status"] == "active"


async def test_what_was_set_after_a_deactivation_stays_when_the_row_comes_back(build: Build) -> None:
    stage = await build(TERMINATE)
    left = stage.left.create(name="Acme", website="acme.com", status="active")
    await stage.settle()
    (right,) = stage.right.rows()
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    stage.right.edit(right, status="suspended")
    await stage.settle()
    stage.left.sandbox.human_undelete("partners", left)
    await stage.settle()
    assert stage.right.row(right)["status"] == stage.left.row(left)["status"] == "suspended"


async def test_a_deletion_in_the_hub_may_deactivate_the_remote_row_instead(build: Build) -> None:
    stage = await build(TERMINATE_THERE)
    left = stage.left.create(name="Acme", website="acme.com", status="active")
    await stage.settle()
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    assert [row["status"] for row in stage.right.rows().values()] == ["terminated"]
    assert await stage.all("select 1 from organization where deleted_at is null") == []
    writes = stage.right.writes()
    await stage.settle()
    assert stage.right.writes() == writes


async def test_a_row_edited_since_the_hub_last_looked_is_not_deleted_with_its_twin(build: Build) -> None:
    stage = await build(MIRROR)
    left, right = await _pair(stage)
    stage.left.sandbox.human_delete("partners", left)
    await stage.pull(stage.left)
    stage.right.edit(right, city="Berlin")
    await stage.push(stage.right)  # nobody has read the edit yet
    assert stage.right.row(right)["city"] == "Berlin"
    await stage.settle()
    assert [row["city"] for row in stage.left.rows().values()] == ["Berlin"]


async def test_each_ended_link_tells_how_the_hub_knows_and_in_which_run(build: Build) -> None:
    stage = await build(MIRROR)
    left, right = await _pair(stage)
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    first, second = await stage.all(
        "select d.remote_id, d.source, d.kind, d.policy, r.kind as run, remote_at is not null as dated"
        " from departure d join run r on r.id = d.run_id order by d.id"
    )
    assert first == {
        "remote_id": left, "source": "tombstone", "kind": "deleted", "policy": "mirror", "run": "pull", "dated": True
    }  # fmt: skip
    assert (second["remote_id"], second["source"], second["run"]) == (right, "hub", "push")


async def test_a_deletion_that_a_webhook_announced_says_so(build: Build) -> None:
    stage = await build(MAPPING)
    left, _ = await _pair(stage)
    stage.left.sandbox.human_delete("partners", left)
    async with stage.db.transaction() as tx:
        await rereads.ask(tx, connection_id=stage.left.connection.id, keys=[("partners", left)], reason=rereads.WEBHOOK)
    await reread(stage.db, stage.left.connection)
    assert await stage.all("select source, state, policy from departure") == [
        {"source": "webhook", "state": "done", "policy": "unlink"}
    ]


async def test_what_the_hub_deleted_itself_is_made_again_when_its_record_is_restored(build: Build) -> None:
    stage = await build(MAPPING + "on_delete: {pull: unlink, push: mirror}\n")
    await _pair(stage)
    record_id = await _delete_in_hub(stage)
    await stage.settle()
    assert (stage.left.rows(), stage.right.rows()) == ({}, {})
    await _restore_in_hub(stage, record_id)
    await stage.settle()
    assert (stage.left.names(), stage.right.names()) == (["Acme"], ["Acme"])
