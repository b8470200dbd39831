"""Reading remote records by id and taking them over: after hints, conflicts and unknown outcomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from hub.budget import Purpose, calls_for
from hub.db import links, rereads
from hub.db.session import Database, Tx
from hub.sdk.capabilities import FindsByKey, Reads
from hub.sdk.records import Deletion, RemoteRecord
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.guards.watch import note_passed
from hub.services.inbound import prepare
from hub.services.objects import ObjectSync
from hub.services.sieving import apply_page


async def read_and_apply(
    db: Database,
    sync: ObjectSync,
    *,
    ids: Sequence[str],
    run_id: int,
    announced: Collection[str] = (),
    purpose: Purpose = "read",
    guarded: bool = True,
) -> Counts:
    """Read these ids with the strongest consistency the API has, and take over what changed.

    `announced`: those of them that a webhook named. `purpose`: what the calls are counted for.
    """
    if not ids or not isinstance(sync.connection.connector, Reads):
        return Counts()
    connector = sync.connection.connector
    seen = await read_by_id(db, sync, connector, ids=ids, announced=announced, purpose=purpose)
    return await apply_now(
        db,
        sync,
        remote=seen.records,
        deletions=seen.deletions,
        as_of=seen.as_of,
        run_id=run_id,
        guarded=guarded,
    )


class Seen(NamedTuple):
    """What a read by id brought, and the moment as of which it is surely true."""

    as_of: datetime
    records: Sequence[RemoteRecord]
    deletions: Sequence[Deletion]


async def read_by_id(
    db: Database,
    sync: ObjectSync,
    connector: Reads,
    *,
    ids: Sequence[str],
    announced: Collection[str] = (),
    purpose: Purpose = "read",
) -> Seen:
    """`announced`: those that a webhook named."""
    async with db.transaction() as tx:
        as_of = await tx.now()
    with calls_for(purpose, sync.name):
        result = await connector.read_many(sync.remote_object, list(ids), sync.mapping.read_fields)
    deletions = [replace(d, source="webhook") if d.id in announced else d for d in result.deletions]
    return Seen(as_of, result.records, deletions)


async def look_again(tx: Tx, sync: ObjectSync, remote_ids: Sequence[str], *, reason: str) -> None:
    """Ask for these to be read again and merged anew, even if they come as they were."""
    keys = [(sync.name, remote_id) for remote_id in remote_ids]
    if keys:
        await links.forget_hashes(tx, connection_id=sync.connection.id, keys=keys)
        await rereads.ask(tx, connection_id=sync.connection.id, keys=keys, reason=reason)


async def find_and_apply(db: Database, sync: ObjectSync, *, record_ids: Sequence[UUID], run_id: int) -> set[UUID]:
    """Look for remote records that carry the hub's key of these records, link them, and tell which there are."""
    connector, key_field = sync.connection.connector, sync.mapping.key_field
    if not record_ids or not key_field or not isinstance(connector, FindsByKey):
        return set()
    async with db.transaction() as tx:
        as_of = await tx.now()
    keys = [str(record_id) for record_id in record_ids]
    with calls_for("verify", sync.name):
        found = await connector.find_by_key(sync.remote_object, key_field, keys, sync.mapping.read_fields)
    await apply_now(db, sync, remote=found, deletions=(), as_of=as_of, run_id=run_id)
    return {UUID(key) for r in found if (key := str(r.fields.get(key_field, ""))) in keys}


async def apply_now(
    db: Database,
    sync: ObjectSync,
    *,
    remote: Sequence[RemoteRecord],
    deletions: Sequence[Deletion],
    as_of: datetime,
    run_id: int,
    guarded: bool = True,
) -> Counts:
    """One transaction for what a read by id brought. An old id that answers with a survivor counts as a merge."""
    async with db.transaction() as tx:
        gone = await apply_deletions(tx, sync, deletions=[*deletions, *moved(remote)], as_of=as_of, run_id=run_id)
        came = await apply_page(tx, sync, incoming=prepare(sync, remote), as_of=as_of, run_id=run_id)
        if guarded:
            await note_passed(tx, sync, "in", gone.effects, came.effects)
    return gone.counts + came.counts


def moved(remote: Sequence[RemoteRecord]) -> list[Deletion]:
    """Old ids that were answered with a survivor."""
    return [
        Deletion(id=r.requested_id, kind="merged", merged_into=r.id, source="probe")
        for r in remote
        if r.requested_id is not None and r.requested_id != r.id
    ]
