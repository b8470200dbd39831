"""What reconciliation promises: it finds what differs, all of it and nothing else, and says why."""

from datetime import timedelta
from uuid import UUID

import pytest

from hub.record import RECORD_TYPES
from hub.services.reconciling import ObjectReport, reconcile
from hub.services.records import patch_record
from tests.integration.engine.conftest import Build, Stage, System

PARTNER = RECORD_TYPES["partner"]


async def compared(stage: Stage, system: System, *, full: bool = False) -> ObjectReport:
    (report,) = await reconcile(stage.db, system.connection, owner="test", full=full, listener=lambda _, __: None)
    return report


async def found(stage: Stage) -> set[tuple[str, str, str | None, str]]:
    rows = await stage.all("select kind, cause, remote_id, field from disagreement")
    return {(row["kind"], row["cause"], row["remote_id"], row["field"]) for row in rows}


async def many(stage: Stage, number: int) -> list[str]:
    """So many partners in step, changed hour by hour."""
    ids = []
    for n in range(number):
        ids.append(stage.left.create(name=f"P{n}", website=f"p{n}.com", country="DE", city="Bonn"))
        stage.left.sandbox.clock.advance(timedelta(minutes=20))
    await stage.settle()
    return ids


async def edit_in_hub(stage: Stage, remote_id: str, city: str) -> UUID:
    record_id: UUID = (await stage.linked(stage.left))[remote_id]["record_id"]
    async with stage.db.transaction() as tx:
        await patch_record(tx, PARTNER, record_id=record_id, values={"city": city}, version=None, actor="ann")
    return record_id


@pytest.mark.parametrize("full", [False, True])
async def test_both_sides_in_step_agree_wholly(stage: Stage, full: bool) -> None:
    await many(stage, 12)
    for system in (stage.left, stage.right):
        report = await compared(stage, system, full=full)
        assert (report.agreement, report.records, report.differences) == (1.0, 12, 0)
    assert await found(stage) == set()


@pytest.mark.parametrize("full", [False, True])
async def test_planted_differences_are_found_all_of_them_and_nothing_else(stage: Stage, full: bool) -> None:
    ids = await many(stage, 60)
    stage.left.edit(ids[3], city="Berlin")
    stage.left.edit(ids[40], city="Ulm")
    stage.left.sandbox.human_delete("partners", ids[7])
    stage.left.sandbox.human_delete("partners", ids[59])
    extra = stage.left.create(name="Extra", website="extra.com", country="DE")
    await edit_in_hub(stage, ids[20], "Kiel")

    report = await compared(stage, stage.left, full=full)

    assert await found(stage) == {
        ("value", "not_taken_over", ids[3], "city"),
        ("value", "not_taken_over", ids[40], "city"),
        ("gone", "not_taken_over", ids[7], ""),
        ("gone", "not_taken_over", ids[59], ""),
        ("unknown", "not_taken_over", extra, ""),
        ("value", "on_its_way", ids[20], "city"),
    }
    assert report.method == ("scan" if full else "stamps")
    assert report.agreement == pytest.approx(1 - 6 / 61)
    assert report.fields == {"city": 3}


async def test_a_slice_from_which_as_many_left_as_came_hides_nothing(stage: Stage) -> None:
    first = stage.left.create(name="First", website="first.com", country="DE")
    stage.left.sandbox.clock.advance(timedelta(hours=5))
    second = stage.left.create(name="Second", website="second.com", country="DE")
    stage.left.sandbox.clock.advance(timedelta(minutes=1))
    await stage.settle()
    stage.left.edit(first, city="Berlin")  # comes into the hour of the second …
    stage.left.sandbox.human_purge("partners", second)  # … which leaves it: as many as before

    await compared(stage, stage.left)

    assert {row[:3] for row in await found(stage)} == {
        ("value", "not_taken_over", first),
        ("gone", "not_taken_over", second),
    }


