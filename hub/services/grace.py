"""Deletions whose grace is over: looked at once more, then done to the hub's records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from hub.db import departures, guards, links, records, runs
from hub.db.departures import Waiting
from hub.db.records import StoredRecord
from hub.db.session import Database, Tx
from hub.services.counts import Counts
from hub.services.endings import act
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.reading import read_and_apply

_A_STEP = 500


async def carry_out_due(db: Database, connection: OpenConnection) -> Counts:
    """Delete or deactivate what is due. Raises the RemoteErrors of the last look.

    The remote records are read by id before: one that came back is taken over again, and its deletion is off. Nothing
    is due of an object whose reading is stopped.
    """
    total = Counts()
    run_id = 0
    async with db.transaction() as tx:  # what a guard has stopped may be part of the same mass change
        stopped = await guards.stopped_objects(tx, connection_id=connection.id, direction="in")
        if stopped:
            await departures.put_off(
                tx, connection_id=connection.id, objects=stopped, delay=connection.guards.look_again
            )
    while True:
        async with db.transaction() as tx:
            due = await departures.due(tx, connection_id=connection.id, limit=_A_STEP)
            if due and not run_id:
                run_id = await runs.start(tx, connection_id=connection.id, kind="deletions")
        if not due:
            break
        for sync in connection.objects:
            if mine := [w for w in due if w.object == sync.name]:
                total += await _carry_out(db, sync, mine, run_id)
        async with db.transaction() as tx:
            unmapped = [w.id for w in due if w.object not in connection.mappings]
            await departures.cancel(tx, dict.fromkeys(unmapped, "its object is not mapped any more"))
    if run_id:
        async with db.transaction() as tx:
            await runs.add_counts(tx, run_id=run_id, counts=total)
            await runs.finish(tx, run_id=run_id)
    return total


async def _carry_out(db: Database, sync: ObjectSync, due: Sequence[Waiting], run_id: int) -> Counts:
    looked = await read_and_apply(db, sync, ids=[w.remote_id for w in due], run_id=run_id, purpose="guard")
    async with db.transaction() as tx:
        # The records' locks come first, as in every merge: what comes in cancels departures while it holds its records.
        stored = await records.load(tx, sync.record_type, [w.record_id for w in due], lock=True)
        held = await departures.take(tx, [w.id for w in due])
        reasons = await _reasons_against(tx, sync, held, stored)
        await departures.cancel(tx, reasons)
        agreed = [w for w in held if w.id not in reasons]
        done, _ = await act(tx, sync, departed={w.record_id: w.id for w in agreed}, run_id=run_id)
        await departures.carried_out(tx, [w.id for w in agreed])
    return looked + done


async def _reasons_against(
    tx: Tx, sync: ObjectSync, held: Sequence[Waiting], stored: Mapping[UUID, StoredRecord]
) -> dict[int, str]:
    """Why some of these deletions are off after all, by departure."""
    ids = [w.record_id for w in held]
    again = await links.remote_ids_of(tx, connection_id=sync.connection.id, objects=[sync.name], record_ids=ids)
    return {w.id: reason for w in held if (reason := _reason_against(sync, w, stored, again))}


def _reason_against(
    sync: ObjectSync, waiting: Waiting, stored: Mapping[UUID, StoredRecord], again: Mapping[UUID, str]
) -> str | None:
    record, policy = stored.get(waiting.record_id), sync.mapping.on_delete.pull.kind
    if policy not in ("mirror", "deactivate"):
        return f"the mapping says {policy} now"
    if record is None or not record.alive:
        return "the hub's record is gone already"
    if waiting.record_id in again:
        return f"it stands there as {again[waiting.record_id]} now"
    if policy == "mirror" and waiting.version is not None and record.version > waiting.version:
        return "the record was changed since: whoever changed it did not know of the deletion"
    return None
