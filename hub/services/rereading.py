"""Rereads: records that webhooks and the engine asked to be read again, a step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hub.budget import at_priority
from hub.db import rereads
from hub.db.rereads import WEBHOOK, Reread
from hub.db.session import Database, Tx
from hub.sdk.errors import RemoteError
from hub.services.counts import Counts
from hub.services.guards.rereading import puts_off, serve_all
from hub.services.guards.watch import watch
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.reading import read_and_apply

_A_STEP = 500


async def serve_rereads(db: Database, connection: OpenConnection, *, run_id: int) -> Counts:
    """Do one step of what is to be read again for this connection; an empty count means that nothing was due."""
    counts = Counts()
    async with db.transaction() as tx:
        due = await rereads.due(tx, connection_id=connection.id, limit=_A_STEP)
        await _pass_on(tx, connection, due)
    for sync in connection.objects:
        mine = [r for r in due if r.object == sync.name]
        if not mine:
            continue
        announced = any(r.reason == WEBHOOK for r in mine)
        try:
            with at_priority("webhook" if announced else "incremental"):
                counts += await _serve(db, sync, mine, run_id)
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
    await _forget_unmapped(db, connection, due)
    return counts


async def _serve(db: Database, sync: ObjectSync, mine: Sequence[Reread], run_id: int) -> Counts:
    """Those of one object; all that waits of it, due or not, is looked through first where it may be too much."""
    async with db.transaction() as tx:
        watched = await watch(tx, sync, "in")
        waiting = await rereads.count(tx, connection_id=sync.connection.id, object_name=sync.name)
        if watched and await puts_off(tx, watched):
            return Counts()
        few = watched is None or (watched.stop is None and await watched.lets_through(tx, waiting))
    if watched and not few:
        return await serve_all(db, watched, run_id=run_id)
    announced = {r.remote_id for r in mine if r.reason == WEBHOOK}
    ids = [r.remote_id for r in mine]
    counts = await read_and_apply(db, sync, ids=ids, run_id=run_id, announced=announced, guarded=watched is not None)
    async with db.transaction() as tx:
        await rereads.done(tx, connection_id=sync.connection.id, object_name=sync.name, rereads=mine)
    counts["reread"] += len(mine)
    return counts


async def _pass_on(tx: Tx, connection: OpenConnection, due: Sequence[Reread]) -> None:
    """A webhook names the system's object: every mapping of it that goes by another name is asked for as well."""
    announced: dict[str, list[str]] = {}
    for r in due:
        if r.reason == WEBHOOK:
            announced.setdefault(r.object, []).append(r.remote_id)
    for sync in connection.objects:
        if sync.name != sync.remote_object and (ids := announced.get(sync.remote_object)):
            keys = [(sync.name, remote_id) for remote_id in ids]
            await rereads.ask(tx, connection_id=connection.id, keys=keys, reason=WEBHOOK)


async def _forget_unmapped(db: Database, connection: OpenConnection, due: Sequence[Reread]) -> None:
    mapped = {sync.name for sync in connection.objects}
    for name in {r.object for r in due} - mapped:
        async with db.transaction() as tx:
            await rereads.done(
                tx, connection_id=connection.id, object_name=name, rereads=[r for r in due if r.object == name]
            )
