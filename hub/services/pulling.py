"""Pull: read what changed in one object, page by page, each page stored together with its cursor."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import structlog

from hub.budget import Priority, at_priority, calls_for
from hub.db import cursors, leases, plans, runs
from hub.db.leases import Lease
from hub.db.session import Database
from hub.sdk.capabilities import Reads
from hub.sdk.errors import CursorExpired
from hub.services.counts import Counts
from hub.services.field_policies import settle_by_policy
from hub.services.guards.pulling import GuardedPull
from hub.services.guards.watch import Watch, watch
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.paging import LEASE, Progress, Pull
from hub.services.scanning import is_due

log = structlog.get_logger()


class AlreadyRunning(Exception):
    """Another process pulls this object right now."""


async def pull_object(
    db: Database, sync: ObjectSync, *, owner: str, full: bool = False, progress: Progress | None = None
) -> Counts:
    """Read until nothing more is there. `full` begins again from the first record.

    A mass change (see `hub.services.guards`) is not stored: the counts say `stopped`, and a plan asks what to do.
    Raises AlreadyRunning, LeaseLost (another process took over after this one was too slow), and the RemoteErrors
    of the read; what was stored until then stays stored, and the next pull goes on from there.
    """
    connector = sync.connection.connector
    if not isinstance(connector, Reads) or not sync.mapping.inbound:
        return Counts()
    begun = await _begin(db, sync, owner, full)
    pull = _opened(db, sync, begun, progress)
    try:
        await _read(pull, connector, begun)
    except BaseException as exc:
        with suppress(Exception):  # the run's end is for people to read; the pull's own error goes up
            await _end(db, begun, str(exc) or type(exc).__name__)
        raise
    await _end(db, begun, None, stopped=pull.stopped)
    return pull.counts


async def _read(pull: Pull, connector: Reads, begun: _Begun) -> None:
    try:
        with at_priority(begun.priority), calls_for("read", pull.sync.name):
            await pull.read_from(connector, begun.cursor)
    except CursorExpired as exc:
        sync = pull.sync
        log.warning("gap_resync_started", connection=sync.connection.name, object=sync.name, reason=exc.message)
        pull.counts["gap_resyncs"] += 1
        with at_priority("backfill"), calls_for("read", sync.name):
            await pull.read_from(connector, None)


async def has_been_read(db: Database, connection: OpenConnection) -> bool:
    """Whether each object of the connection has been read to its end once.

    Before that the hub does not know which of its records the system has already, and must not create any there.
    """
    if not isinstance(connection.connector, Reads):
        return True
    objects = [sync.name for sync in connection.objects if sync.mapping.inbound]
    async with db.transaction() as tx:
        planned = await plans.has_been_planned(tx, connection_id=connection.id, objects=objects)
        objects = [name for name in objects if name not in planned]
        return await runs.all_done(tx, connection_id=connection.id, objects=objects, kind="pull")


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run under a lease, from a cursor. `watch`: what it may do unasked."""

    lease: Lease
    run_id: int
    cursor: str | None
    priority: Priority
    watch: Watch | None


async def _begin(db: Database, sync: ObjectSync, owner: str, full: bool) -> _Begun:
    here, name = sync.connection.id, sync.name
    async with db.transaction() as tx:
        lease = await leases.acquire(tx, name=f"pull:{here}:{name}", owner=owner, ttl=LEASE)
        if lease is None:
            raise AlreadyRunning(f"{sync.connection.name} {name} is being read by another process.")
        await runs.abandon(tx, connection_id=here, object_name=name, kind="pull")
        run_id = await runs.start(tx, connection_id=here, object_name=name, kind="pull")
        await settle_by_policy(tx, sync.connection)
        if full or await is_due(tx, sync):
            await cursors.forget(tx, connection_id=here, object_name=name, direction="inbound")
        cursor = await cursors.load(tx, connection_id=here, object_name=name, direction="inbound")
        known = await runs.any_done(tx, connection_id=here, object_name=name, kind="pull")
        watched = await watch(tx, sync, "in")
    return _Begun(lease, run_id, cursor, "incremental" if cursor and known else "backfill", watched)


def _opened(db: Database, sync: ObjectSync, begun: _Begun, progress: Progress | None) -> Pull:
    if begun.watch is None:
        return Pull(db, sync, begun.lease, begun.run_id, progress)
    return GuardedPull(db, sync, begun.lease, begun.run_id, progress, watch=begun.watch)


async def _end(db: Database, begun: _Begun, error: str | None, *, stopped: str | None = None) -> None:
    async with db.transaction() as tx:
        if stopped:
            await runs.stop(tx, run_id=begun.run_id, reason=stopped)
        else:
            await runs.finish(tx, run_id=begun.run_id, error=error)
        await leases.release(tx, lease=begun.lease)
