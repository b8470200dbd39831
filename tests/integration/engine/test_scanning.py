"""Deletions that only a full read shows: from one that saw all, and from nothing less."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from hub.sdk.errors import CursorExpired, Unavailable
from hub.sdk.records import Page, ReadQuery
from tests.integration.engine.conftest import MAPPING, Build, Stage

# Deleted prospects leave no trace in Sample.
PROSPECTS = MAPPING.replace("object: partners", "object: prospects") + "on_delete: mirror\n"

Look = Callable[[int, Page], Page]


async def _with_prospects(build: Build, number: int = 5) -> tuple[Stage, list[str]]:
    """Linked rows on the left, of which nothing has been deleted yet; the right system has partners."""
    stage = await build(PROSPECTS, MAPPING + "on_delete: mirror\n")
    rows = [stage.left.create(name=f"Prospect {n}", website=f"p{n}.com") for n in range(number)]
    await stage.settle()
    return stage, rows


async def _scan_is_due(stage: Stage) -> None:
    long_ago = "begun_at - interval '2 days'"
    await stage.all(f"update scan set begun_at = {long_ago}, completed_at = {long_ago} returning 1")


async def _states(stage: Stage) -> dict[str, str]:
    return {remote_id: link["state"] for remote_id, link in (await stage.linked(stage.left)).items()}


def _paged(stage: Stage, look: Look = lambda _, page: page, *, size: int = 2) -> list[str | None]:
    """Read the left system in small pages, each seen through `look` by its number; returns the cursors asked for."""
    connector: Any = stage.left.connection.connector
    real, asked = connector.read_page, list[str | None]()

    async def read_page(query: ReadQuery, cursor: str | None) -> Page:
        asked.append(cursor)
        page: Page = await real(ReadQuery(query.object, query.fields, query.where, size), cursor)
        return look(len(asked), page)

    connector.read_page = read_page
    return asked


async def test_what_a_complete_full_read_does_not_show_is_deleted(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.sandbox.human_delete("prospects", rows[0])
    await _scan_is_due(stage)
    await stage.settle()
    states = await _states(stage)
    assert [states[row] for row in rows] == ["deleted", "live", "live", "live", "live"]
    assert "Prospect 0" not in stage.right.names()
    (departure,) = await stage.all("select source, policy, state from departure where source <> 'hub'")
    assert departure == {"source": "scan", "policy": "mirror", "state": "done"}
    assert await stage.all("select 1 from sighting") == []


async def test_reading_changes_deletes_nothing(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.sandbox.human_delete("prospects", rows[0])
    await stage.settle()
    assert set((await _states(stage)).values()) == {"live"}


async def test_full_reads_come_once_in_a_while_by_themselves(build: Build) -> None:
    stage, _ = await _with_prospects(build)
    asked = _paged(stage, size=100)
    await stage.pull(stage.left)
    assert None not in asked
    await _scan_is_due(stage)
    await stage.pull(stage.left)
    assert asked.count(None) == 1
    await stage.pull(stage.left)
    assert asked.count(None) == 1


async def test_objects_whose_deletions_leave_tombstones_are_not_scanned(stage: Stage) -> None:
    stage.left.create(name="Acme", website="acme.com")
    await stage.settle()
    assert await stage.all("select 1 from scan") == []


async def test_a_full_read_that_does_not_say_that_it_saw_all_deletes_nothing(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.sandbox.human_delete("prospects", rows[0])
    await _scan_is_due(stage)
    _paged(stage, lambda _, page: replace(page, complete_scan=False))
    await stage.settle()
    assert set((await _states(stage)).values()) == {"live"}


async def test_a_full_read_that_broke_off_deletes_nothing_also_when_another_goes_on(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.sandbox.human_delete("prospects", rows[0])
    await _scan_is_due(stage)

    def broken(number: int, page: Page) -> Page:
        if number == 2:
            raise Unavailable("The line is cut.")
        return page

    asked = _paged(stage, broken)
    with pytest.raises(Unavailable):
        await stage.pull(stage.left)
    await stage.db_ready()
    await stage.settle()
    assert asked[2] is not None  # it went on from where the first one stopped, to the end
    assert set((await _states(stage)).values()) == {"live"}
    await _scan_is_due(stage)
    await stage.settle()
    assert (await _states(stage))[rows[0]] == "deleted"


async def test_a_cursor_that_expires_within_a_full_read_begins_it_anew(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.sandbox.human_delete("prospects", rows[0])
    await _scan_is_due(stage)

    def expiring(number: int, page: Page) -> Page:
        if number == 2:
            stage.left.sandbox.human_delete("prospects", rows[1])
            raise CursorExpired("Too late.")
        return page

    asked = _paged(stage, expiring)
    await stage.pull(stage.left)
    assert asked.count(None) == 2
    states = await _states(stage)
    assert [states[row] for row in rows] == ["deleted", "deleted", "live", "live", "live"]


async def test_a_row_that_the_pages_skipped_and_that_is_there_lives_on(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.edit(rows[1], city="Gent")
    await _scan_is_due(stage)
    _paged(stage, lambda _, page: replace(page, records=[r for r in page.records if r.id != rows[1]]))
    await stage.settle()
    assert set((await _states(stage)).values()) == {"live"}
    assert (await stage.values(stage.left, rows[1]))["city"] == "Gent"


async def test_a_row_made_while_the_full_read_was_under_way_is_not_judged(build: Build) -> None:
    stage, _ = await _with_prospects(build)
    asked_for: list[str] = []
    connector: Any = stage.left.connection.connector
    real = connector.read_many

    async def read_many(object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> Any:
        asked_for.extend(ids)
        return await real(object_name, ids, fields)

    connector.read_many = read_many
    stage.right.create(name="New", website="new.com")
    await stage.pull(stage.right)
    await _scan_is_due(stage)
    real_page = connector.read_page

    async def read_page(query: ReadQuery, cursor: str | None) -> Page:
        page: Page = await real_page(query, cursor)
        await stage.push(stage.left)  # the hub makes a row that this page is too old to show
        return page

    connector.read_page = read_page
    await stage.pull(stage.left)
    assert "New" in stage.left.names()
    assert asked_for == []
    assert set((await _states(stage)).values()) == {"live"}


async def test_a_look_that_fails_concludes_nothing_and_is_repeated_by_the_next_full_read(build: Build) -> None:
    stage, rows = await _with_prospects(build)
    stage.left.sandbox.human_delete("prospects", rows[0])
    await _scan_is_due(stage)
    stage.left.sandbox.faults.arm("unavailable", after=1, times=20)
    with pytest.raises(Unavailable):
        await stage.pull(stage.left)
    stage.left.sandbox.faults.clear()
    assert set((await _states(stage)).values()) == {"live"}
    await stage.db_ready()
    await stage.all("update scan set begun_at = begun_at - interval '2 hours' returning 1")
    await stage.settle()
    assert (await _states(stage))[rows[0]] == "deleted"
