"""The ends of records: deleted, restored, purged, merged."""

from __future__ import annotations

import pytest

from hub.sdk.records import Deletion
from hub.sdk.testing import Reading
from tests.contract.trial import PAGE_SIZE, Trial


async def test_deleted_record_comes_as_a_deletion(trial: Trial) -> None:
    if trial.can.deletions != "tombstone":
        pytest.skip(f"{trial.spec.name} declares deletions={trial.can.deletions!r} for {trial.object.name}")
    kept, lost = trial.seed(2)
    first = await trial.read()
    trial.later(minutes=30)
    trial.sandbox.human_delete(trial.object.name, lost)
    trial.later(minutes=2)

    second = await trial.read(first.cursor)

    assert _deletions(second) == {lost: "deleted"}
    assert lost not in second.ids
    assert kept not in _deletions(second)


async def test_many_deletions_of_one_instant_are_all_seen(trial: Trial) -> None:
    if trial.can.deletions != "tombstone":
        pytest.skip(f"{trial.spec.name} declares deletions={trial.can.deletions!r} for {trial.object.name}")
    [_, *lost] = trial.seed(2 * PAGE_SIZE + 50)
    first = await trial.read()
    trial.later(minutes=30)
    for record_id in lost:
        trial.sandbox.human_delete(trial.object.name, record_id)
    trial.later(minutes=2)

    second = await trial.read(first.cursor)

    assert set(_deletions(second)) == set(lost)


async def test_deleted_record_is_told_from_a_live_one_by_its_id(trial: Trial) -> None:
    kept, lost = trial.seed(2)
    trial.sandbox.human_delete(trial.object.name, lost)
    trial.later(minutes=2)

    found = await trial.reads.read_many(trial.object.name, [lost, kept], trial.query.fields)

    assert [record.id for record in found.records] == [kept]
    # Where deletions leave no trace, nobody can tell whether one may come back.
    kinds = {"scan": ("deleted", "purged")}.get(trial.can.deletions, ("deleted",))
    assert [deletion.id for deletion in found.deletions] == [lost]
    assert found.deletions[0].kind in kinds


async def test_scan_leaves_out_what_was_deleted(trial: Trial) -> None:
    kept, lost, purged = trial.seed(3)
    trial.sandbox.human_delete(trial.object.name, lost)
    trial.sandbox.human_purge(trial.object.name, purged)
    trial.later(minutes=2)

    assert (await trial.read()).ids == [kept]


async def test_restored_record_comes_again_under_its_id(trial: Trial) -> None:
    [lost] = trial.seed(1)
    first = await trial.read()
    trial.later(minutes=30)
    trial.sandbox.human_delete(trial.object.name, lost)
    trial.later(minutes=2)
    second = await trial.read(first.cursor)
    trial.later(minutes=30)
    trial.sandbox.human_undelete(trial.object.name, lost)
    trial.later(minutes=2)

    third = await trial.read(second.cursor)

    assert lost in third.ids
    assert lost not in _deletions(third)


async def test_record_deleted_and_restored_between_runs_is_alive(trial: Trial) -> None:
    [record_id] = trial.seed(1)
    first = await trial.read()
    trial.later(minutes=30)
    trial.sandbox.human_delete(trial.object.name, record_id)
    trial.later(minutes=1)
    trial.sandbox.human_undelete(trial.object.name, record_id)
    trial.later(minutes=2)

    second = await trial.read(first.cursor)

    assert record_id not in _deletions(second)


async def test_purged_record_is_told_when_it_is_asked_for(trial: Trial) -> None:
    [purged] = trial.seed(1)
    trial.sandbox.human_purge(trial.object.name, purged)

    found = await trial.reads.read_many(trial.object.name, [purged], trial.query.fields)

    assert not found.records
    assert [(deletion.id, deletion.kind) for deletion in found.deletions] == [(purged, "purged")]


async def test_merge_names_the_survivor_in_the_next_run(trial: Trial) -> None:
    winner, loser, _ = await _ready_to_merge(trial)
    first = await trial.read()
    trial.later(minutes=30)
    survivor = trial.sandbox.human_merge(trial.object.name, winner, loser)
    trial.later(minutes=2)

    second = await trial.read(first.cursor)

    merged = {d.id: d.merged_into for d in second.deletions if d.kind == "merged"}
    assert merged == {old: survivor for old in (winner, loser) if old != survivor}
    assert survivor in second.ids


async def test_merged_record_leads_to_its_survivor_by_its_old_id(trial: Trial) -> None:
    winner, loser, other = await _ready_to_merge(trial)
    survivor = trial.sandbox.human_merge(trial.object.name, winner, loser)
    trial.later(minutes=2)

    found = await trial.reads.read_many(trial.object.name, [loser, other], trial.query.fields)

    redirects = {d.id: d.merged_into for d in found.deletions}
    redirects |= {r.requested_id: r.id for r in found.records if r.requested_id not in (None, r.id)}
    assert redirects == {loser: survivor}
    assert other in {record.id for record in found.records}


async def _ready_to_merge(trial: Trial) -> tuple[str, str, str]:
    if trial.can.merges == "none":
        pytest.skip(f"{trial.spec.name} declares no merges for {trial.object.name}")
    winner, loser, other = trial.seed(3)
    return winner, loser, other


def _deletions(reading: Reading) -> dict[str, str]:
    latest: dict[str, Deletion] = {deletion.id: deletion for deletion in reading.deletions}
    return {record_id: deletion.kind for record_id, deletion in latest.items()}
