"""Reading: every record is seen, whatever the clocks, the pages and the vendor's indexes do."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from hub.sdk.capabilities import Reads
from hub.sdk.errors import CursorExpired
from hub.sdk.records import ReadQuery
from hub.sdk.sandbox import SandboxClock
from hub.sdk.testing import Reading, open_sandboxed, read_to_end, update
from tests.contract.trial import PAGE_SIZE, Trial, done

SEVERAL_PAGES = 2 * PAGE_SIZE + 50
CROWD = 5_200

TEXTS = [
    "Zażółć gęślą jaźń",
    "株式会社パートナー 🦊",
    'O\'Brien "& Söhne" <b>\\ %41 +1',
    "line one\nline two\ttab",
    "x" * 200,
    "0123",
    "null",
]


async def test_full_scan_sees_every_record_exactly_once(trial: Trial) -> None:
    seeded = trial.seed(SEVERAL_PAGES)

    reading = await trial.read()

    assert Counter(reading.ids) == Counter(seeded)
    assert reading.complete_scan
    assert reading.pages > 1


async def test_scan_of_an_empty_object_ends_at_once(trial: Trial) -> None:
    reading = await trial.read()

    assert (reading.ids, reading.deletions, reading.complete_scan) == ([], [], True)


async def test_record_created_after_an_empty_scan_is_found(trial: Trial) -> None:
    empty = await trial.read()
    trial.later(minutes=1)
    [created] = trial.seed(1)

    assert created in (await trial.read(empty.cursor)).ids


async def test_records_hold_their_values_versions_and_stamps(trial: Trial) -> None:
    [seeded] = trial.seed(1)

    [record] = (await trial.read()).records

    assert record.id == seeded
    assert record.fields[trial.object.text_field] == trial.text(seeded)
    assert record.fields.keys() <= {trial.object.text_field, trial.object.key_field}
    assert record.modified_at is not None
    assert record.modified_at.tzinfo is not None
    if trial.can.precondition != "none":
        assert record.version


async def test_edit_is_found_by_the_next_run(trial: Trial) -> None:
    seeded = trial.seed(5)
    first = await trial.read()
    trial.later(minutes=30)
    trial.edit(seeded[2], "edited by a person")
    trial.later(minutes=5)

    second = await trial.read(first.cursor)

    assert second.latest(seeded[2]).fields[trial.object.text_field] == "edited by a person"
    assert not second.complete_scan


async def test_edit_in_the_instant_of_the_scan_is_found(trial: Trial) -> None:
    seeded = trial.seed(3)
    first = await trial.read()
    trial.edit(seeded[1], "edited in the same second")

    second = await trial.read(first.cursor)

    assert second.latest(seeded[1]).fields[trial.object.text_field] == "edited in the same second"


@pytest.mark.parametrize("hours", [-2, 2])
async def test_hub_whose_clock_is_wrong_misses_nothing(trial: Trial, hours: int) -> None:
    seeded = trial.seed(3)
    wrong = SandboxClock(trial.sandbox.clock.now() + timedelta(hours=hours), frozen=True)
    async with open_sandboxed(trial.spec, trial.server, clock=wrong, tokens=trial.tokens) as connector:
        assert isinstance(connector, Reads)
        first = await read_to_end(connector, trial.query)
        trial.later(minutes=30)
        wrong.advance(timedelta(minutes=30))
        trial.edit(seeded[1], "edited")
        second = await read_to_end(connector, trial.query, first.cursor)
        trial.later(minutes=30)
        wrong.advance(timedelta(minutes=30))
        trial.edit(seeded[2], "edited later")
        third = await read_to_end(connector, trial.query, second.cursor)

    assert seeded[1] in second.ids
    assert seeded[2] in third.ids


@pytest.mark.parametrize("hours", [-2, 2])
async def test_hub_whose_clock_is_wrong_finds_the_first_record_of_an_object(trial: Trial, hours: int) -> None:
    wrong = SandboxClock(trial.sandbox.clock.now() + timedelta(hours=hours), frozen=True)
    async with open_sandboxed(trial.spec, trial.server, clock=wrong, tokens=trial.tokens) as connector:
        assert isinstance(connector, Reads)
        empty = await read_to_end(connector, trial.query)
        trial.later(minutes=30)
        wrong.advance(timedelta(minutes=30))
        [created] = trial.seed(1)

        assert created in (await read_to_end(connector, trial.query, empty.cursor)).ids


async def test_page_that_was_not_stored_is_read_again_the_same(trial: Trial) -> None:
    trial.seed(SEVERAL_PAGES)
    first = await trial.patiently(lambda: trial.reads.read_page(trial.query, None))

    second, again = [await trial.patiently(lambda: trial.reads.read_page(trial.query, first.cursor)) for _ in "12"]

    assert [r.id for r in again.records] == [r.id for r in second.records]
    assert again.cursor == second.cursor
    assert not {r.id for r in first.records} & {r.id for r in second.records}


async def test_records_of_the_overlap_are_counted_as_reread(trial: Trial) -> None:
    seeded = trial.seed(5)
    trial.later(minutes=60)
    trial.edit(seeded[0], "just before the run")
    trial.later(minutes=1)
    first = await trial.read()

    second = await trial.read(first.cursor)

    assert second.reread == len(second.ids) == 1


async def test_every_described_field_can_be_read_and_holds_no_float(trial: Trial) -> None:
    [seeded] = trial.seed(1)
    fields = tuple((await trial.describes.describe(trial.object.name)).fields)

    reading = await trial.read(query=ReadQuery(object=trial.object.name, fields=fields))
    found = await trial.reads.read_many(trial.object.name, [seeded], fields)

    for record in (reading.latest(seeded), found.records[0]):
        assert [field for field in fields if not _holds(record.fields, field)] == []
        assert not any(isinstance(value, float) for value in record.fields.values())


async def test_old_records_are_not_read_again(trial: Trial) -> None:
    seeded = trial.seed(SEVERAL_PAGES)
    first = await trial.read()
    trial.later(minutes=60)
    trial.edit(seeded[0], "one change")
    second = await trial.read(first.cursor)
    trial.later(minutes=60)
    trial.edit(seeded[1], "another change")

    third = await trial.read(second.cursor)

    assert seeded[1] in third.ids
    assert len(third.ids) <= 3


async def test_runs_without_changes_come_to_rest(trial: Trial) -> None:
    trial.seed(5)
    reading = await trial.read()
    for _ in range(3):
        trial.later(minutes=60)
        reading = await trial.read(reading.cursor)

    assert reading.pages == 1
    assert len(reading.ids) <= 5


async def test_equal_stamps_neither_loop_nor_skip(trial: Trial) -> None:
    empty = await trial.read()
    trial.later(minutes=1)
    seeded = trial.seed(CROWD)
    trial.later(minutes=1)

    reading = await trial.read(empty.cursor)

    assert Counter(reading.ids) == Counter(seeded)
    assert reading.pages <= CROWD / 100 + 5


async def test_late_commit_is_found_inside_the_overlap(trial: Trial) -> None:
    trial.needs_fault("late_commit")
    late, punctual = trial.seed(2)
    first = await trial.read()
    trial.later(minutes=30)
    trial.sandbox.faults.arm("late_commit", options={"seconds": 60})
    trial.edit(late, "stamped now, visible in a minute")
    trial.later(seconds=30)
    trial.edit(punctual, "visible at once")
    second = await trial.read(first.cursor)
    assert punctual in second.ids
    trial.later(seconds=90)

    third = await trial.read(second.cursor)

    assert third.latest(late).fields[trial.object.text_field] == "stamped now, visible in a minute"


async def test_lagging_search_loses_no_change(trial: Trial) -> None:
    if "search_lag" not in trial.sandbox.switches:
        pytest.skip(f"{trial.spec.name}'s sandbox has no switch 'search_lag'")
    lagging, _ = trial.seed(2)
    first = await trial.read()
    trial.later(minutes=30)
    trial.sandbox.faults.set("search_lag", 45)
    trial.edit(lagging, "not indexed yet")
    second = await trial.read(first.cursor)
    trial.later(minutes=2)

    third = await trial.read(second.cursor)

    seen = [r.fields[trial.object.text_field] for r in second.records + third.records if r.id == lagging]
    assert seen[-1:] == ["not indexed yet"]


async def test_change_during_a_scan_is_not_lost(trial: Trial) -> None:
    seeded = trial.seed(SEVERAL_PAGES)
    page = await trial.patiently(lambda: trial.reads.read_page(trial.query, None))
    trial.later(seconds=5)
    trial.edit(seeded[0], "changed while being read")
    trial.edit(seeded[-1], "changed before being read")

    rest = await trial.read(page.cursor)
    trial.later(seconds=5)
    changes = await trial.read(rest.cursor)

    last = {record.id: record for record in [*page.records, *rest.records, *changes.records]}
    assert set(last) == set(seeded)
    assert last[seeded[0]].fields[trial.object.text_field] == "changed while being read"
    assert last[seeded[-1]].fields[trial.object.text_field] == "changed before being read"


async def test_expired_cursor_loses_nothing(trial: Trial) -> None:
    trial.needs_fault("expire_cursor")
    seeded = trial.seed(SEVERAL_PAGES)
    reading = Reading()
    reading.take(await trial.patiently(lambda: trial.reads.read_page(trial.query, None)))
    trial.sandbox.faults.arm("expire_cursor")

    try:
        rest = await trial.read(reading.cursor)
    except CursorExpired:
        rest = await trial.read()

    assert set(reading.ids) | set(rest.ids) == set(seeded)


@pytest.mark.parametrize("cursor", ['{"from": "another version of the hub"}', "not a cursor"])
async def test_cursor_that_cannot_be_read_is_cursor_expired(system: Trial, cursor: str) -> None:
    with pytest.raises(CursorExpired):
        await system.reads.read_page(system.query, cursor)


async def test_poisoned_record_does_not_hide_the_rest_of_its_page(trial: Trial) -> None:
    trial.needs_fault("poison_record")
    seeded = trial.seed(20)
    await trial.warm_up()
    trial.sandbox.faults.arm("poison_record")

    reading = await trial.read()

    assert len(set(seeded) - set(reading.ids)) <= 1
    assert sum(reading.latest(i).fields.get(trial.object.text_field) == trial.text(i) for i in reading.ids) >= 19


async def test_text_arrives_as_it_was_typed(trial: Trial) -> None:
    field = trial.object.text_field
    typed = {trial.sandbox.human_create(trial.object.name, trial.valid(**{field: text})): text for text in TEXTS}

    reading = await trial.read()

    assert {record.id: record.fields[field] for record in reading.records} == typed


async def test_empty_value_is_null_and_not_absent(trial: Trial) -> None:
    [seeded] = trial.seed(1)

    fields = (await trial.read()).latest(seeded).fields

    assert trial.object.key_field in fields
    assert fields[trial.object.key_field] in (None, "")


async def test_read_by_ids_answers_for_every_id(trial: Trial) -> None:
    seeded = trial.seed(trial.can.read_batch + 5)

    found = await trial.patiently(lambda: trial.reads.read_many(trial.object.name, seeded, trial.query.fields))

    assert Counter(record.id for record in found.records) == Counter(seeded)
    assert not found.deletions


async def test_read_by_ids_sees_an_edit_at_once(trial: Trial) -> None:
    [seeded] = trial.seed(1)
    if "search_lag" in trial.sandbox.switches:
        trial.sandbox.faults.set("search_lag", 600)
    trial.edit(seeded, "just saved")

    found = await trial.reads.read_many(trial.object.name, [seeded], trial.query.fields)

    assert found.records[0].fields[trial.object.text_field] == "just saved"


async def test_an_edit_by_a_person_and_one_by_the_hub_are_told_apart(trial: Trial) -> None:
    by_person, by_hub = trial.seed(2)
    trial.later(seconds=5)
    trial.edit(by_person, "typed by a person")
    done((await trial.write(update(by_hub, {trial.object.text_field: "sent by the hub"})))[0])

    pages = await trial.read()
    found = await trial.patiently(
        lambda: trial.reads.read_many(trial.object.name, [by_person, by_hub], trial.query.fields)
    )

    authors = {record.id: record.modified_by for record in found.records}
    if authors[by_person] is None:
        pytest.skip(f"{trial.spec.name} does not tell who changed {trial.object.name}")
    assert authors[by_person] != authors[by_hub]
    assert {record.id: record.modified_by for record in pages.records} == authors


def _holds(fields: object, path: str) -> bool:
    """Whether the value at a dotted path is there, be it null; below a null parent there is nothing to hold."""
    first, _, rest = path.partition(".")
    if fields is None:
        return True
    return isinstance(fields, dict) and first in fields and (not rest or _holds(fields[first], rest))
