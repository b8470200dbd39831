"""A system that keeps less of a value than the hub: what it gives back is the hub's own value, not an edit."""

from tests.integration.engine.conftest import Build

FINE = """
version: 1
object: partners
record: deal_registration
key: {field: hub_id}
fields:
  name: {remote: name, required: true}
  contact_role: {remote: city}
  complete_at: {remote: seen_at, lens: datetime}
"""
COARSE = FINE.replace("lens: datetime", "lens: {datetime: {precision: s}}, policy: prefer_hub")


async def test_a_moment_that_comes_back_without_its_fraction_is_neither_taken_nor_written_again(build: Build) -> None:
    stage = await build(FINE, COARSE)
    for system in (stage.left, stage.right):
        system.sandbox.records.schema["partners"]["seen_at"] = {"type": "datetime"}
    row = stage.left.create(name="Switches", seen_at="2026-11-28T10:00:00.250000Z")
    await stage.settle()
    [there] = stage.right.rows()
    written = stage.right.writes()

    stage.right.edit(there, city="buyer")
    await stage.settle()

    assert stage.right.row(there)["seen_at"].startswith("2026-11-28T10:00:00")
    assert stage.right.writes() == written
    assert stage.left.row(row)["city"] == "buyer"
    assert stage.left.row(row)["seen_at"] == "2026-11-28T10:00:00.250000Z"


async def test_a_moment_that_somebody_changes_there_is_still_overruled(build: Build) -> None:
    stage = await build(FINE, COARSE)
    for system in (stage.left, stage.right):
        system.sandbox.records.schema["partners"]["seen_at"] = {"type": "datetime"}
    row = stage.left.create(name="Switches", seen_at="2026-11-28T10:00:00.250000Z")
    await stage.settle()
    [there] = stage.right.rows()

    stage.right.edit(there, seen_at="2026-11-28T11:00:00Z")
    stage.left.edit(row, seen_at="2026-11-28T12:00:00.500000Z")
    await stage.settle()

    assert stage.right.row(there)["seen_at"].startswith("2026-11-28T12:00:00")
    assert stage.left.row(row)["seen_at"] == "2026-11-28T12:00:00.500000Z"
