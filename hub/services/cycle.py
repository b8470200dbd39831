"""One turn of a connection: read what changed, read again what was asked for, deliver what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from hub.db import circuits, deliveries, departures, rereads, runs
from hub.db.session import Database
from hub.sdk.errors import RecordRejected, RemoteError
from hub.services.circuit import Halted, answered, halt, pass_circuit
from hub.services.counts import Counts
from hub.services.fitting import fit, refit
from hub.services.grace import carry_out_due
from hub.services.guards.pushing import clear_deliveries
from hub.services.guards.stops import stands_still
from hub.services.objects import OpenConnection
from hub.services.outbound import plan_deliveries
from hub.services.paging import Progress
from hub.services.pulling import AlreadyRunning, pull_object
from hub.services.rereading import serve_rereads
from hub.services.sending import send_due

log = structlog.get_logger()


async def begin(db: Database, connection: OpenConnection) -> OpenConnection:
    """What each run begins with: the account may be used, and of the mappings what fits the system now.

    Raises Halted and RemoteErrors of an account that was away and is not back yet.
    """
    await pass_circuit(db, connection)
    return await fit(db, connection)


async def pull(
    db: Database,
    connection: OpenConnection,
    *,
    owner: str,
    objects: Sequence[str] = (),
    full: bool = False,
    progress: Progress | None = None,
    patient: bool = False,
) -> Counts:
    """Read all objects (or those named), parents first. One that another process reads is left to it.

    `patient`: one that a guard has stopped is looked at again only when it is time to.
    """
    counts = Counts()
    connection = await begin(db, connection)
    for name in [sync.name for sync in connection.objects if not objects or sync.name in objects]:
        if patient and await stands_still(db, connection, name):
            continue
        try:
            connection, found = await pull_one(db, connection, name, owner=owner, full=full, progress=progress)
            counts += found
        except AlreadyRunning as exc:
            log.info("pull_left_to_other", connection=connection.name, object=name, reason=str(exc))
    await answered(db, connection)
    return counts


async def pull_one(
    db: Database,
    connection: OpenConnection,
    name: str,
    *,
    owner: str,
    full: bool = False,
    progress: Progress | None = None,
) -> tuple[OpenConnection, Counts]:
    """Read one object of a connection that was fitted; a field that has gone since is left out by a second try.

    Returns the connection as it fits now. Raises AlreadyRunning, and RemoteErrors after halting the connection.
    """
    try:
        try:
            found = await pull_object(db, connection.object(name), owner=owner, full=full, progress=progress)
        except RecordRejected:
            fitted = await refit(db, connection)
            if fitted is None:
                raise
            connection = fitted
            found = await pull_object(db, connection.object(name), owner=owner, full=full, progress=progress)
    except RemoteError as exc:
        await halt(db, connection, exc)
        raise
    return connection, found


async def reread(db: Database, connection: OpenConnection) -> Counts:
    """Read again what webhooks and the engine asked for, until nothing more is due."""
    total = Counts()
    run_id = 0
    while True:
        async with db.transaction() as tx:
            if not await rereads.due(tx, connection_id=connection.id, limit=1):
                break
            if is_first := not run_id:  # one before it that still runs was left by a process that died
                await runs.abandon(tx, connection_id=connection.id, object_name=None, kind="reread")
                run_id = await runs.start(tx, connection_id=connection.id, kind="reread")
        if is_first:
            connection = await begin(db, connection)
        try:
            total += await serve_rereads(db, connection, run_id=run_id)
        except RemoteError as exc:
            async with db.transaction() as tx:
                await runs.finish(tx, run_id=run_id, error=exc.message)
            await halt(db, connection, exc)
            raise
    if run_id:
        async with db.transaction() as tx:
            await runs.add_counts(tx, run_id=run_id, counts=total)
            await runs.finish(tx, run_id=run_id)
        await answered(db, connection)
    return total


async def push(db: Database, connection: OpenConnection, *, owner: str) -> Counts:
    """Carry out deletions whose grace is over, plan deliveries from the change log, and write what is due.

    What would be a mass change there is held back and asked about.

    Raises Halted when the connection must rest, and the RemoteErrors of reads.
    """
    connection = await begin(db, connection)
    try:
        total = await carry_out_due(db, connection)
    except RemoteError as exc:
        await halt(db, connection, exc)
        raise
    while True:
        planned = await _plan_all(db, connection)
        cleared = await clear_deliveries(db, connection)
        sent = await send_due(db, connection, owner=owner, cleared=cleared)
        total += sent
        if sent["dead"]:
            connection = await refit(db, connection) or connection
        if not planned and not sent:
            break
    if any(total[f"remote_{done}"] for done in ("created", "updated", "deleted")):
        await answered(db, connection)
    return total


async def _plan_all(db: Database, connection: OpenConnection) -> int:
    """All of the log before anything is written, so that a mass change is seen as a whole."""
    total = 0
    while True:
        async with db.transaction() as tx:
            planned = await plan_deliveries(tx, connection)
        if not planned:
            return total
        total += planned


async def resting(db: Database, connection_id: int) -> timedelta | None:
    """How long the connection is to be left alone; None when it may be used."""
    async with db.transaction() as tx:
        return await circuits.resting_for(tx, connection_id=connection_id)


async def due_in(db: Database, connection_id: int) -> timedelta | None:
    """How long until this connection has something to deliver, to delete or to read again; None: nothing is left."""
    async with db.transaction() as tx:
        waits = [
            wait
            for wait in (
                await deliveries.next_due_in(tx, connection_id=connection_id),
                await rereads.next_due_in(tx, connection_id=connection_id),
                await departures.next_due_in(tx, connection_id=connection_id),
            )
            if wait is not None
        ]
        rest = await circuits.resting_for(tx, connection_id=connection_id)
    if not waits:
        return None
    return max(min(waits), rest or timedelta(0))


__all__ = ["Halted", "begin", "due_in", "halt", "pull", "pull_one", "push", "reread", "resting"]
