"""Merges of merges, and merges under way: whatever was still to be written reaches the last survivor."""

import pytest

from hub.db import rereads
from hub.services.cycle import reread
from hub.services.records import patch_record
from tests.integration.engine.conftest import MAPPING, Build, Stage


async def _three(stage: Stage) -> tuple[str, str, str]:
    a, b, c = [stage.left.create(name=f"Firm {n}", website=f"firm{n}.com") for n in "abc"]
    await stage.settle()
    return a, b, c


async def _edit_hub(stage: Stage, remote_id: str, **values: str) -> None:
    record = (await stage.linked(stage.left))[remote_id]["record_id"]
    kind = stage.left.connection.object("partners").record_type
    async with stage.db.transaction() as tx:
        await patch_record(tx, kind, record_id=record, values=values, version=None, actor="somebody")


@pytest.mark.parametrize("seen_between", [True, False])
async def test_a_chain_of_merges_leads_to_its_last_survivor(stage: Stage, seen_between: bool) -> None:
    a, b, c = await _three(stage)
    child = stage.left.create(name="Branch", website="branch.com", parent=a)
    await stage.settle()
    await _edit_hub(stage, a, city="Gent")
    stage.left.sandbox.human_merge("partners", b, a)
    if seen_between:
        await stage.pull(stage.left)
    stage.left.sandbox.human_merge("partners", c, b)
    await stage.settle()
    links = await stage.linked(stage.left)
    assert [links[row]["state"] for row in (a, b, c)] == ["redirected", "redirected", "live"]
    assert links[a]["record_id"] == links[b]["record_id"] == links[c]["record_id"]
    assert (await stage.values(stage.left, child))["parent"] == links[c]["record_id"]
    assert stage.left.row(c)["city"] == "Gent"
    assert len(await stage.all("select 1 from organization where merged_into is null")) == 2


@pytest.mark.parametrize("survivor_first", [True, False])
async def test_a_row_merged_into_one_that_is_deleted_by_then_ends_as_that_one_did(
    build: Build, survivor_first: bool
) -> None:
    stage = await build(MAPPING + "on_delete: mirror\n")
    a, b, _ = await _three(stage)
    stage.left.sandbox.human_merge("partners", b, a)
    stage.left.sandbox.human_delete("partners", b)
    if survivor_first:  # a webhook tells of the survivor before anybody hears of the merge
        async with stage.db.transaction() as tx:
            await rereads.ask(tx, connection_id=stage.left.connection.id, keys=[("partners", b)], reason="test")
        await reread(stage.db, stage.left.connection)
    await stage.settle()
    living = await stage.all("select legal_name from organization where merged_into is null and deleted_at is null")
    assert [row["legal_name"] for row in living] == ["Firm c"]
    assert {link["state"] for row, link in (await stage.linked(stage.left)).items() if row in (a, b)} <= {
        "deleted", "redirected"
    }  # fmt: skip


async def test_a_merge_while_the_losers_write_has_no_answer_yet_writes_the_survivor(stage: Stage) -> None:
    a, b, _ = await _three(stage)
    await _edit_hub(stage, a, city="Gent")
    stage.left.sandbox.faults.arm("lose_response", match="/batch")
    await stage.push(stage.left)
    (row,) = await stage.all("select op from delivery where state = 'unknown'")
    assert row["op"] == "update"
    stage.left.sandbox.human_merge("partners", b, a)
    await stage.db_ready()
    await stage.settle()
    assert stage.left.row(b)["city"] == "Gent"
    assert await stage.all("select 1 from delivery where state in ('unknown', 'pending', 'waiting', 'dead')") == []
