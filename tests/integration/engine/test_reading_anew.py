"""Reads that begin anew where deletions leave tombstones: they show none, so what they do not show is asked for."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from hub.db import rereads
from hub.sdk.errors import CursorExpired, Unavailable
from hub.sdk.records import Page, ReadQuery
from hub.services.counts import Counts
from hub.services.cycle import pull, reread
from tests.integration.engine.conftest import MAPPING, Build, Stage, System


async def _filled(build: Build, *, grace: timedelta = timedelta(0)) -> tuple[Stage, list[str]]:
    """Five linked partners on both sides."""
    stage = await build(MAPPING + "on_delete: mirror\n", grace=grace)
    rows = [stage.left.create(name=f"Firm {n}", website=f"firm{n}.com") for n in range(5)]
    await stage.settle()
    return stage, rows


def _delete_long_ago(system: System, row: str) -> None:
    """So long before the last change there that no overlap of a later read shows the tombstone."""
    system.sandbox.human_delete("partners", row)
    system.sandbox.clock.advance(timedelta(days=1))
    system.create(name="Late", website="late.com")


async def _in_full(stage: Stage) -> Counts:
    return await pull(stage.db, stage.left.connection, owner="test", full=True)


async def _states(stage: Stage) -> dict[str, str]:
    return {remote_id: link["state"] for remote_id, link in (await stage.linked(stage.left)).items()}


async def _an_hour_passes(stage: Stage) -> None:
    await stage.db_ready()
    await stage.all("update scan set begun_at = begun_at - interval '2 hours' returning 1")


class _Pages:
    """Pages of the left system as they are read, two records at a time; each call may fail first."""

    def __init__(self, stage: Stage) -> None:
        self.cursors: list[str | None] = []
        self.errors: dict[int, Exception] = {}
        self.vouches = True
        connector: Any = stage.left.connection.connector
        self._real = connector.read_page
        connector.read_page = self._read

    async def _read(self, query: ReadQuery, cursor: str | None) -> Page:
        self.cursors.append(cursor)
        if error := self.errors.get(len(self.cursors)):
            raise error
        page: Page = await self._real(ReadQuery(query.object, query.fields, query.where, 2), cursor)
        return page if self.vouches else replace(page, complete_scan=False)


async def test_a_row_deleted_in_the_gap_is_noticed_by_the_resync(build: Build) -> None:
    stage, rows = await _filled(build)
    _delete_long_ago(stage.left, rows[0])
    _Pages(stage).errors[1] = CursorExpired("Too long ago.")
    counts = await stage.pull(stage.left)
    assert (counts["gap_resyncs"], counts["unseen"], counts["deleted"]) == (1, 1, 1)
    assert [(await _states(stage))[row] for row in rows] == ["deleted", "live", "live", "live", "live"]
    await stage.settle()
    assert "Firm 0" not in stage.right.names()
    assert await stage.all("select 1 from sighting") == []


async def test_a_full_read_notices_what_was_deleted_before_it(build: Build) -> None:
    stage, rows = await _filled(build)
    _delete_long_ago(stage.left, rows[0])
    assert (await _in_full(stage))["deleted"] == 1
    assert (await _states(stage))[rows[0]] == "deleted"
    (departure,) = await stage.all("select source, policy from departure where source <> 'hub'")
    assert departure == {"source": "scan", "policy": "mirror"}


async def test_what_a_full_read_found_deleted_waits_for_its_grace(build: Build) -> None:
    stage, rows = await _filled(build, grace=timedelta(minutes=10))
    _delete_long_ago(stage.left, rows[0])
    await _in_full(stage)
    await stage.settle()
    assert "Firm 0" in stage.right.names()
    await stage.db_ready()
    await stage.settle()
    assert "Firm 0" not in stage.right.names()


async def test_a_row_that_was_linked_before_the_first_read_and_is_deleted_is_noticed_by_it(build: Build) -> None:
    stage = await build(MAPPING)
    row = stage.left.create(name="Early", website="early.com")
    async with stage.db.transaction() as tx:
        await rereads.ask(tx, connection_id=stage.left.connection.id, keys=[("partners", row)], reason="webhook")
    await reread(stage.db, stage.left.connection)
    assert await _states(stage) == {row: "live"}
    _delete_long_ago(stage.left, row)
    assert (await stage.pull(stage.left))["deleted"] == 1
    assert sorted((await _states(stage)).values()) == ["deleted", "live"]
    assert (await _states(stage))[row] == "deleted"


async def test_a_first_read_of_an_object_without_links_notes_nothing(build: Build) -> None:
    stage, _ = await _filled(build)
    assert await stage.all("select 1 from scan") == []


async def test_a_row_that_the_full_read_did_not_show_and_that_is_there_lives_on(build: Build) -> None:
    stage, rows = await _filled(build)
    stage.left.edit(rows[1], city="Gent")
    connector: Any = stage.left.connection.connector
    real = connector.read_page

    async def without_it(query: ReadQuery, cursor: str | None) -> Page:
        page: Page = await real(query, cursor)
        return replace(page, records=[r for r in page.records if r.id != rows[1]])

    connector.read_page = without_it
    counts = await _in_full(stage)
    assert (counts["unseen"], counts["deleted"]) == (1, 0)
    assert set((await _states(stage)).values()) == {"live"}
    assert (await stage.values(stage.left, rows[1]))["city"] == "Gent"


async def test_one_that_broke_off_is_finished_first_and_begun_again_an_hour_later(build: Build) -> None:
    stage, rows = await _filled(build)
    _delete_long_ago(stage.left, rows[0])
    pages = _Pages(stage)
    pages.errors[2] = Unavailable("The line is cut.")
    with pytest.raises(Unavailable):
        await _in_full(stage)
    await _an_hour_passes(stage)
    await stage.pull(stage.left)
    assert pages.cursors.count(None) == 1  # what was read stays read, however slow the system is
    assert (await _states(stage))[rows[0]] == "live"
    await stage.pull(stage.left)
    assert pages.cursors.count(None) == 2
    assert (await _states(stage))[rows[0]] == "deleted"
    await _an_hour_passes(stage)
    await stage.pull(stage.left)
    assert pages.cursors.count(None) == 2


async def test_one_that_does_not_say_that_it_saw_all_deletes_nothing_and_is_not_repeated(build: Build) -> None:
    stage, rows = await _filled(build)
    _delete_long_ago(stage.left, rows[0])
    pages = _Pages(stage)
    pages.vouches = False
    await _in_full(stage)
    assert set((await _states(stage)).values()) == {"live"}
    await _an_hour_passes(stage)
    await stage.pull(stage.left)
    assert pages.cursors.count(None) == 1
    assert await stage.all("select 1 from scan union all select 1 from sighting") == []