async def test_an_edit_in_the_same_moment_as_the_last_one_that_was_seen_is_found(stage: Stage) -> None:
    remote_id = stage.left.create(name="Acme", website="acme.com", country="DE", city="Bonn")
    await stage.pull(stage.left)
    record = stage.left.sandbox.world.get("partners", remote_id)
    assert record is not None
    record.fields["city"] = "Kiel"  # neither stamp nor version tell of it
    await compared(stage, stage.left)
    assert await found(stage) == {("value", "not_taken_over", remote_id, "city")}


async def test_a_record_changed_in_nothing_that_is_mapped_agrees_and_is_not_read_again(build: Build) -> None:
    stage = await build(
        "version: 1\nobject: partners\nrecord: partner\nkey: {field: hub_id}\n"
        "fields:\n  legal_name: {remote: name, required: true}\n"
    )
    remote_id = stage.left.create(name="Acme")
    await stage.settle()
    stage.left.sandbox.clock.advance(timedelta(hours=3))
    stage.left.edit(remote_id, city="Berlin")
    assert (await compared(stage, stage.left)).agreement == 1.0
    again = await compared(stage, stage.left)
    assert (again.agreement, again.calls) == (1.0, 2)  # one looks for newer changes, one counts


async def test_the_cause_names_what_is_in_the_way(stage: Stage) -> None:
    ids = await many(stage, 3)
    await edit_in_hub(stage, ids[0], "Kiel")
    stage.left.edit(ids[0], city="Berlin")
    await stage.settle()
    dead = await edit_in_hub(stage, ids[1], "Kiel")
    stage.left.sandbox.faults.arm("reject_row", times=1)
    await stage.settle()
    await stage.all(
        "update organization set city = 'Trier' where id ="
        f" (select record_id from link where remote_id = '{ids[2]}' and connection_id = {stage.left.connection.id})"
        " returning id"
    )

    await compared(stage, stage.left)

    assert await found(stage) == {
        ("value", "in_conflict", ids[0], "city"),
        ("value", "dead_letter", ids[1], "city"),
        ("value", "never_sent", ids[2], "city"),
    }
    assert (await stage.all(f"select state from delivery where record_id = '{dead}' and state = 'dead'")) != []


async def test_a_field_that_is_only_written_is_compared_too(build: Build) -> None:
    stage = await build(
        "version: 1\nobject: partners\nrecord: partner\nkey: {field: hub_id}\nfields:\n"
        "  legal_name: {remote: name, required: true}\n  city: {remote: city, direction: push}\n"
    )
    remote_id = stage.left.create(name="Acme")
    await stage.settle()
    await edit_in_hub(stage, remote_id, "Kiel")
    await stage.settle()
    stage.left.sandbox.clock.advance(timedelta(hours=3))
    stage.left.edit(remote_id, city="Nowhere")
    await compared(stage, stage.left)
    assert await found(stage) == {("value", "edited_there", remote_id, "city")}


async def test_a_record_that_never_came_there_is_found(stage: Stage) -> None:
    ids = await many(stage, 2)
    await stage.all(f"delete from link where connection_id = {stage.right.connection.id} returning 1")
    await stage.all("delete from delivery returning 1")
    for row in list(stage.right.rows()):
        stage.right.sandbox.human_purge("partners", row)
    report = await compared(stage, stage.right)
    assert report.causes == {"never_sent": len(ids)}


async def test_what_is_settled_is_forgotten_and_what_stays_keeps_its_age(stage: Stage) -> None:
    ids = await many(stage, 2)
    stage.left.edit(ids[0], city="Berlin")
    stage.left.edit(ids[1], city="Berlin")
    await compared(stage, stage.left)
    first = {row["remote_id"]: row["first_seen_at"] for row in await stage.all("select * from disagreement")}
    stage.left.edit(ids[0], city="Bonn")
    await compared(stage, stage.left)
    (left,) = await stage.all("select * from disagreement")
    assert (left["remote_id"], left["first_seen_at"]) == (ids[1], first[ids[1]])
    assert len(await stage.all("select 1 from reconciliation where finished_at is not null")) == 2
