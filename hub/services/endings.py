"""What the end of a remote record does to the hub's: deleted, deactivated or asked about; and taken back on return."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from hub.db import changes, departures, findings, records
from hub.db.changes import Change
from hub.db.departures import Ended
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import encode_json
from hub.sdk.records import Deletion
from hub.services.counts import Counts
from hub.services.objects import ObjectSync, origin_of
from hub.services.removal import mark_deleted

CAME_BACK = "its remote record came back"


async def follow(
    tx: Tx, sync: ObjectSync, *, parted: Sequence[tuple[UUID, Deletion]], run_id: int
) -> tuple[Counts, list[UUID]]:
    """Keep how these links ended, and do to their records what the mapping's `on_delete` says.

    Deleting and deactivating wait for the connection's grace. Returns what was done and the records it touched.
    """
    policy, grace = sync.mapping.on_delete.pull, sync.connection.grace
    waits = policy.kind in ("mirror", "deactivate") and grace > timedelta(0)
    noted = await note_departures(tx, sync, parted=parted, run_id=run_id, grace=grace if waits else None)
    if waits:
        return Counts(), []
    if policy.kind == "ask":
        await _ask(tx, sync, parted, run_id)
        return Counts(), []
    return await act(tx, sync, departed=noted, run_id=run_id)


def what_follows(sync: ObjectSync) -> str:
    """What a deletion there does to the hub's record, for people."""
    policy, grace = sync.mapping.on_delete.pull.kind, sync.connection.grace
    words = {"mirror": "deleted", "deactivate": "deactivated", "unlink": "kept", "ask": "kept, and asked about"}
    waits = policy in ("mirror", "deactivate") and grace > timedelta(0)
    return f"{words[policy]} {int(grace.total_seconds())} seconds later" if waits else words[policy]


async def note_departures(
    tx: Tx,
    sync: ObjectSync,
    *,
    parted: Sequence[tuple[UUID, Deletion]],
    run_id: int,
    grace: timedelta | None = None,
    by_hub: bool = False,
    followed: bool = True,
    into: tuple[str, str] | None = None,
) -> dict[UUID, int]:
    """Keep how these links ended; returns the departure of each record. Without `followed` nothing comes of it.

    `into`: the object and id of another object's record that they live on in.
    """
    versions = await records.versions(tx, sync.record_type, [record_id for record_id, _ in parted])
    return await departures.note(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        record_type=sync.record_type.name,
        ended=[
            Ended(
                record_id,
                versions.get(record_id),
                deletion,
                into_object=into[0] if into else None,
                into_id=into[1] if into else deletion.merged_into,
            )
            for record_id, deletion in parted
        ],
        policy=sync.mapping.on_delete.pull.kind if followed else "unlink",
        run_id=run_id,
        by_hub=by_hub,
        grace=grace,
    )


async def act(tx: Tx, sync: ObjectSync, *, departed: Mapping[UUID, int], run_id: int) -> tuple[Counts, list[UUID]]:
    """Delete or deactivate these records now, whose departures are given, as the mapping says."""
    policy = sync.mapping.on_delete.pull
    if policy.kind == "mirror":
        touched = await mark_deleted(tx, sync.record_type, list(departed), origin=origin_of(sync, run_id))
        return Counts(records_deleted=len(touched)), touched
    if policy.kind == "deactivate":
        touched = await _deactivate(tx, sync, policy.values, departed, run_id)
        return Counts(deactivated=len(touched)), touched
    return Counts(), []


async def _deactivate(
    tx: Tx, sync: ObjectSync, values: Values, departed: Mapping[UUID, int], run_id: int
) -> list[UUID]:
    """Set `values` in those that live and differ, and keep what they replace."""
    stored = await records.load(tx, sync.record_type, list(departed), lock=True)
    rewritten: list[tuple[UUID, Values]] = []
    replaced: dict[int, bytes] = {}
    log: list[Change] = []
    for record in stored.values():
        old = {name: record.values[name] for name in values if record.values[name] != values[name]}
        if not old or not record.alive:
            continue
        new = {name: values[name] for name in old}
        before = encode_values(old)
        rules = encode_json(dict.fromkeys(old, f"{sync.mapping.file} on_delete: deactivate"))
        rewritten.append((record.id, {**record.values, **new}))
        replaced[departed[record.id]] = before
        log.append(
            Change(
                record.id, sync.record_type.name, record.version + 1, "update", before, encode_values(new), rules
            )
        )  # fmt: skip
    await records.update(tx, sync.record_type, rewritten)
    await departures.keep_replaced(tx, replaced)
    await changes.append(tx, origin=origin_of(sync, run_id), changes=log)
    return [record_id for record_id, _ in rewritten]


async def _ask(tx: Tx, sync: ObjectSync, parted: Sequence[tuple[UUID, Deletion]], run_id: int) -> None:
    await findings.ask_about_deletion(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        record_type=sync.record_type.name,
        run_id=run_id,
        records=[(record_id, deletion.id) for record_id, deletion in parted],
    )


async def take_back(tx: Tx, sync: ObjectSync, remote_ids: Collection[str]) -> dict[str, dict[str, Value]]:
    """These remote records are there again: nothing that still waits is done to their records.

    Returns what deactivations replaced, by remote id: see `reactivated`.
    """
    if not remote_ids:
        return {}
    replaced = await departures.take_back(
        tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=remote_ids, reason=CAME_BACK
    )
    return {remote_id: decode_values(sync.record_type, text) for remote_id, text in replaced.items()}


def reactivated(sync: ObjectSync, record: StoredRecord, replaced: Values) -> dict[str, Value]:
    """What to put back: fields that still hold what the deactivation set."""
    values = sync.mapping.on_delete.pull.values
    return {name: old for name, old in replaced.items() if name in values and record.values[name] == values[name]}
