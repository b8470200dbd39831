"""Deletions wait for their grace: what comes back, or is changed meanwhile, lives on."""

import asyncio
from datetime import timedelta

from hub.db import records
from hub.mapping.rules import OnDelete
from hub.services import endings
from hub.services.cycle import due_in
from tests.integration.engine.conftest import MAPPING, Build, Stage

GRACE = timedelta(minutes=10)
MIRROR = MAPPING + "on_delete: mirror\n"


async def _deleted_on_the_left(build: Build, mapping: str = MIRROR) -> tuple[Stage, str, str]:
    """Two linked rows, of which the left one was deleted; the hub has seen it, and waits."""
    stage = await build(mapping, grace=GRACE)
    left = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right,) = stage.right.rows()
    stage.left.sandbox.human_delete("partners", left)
    await stage.settle()
    return stage, left, right


async def _departures(stage: Stage) -> list[tuple[str, str, str | None]]:
    rows = await stage.all("select source, state, reason from departure order by id")
    return [(row["source"], row["state"], row["reason"]) for row in rows]


async def test_the_link_ends_at_once_and_the_record_only_after_the_grace(build: Build) -> None:
    stage, left, right = await _deleted_on_the_left(build)
    assert (await stage.linked(stage.left))[left]["state"] == "deleted"
    assert list(stage.right.rows()) == [right]
    assert await _departures(stage) == [("tombstone", "waiting", None)]
    await stage.db_ready()
    await stage.settle()
    assert stage.right.rows() == {}
    assert await _departures(stage) == [("tombstone", "done", None), ("hub", "done", None)]


async def test_nothing_is_written_to_a_deleted_row_while_its_deletion_waits(build: Build) -> None:
    stage, _, _ = await _deleted_on_the_left(build)
    writes = stage.left.writes()
    stage.right.create(name="Other", website="other.com")
    await stage.settle()
    assert [row["name"] for row in stage.left.rows().values()] == ["Other"]
    assert stage.left.writes() == writes + 1


async def test_a_row_that_comes_back_within_the_grace_cancels_its_deletion(build: Build) -> None:
    stage, left, right = await _deleted_on_the_left(build)
    stage.left.sandbox.human_undelete("partners", left)
    await stage.settle()
    await stage.db_ready()
    await stage.settle()
    assert (list(stage.left.rows()), list(stage.right.rows())) == ([left], [right])
    assert await _departures(stage) == [("tombstone", "cancelled", "its remote record came back")]


async def test_a_row_that_came_back_unnoticed_is_seen_before_the_deletion_is_carried_out(build: Build) -> None:
    stage, left, right = await _deleted_on_the_left(build)
    stage.left.sandbox.human_undelete("partners", left)
    await stage.db_ready()
    await stage.push(stage.left)
    assert list(stage.right.rows()) == [right]
    assert [state for _, state, _ in await _departures(stage)] == ["cancelled"]


async def test_an_edit_within_the_grace_brings_the_record_back(build: Build) -> None:
    stage, _, right = await _deleted_on_the_left(build)
    stage.right.edit(right, city="Berlin")
    await stage.settle()
    await stage.db_ready()
    await stage.settle()
    assert [row["city"] for row in stage.right.rows().values()] == ["Berlin"]
    assert [row["city"] for row in stage.left.rows().values()] == ["Berlin"]
    ((_, state, reason),) = await _departures(stage)
    assert (state, reason is not None) == ("cancelled", True)


async def test_a_deletion_that_waits_is_off_when_the_mapping_no_longer_mirrors(build: Build) -> None:
    stage, _, right = await _deleted_on_the_left(build)
    await stage.all("update departure set due_at = now() returning id")
    stage.left.connection.mappings["partners"].on_delete = OnDelete()
    await stage.settle()
    assert list(stage.right.rows()) == [right]
    assert await _departures(stage) == [("tombstone", "cancelled", "the mapping says unlink now")]


async def test_a_record_deleted_in_both_systems_is_deleted_once(build: Build) -> None:
    stage, _, right = await _deleted_on_the_left(build)
    stage.right.sandbox.human_delete("partners", right)
    await stage.settle()
    await stage.db_ready()
    await stage.settle()
    states = [state for _, state, _ in await _departures(stage)]
    assert sorted(states) == ["cancelled", "done"]
    assert len(await stage.all("select 1 from change where op = 'delete'")) == 1


async def test_the_worker_is_told_when_the_next_grace_is_over(build: Build) -> None:
    stage, _, _ = await _deleted_on_the_left(build)
    wait = await due_in(stage.db, stage.left.connection.id)
    assert wait is not None
    assert timedelta(minutes=9) < wait <= GRACE


async def test_a_return_that_is_being_stored_and_the_end_of_the_grace_do_not_block_each_other(build: Build) -> None:
    stage, left, right = await _deleted_on_the_left(build)
    record = (await stage.linked(stage.left))[left]["record_id"]
    sync = stage.left.connection.object("partners")
    await stage.db_ready()
    async with stage.db.transaction() as tx:
        await records.load(tx, sync.record_type, [record], lock=True)  # as whatever comes in does
        pushing = asyncio.create_task(stage.push(stage.left))
        while await tx.one("select 1 from pg_locks where not granted") is None:  # noqa: ASYNC110 - another session
            await asyncio.sleep(0)
        await endings.take_back(tx, sync, [left])
    await pushing
    assert list(stage.right.rows()) == [right]
    assert [state for _, state, _ in await _departures(stage)] == ["cancelled"]


async def test_an_edit_within_the_grace_saves_the_record_also_where_it_is_not_made_again(build: Build) -> None:
    stage, _, right = await _deleted_on_the_left(build)
    stage.left.connection.mappings["partners"].create = "no"
    stage.right.edit(right, city="Berlin")
    await stage.settle()
    await stage.db_ready()
    await stage.settle()
    assert (stage.left.rows(), list(stage.right.rows())) == ({}, [right])
    ((_, state, reason),) = await _departures(stage)
    assert (state, str(reason)[:30]) == ("cancelled", "the record was changed since: ")
