"""Counting by stamp: numbers and slices that a comparison of both sides can build on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from hub.sdk.capabilities import CountsByStamp
from hub.sdk.records import ReadResult, Slice
from tests.contract.trial import START, Trial

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@pytest.fixture
def counts(trial: Trial) -> CountsByStamp:
    if not isinstance(trial.connector, CountsByStamp):
        pytest.skip(f"{trial.spec.name} does not count by stamp")
    return trial.connector


async def count(trial: Trial, counts: CountsByStamp, *bounds: datetime) -> list[Slice]:
    return list(await trial.patiently(lambda: counts.count_by_stamp(trial.query, [FIRST, *bounds, LAST])))


async def read(trial: Trial, counts: CountsByStamp, slices: list[Slice]) -> list[ReadResult]:
    async def attempt() -> list[ReadResult]:
        return [part async for part in counts.read_slices(trial.query, slices)]

    return await trial.patiently(attempt)


async def test_numbers_of_all_slices_add_up_to_the_live_records(trial: Trial, counts: CountsByStamp) -> None:
    for _ in range(4):
        trial.seed(3)
        trial.later(minutes=50)
    [gone] = trial.seed(1)
    trial.sandbox.human_delete(trial.object.name, gone)
    trial.later(minutes=50)

    slices = await count(trial, counts, START + timedelta(hours=1), START + timedelta(hours=2))

    assert sum(one.count for one in slices) == 12
    assert all(one.since < one.until for one in slices)
    assert all(one.until <= following.since for one, following in pairwise(slices))


async def test_no_slice_crosses_a_bound(trial: Trial, counts: CountsByStamp) -> None:
    trial.seed(2)
    trial.later(minutes=90)
    trial.seed(3)
    trial.later(minutes=10)
    bound = START + timedelta(hours=1)

    slices = await count(trial, counts, bound)

    assert sum(one.count for one in slices if one.until <= bound) == 2
    assert sum(one.count for one in slices if one.since >= bound) == 3


async def test_slices_give_their_records_once_each_with_the_stamp_in_the_version(
    trial: Trial, counts: CountsByStamp
) -> None:
    trial.seed(3)
    trial.later(minutes=90)
    late = trial.seed(4)
    trial.later(minutes=10)
    span = Slice(START + timedelta(hours=1), LAST, 4)

    parts = await read(trial, counts, [span])

    records = [record for part in parts for record in part.records]
    assert Counter(record.id for record in records) == Counter(late)
    for record in records:
        assert record.version is not None
        stamp = counts.stamp_of(record.version)
        assert stamp is not None
        assert span.since <= stamp < span.until
        assert record.fields[trial.object.text_field] == trial.text(record.id)


async def test_an_edit_moves_a_record_to_a_newer_slice(trial: Trial, counts: CountsByStamp) -> None:
    first, _ = trial.seed(2)
    trial.later(minutes=90)
    trial.edit(first, "moved")
    trial.later(minutes=10)
    bound = START + timedelta(hours=1)

    slices = await count(trial, counts, bound)

    assert sum(one.count for one in slices if one.until <= bound) == 1
    assert sum(one.count for one in slices if one.since >= bound) == 1


async def test_stamps_that_differ_differ_by_the_resolution(trial: Trial, counts: CountsByStamp) -> None:
    [first] = trial.seed(1)
    trial.later(seconds=counts.stamp_resolution.total_seconds())
    [second] = trial.seed(1)
    trial.later(minutes=10)

    versions = {record.id: record.version for record in (await trial.read()).records}

    stamps = [counts.stamp_of(versions[i] or "") for i in (first, second)]
    assert stamps[0] is not None
    assert stamps[1] is not None
    assert stamps[1] - stamps[0] >= counts.stamp_resolution
