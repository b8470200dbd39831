"""Reading remote records by id and taking them over: after hints, conflicts and unknown outcomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from hub.budget import Purpose, at_priority, calls_for
from hub.db import links, rereads
from hub.db.rereads import WEBHOOK, Reread
from hub.db.session import Database, Tx
from hub.sdk.capabilities import FindsByKey, Reads
from hub.sdk.errors import RemoteError
from hub.sdk.records import Deletion, RemoteRecord
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.inbound import prepare
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.sieving import apply_page

_REREADS_A_STEP = 500


async def read_and_apply(
    db: Database,
    sync: ObjectSync,
    *,
    ids: Sequence[str],
    run_id: int,
    announced: Collection[str] = (),
    purpose: Purpose = "read",
) -> Counts:
    """Read these ids with the strongest consistency the API has, and take over what changed.

    `announced`: those of them that a webhook named. `purpose`: what the calls are counted for.
    """
    if not ids or not isinstance(sync.connection.connector, Reads):
        return Counts()
    async with db.transaction() as tx:
        as_of = await tx.now()
    with calls_for(purpose, sync.name):
        result = await sync.connection.connector.read_many(sync.name, list(ids), sync.mapping.read_fields)
    deletions = [replace(d, source="webhook") if d.id in announced else d for d in result.deletions]
    return await apply_now(db, sync, remote=result.records, deletions=deletions, as_of=as_of, run_id=run_id)


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
        found = await connector.find_by_key(sync.name, key_field, keys, sync.mapping.read_fields)
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
) -> Counts:
    """One transaction for what a read by id brought. An old id that answers with a survivor counts as a merge."""
    moved = [
        Deletion(id=r.requested_id, kind="merged", merged_into=r.id, source="probe")
        for r in remote
        if r.requested_id is not None and r.requested_id != r.id
    ]
    async with db.transaction() as tx:
        gone = await apply_deletions(tx, sync, deletions=[*deletions, *moved], as_of=as_of, run_id=run_id)
        came = await apply_page(tx, sync, incoming=prepare(sync, remote), as_of=as_of, run_id=run_id)
    return gone.counts + came.counts


async def serve_rereads(db: Database, connection: OpenConnection, *, run_id: int) -> Counts:
    """Do one step of what is to be read again for this connection; an empty count means that nothing was due."""
    counts = Counts()
    async with db.transaction() as tx:
        due = await rereads.due(tx, connection_id=connection.id, limit=_REREADS_A_STEP)
    for sync in connection.objects:
        mine = [r for r in due if r.object == sync.name]
        if not mine:
            continue
        try:
            announced = {r.remote_id for r in mine if r.reason == WEBHOOK}
            ids = [r.remote_id for r in mine]
            with at_priority("webhook" if announced else "incremental"):
                counts += await read_and_apply(db, sync, ids=ids, run_id=run_id, announced=announced)
        except RemoteError:
            async with db.transaction() as tx:
                await rereads.postpone(
                    tx,
                    connection_id=connection.id,
                    object_name=sync.name,
                    rereads=mine,
                    delay=timedelta(seconds=min(2 ** (1 + mine[0].attempts), 600)),
                )
            raise
        async with db.transaction() as tx:
            await rereads.done(tx, connection_id=connection.id, object_name=sync.name, rereads=mine)
        counts["reread"] += len(mine)
    await _forget_unmapped(db, connection, due)
    return counts


async def _forget_unmapped(db: Database, connection: OpenConnection, due: Sequence[Reread]) -> None:
    mapped = {sync.name for sync in connection.objects}
    for name in {r.object for r in due} - mapped:
        async with db.transaction() as tx:
            await rereads.done(
                tx, connection_id=connection.id, object_name=name, rereads=[r for r in due if r.object == name]
            )
