"""latest_wins: the newer of two edits wins where both sides tell when; elsewhere a person decides."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.mapping.lenses.times import read_instant
from hub.record import RECORD_TYPES
from hub.services.records import patch_record
from tests.integration.engine.conftest import MAPPING, Build, Stage, System

LATEST = MAPPING.replace("city: {remote: city}", "city: {remote: city, policy: {latest_wins: city_changed}}")
WHOLE = LATEST.replace("city_changed", "updated_at")


def _ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


async def _pair(build: Build, mapping: str = LATEST) -> tuple[Stage, str, str]:
    """Acme in both systems, agreed on an hour ago."""
    stage = await build(mapping)
    for system in (stage.left, stage.right):
        for stamp in ("city_changed", "updated_at"):
            system.sandbox.records.schema["partners"][stamp] = {"type": "datetime"}
    left = stage.left.create(name="Acme", website="acme.com", city="Bonn", city_changed=_ago(70))
    await stage.settle()
    (right,) = stage.right.rows()
    async with stage.db.transaction() as tx:
        await tx.run("update link set as_of = as_of - interval '1 hour'")
        await tx.run("update change set at = at - interval '1 hour'")
    return stage, left, right


async def _hub_edit(stage: Stage, *, minutes_ago: int, **fields: Any) -> None:
    (row,) = await stage.all("select id from organization")
    async with stage.db.transaction() as tx:
        await patch_record(
            tx, RECORD_TYPES["partner"], record_id=UUID(str(row["id"])), values=fields, version=None, actor="test"
        )
        await tx.run(f"update change set at = now() - interval '{minutes_ago} min' where actor = 'test'")


async def _conflicts(stage: Stage) -> list[str]:
    return [row["rule"] for row in await stage.all("select rule from conflict where state = 'open'")]


def _cities(stage: Stage) -> set[str]:
    return {row["city"] for system in (stage.left, stage.right) for row in system.rows().values()}


@pytest.mark.parametrize(("theirs", "ours", "winner"), [(10, 20, "Köln"), (20, 10, "Ulm")])
async def test_the_newer_of_an_edit_in_a_system_and_one_in_the_hub_wins(
    build: Build, theirs: int, ours: int, winner: str
) -> None:
    stage, left, _ = await _pair(build)
    await _hub_edit(stage, minutes_ago=ours, city="Ulm")
    stage.left.edit(left, city="Köln", city_changed=_ago(theirs))
    await stage.settle()
    assert (_cities(stage), await _conflicts(stage)) == ({winner}, [])


@pytest.mark.parametrize(("first", "second", "winner"), [(20, 10, "Ulm"), (10, 20, "Köln")])
async def test_of_two_edits_in_two_systems_the_newer_wins_in_whatever_order_they_are_read(
    build: Build, first: int, second: int, winner: str
) -> None:
    stage, left, right = await _pair(build)
    stage.left.edit(left, city="Köln", city_changed=_ago(first))
    stage.right.edit(right, city="Ulm", city_changed=_ago(second))
    await stage.settle()
    assert (_cities(stage), await _conflicts(stage)) == ({winner}, [])


async def _edit_against(stage: Stage, system: System, remote_id: str, stamp: str | None) -> list[str]:
    await _hub_edit(stage, minutes_ago=20, city="Ulm")
    system.edit(remote_id, city="Köln", city_changed=stamp)
    await stage.pull(system)
    return await _conflicts(stage)


@pytest.mark.parametrize(
    "stamp",
    [None, "2026-01-01", "yesterday", _ago(-600), _ago(65)],
    ids=["none", "a day", "no time", "the future", "from before both agreed"],
)
async def test_a_time_that_tells_nothing_leaves_it_to_a_person_and_says_so(build: Build, stamp: str | None) -> None:
    stage, left, _ = await _pair(build)
    (rule,) = await _edit_against(stage, stage.left, left, stamp)
    assert "latest_wins could not tell" in rule


async def test_the_time_of_the_whole_record_is_not_taken_for_that_of_a_field(build: Build) -> None:
    stage, left, _ = await _pair(build, WHOLE)
    await _hub_edit(stage, minutes_ago=20, city="Ulm")
    stage.left.edit(left, city="Köln", updated_at=_ago(1))
    await stage.pull(stage.left)
    assert len(await _conflicts(stage)) == 1


async def test_a_value_of_a_system_without_field_times_is_only_known_to_be_no_newer_than_its_arrival(
    build: Build,
) -> None:
    stage, left, right = await _pair(build)
    stage.left.edit(left, city="Köln", city_changed=None)
    await stage.pull(stage.left)
    stage.right.edit(right, city="Ulm", city_changed=_ago(5))
    await stage.pull(stage.right)
    assert len(await _conflicts(stage)) == 1


def test_moments_are_read_only_where_they_name_their_zone() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert read_instant("2026-01-01T12:00:00.000+0000") == read_instant("2026-01-01T13:00:00+01:00") == noon
    assert read_instant(int(noon.timestamp() * 1000)) == read_instant(str(int(noon.timestamp() * 1000))) == noon
    silent: list[Any] = ["2026-01-01T12:00:00", "2026-01-01", "", None, True, []]
    assert [read_instant(value) for value in silent] == [None] * 6
