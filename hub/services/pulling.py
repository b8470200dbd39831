"""Pull: read what changed in one object, page by page, each page stored together with its cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from hub.budget import Priority, at_priority, calls_for
from hub.db import cursors, leases, plans, runs
from hub.db.leases import Lease
from hub.db.session import Database, Tx
from hub.sdk.capabilities import Reads
from hub.sdk.errors import CursorExpired
from hub.sdk.records import Page, ReadQuery
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.field_policies import settle_by_policy
from hub.services.inbound import Incoming, prepare
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.scanning import Scan, is_due, tells_by_scan
from hub.services.sieving import apply_page

log = structlog.get_logger()

_LEASE = timedelta(seconds=30)
_CHUNK = 100  # records that are mapped in one go, some two milliseconds

_PAGES = 4  # at most in one commit, so that others wait no longer than a moment for the matching lock

# Told after each commit: how many records were read, and what became of them.
Progress = Callable[[Counts], Awaitable[None]]


class AlreadyRunning(Exception):
    """Another process pulls this object right now."""


async def pull_object(
    db: Database, sync: ObjectSync, *, owner: str, full: bool = False, progress: Progress | None = None
) -> Counts:
    """Read until nothing more is there. `full` begins again from the first record.

    Raises AlreadyRunning, LeaseLost (another process took over after this one was too slow), and the RemoteErrors
    of the read; what was stored until then stays stored, and the next pull goes on from there.
    """
    connector = sync.connection.connector
    if not isinstance(connector, Reads) or not sync.mapping.inbound:
        return Counts()
    lease, run_id, cursor, priority = await _begin(db, sync, owner, full)
    pull = _Pull(db, sync, lease, run_id, progress)
    try:
        try:
            with at_priority(priority), calls_for("read", sync.name):
                await pull.read_from(connector, cursor)
        except CursorExpired as exc:
            log.warning("gap_resync_started", connection=sync.connection.name, object=sync.name, reason=exc.message)
            pull.counts["gap_resyncs"] += 1
            with at_priority("backfill"), calls_for("read", sync.name):
                await pull.read_from(connector, None)
    except BaseException as exc:
        with suppress(Exception):  # the run's end is for people to read; the pull's own error goes up
            await _end(db, lease, run_id, str(exc) or type(exc).__name__)
        raise
    await _end(db, lease, run_id, None)
    return pull.counts


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


async def _begin(db: Database, sync: ObjectSync, owner: str, full: bool) -> tuple[Lease, int, str | None, Priority]:
    here, name = sync.connection.id, sync.name
    async with db.transaction() as tx:
        lease = await leases.acquire(tx, name=f"pull:{here}:{name}", owner=owner, ttl=_LEASE)
        if lease is None:
            raise AlreadyRunning(f"{sync.connection.name} {name} is being read by another process.")
        await runs.abandon(tx, connection_id=here, object_name=name, kind="pull")
        run_id = await runs.start(tx, connection_id=here, object_name=name, kind="pull")
        await settle_by_policy(tx, sync.connection)
        if full or await is_due(tx, sync):
            await cursors.forget(tx, connection_id=here, object_name=name, direction="inbound")
        cursor = await cursors.load(tx, connection_id=here, object_name=name, direction="inbound")
        known = await runs.any_done(tx, connection_id=here, object_name=name, kind="pull")
    return lease, run_id, cursor, "incremental" if cursor and known else "backfill"


async def _end(db: Database, lease: Lease, run_id: int, error: str | None) -> None:
    async with db.transaction() as tx:
        await runs.finish(tx, run_id=run_id, error=error)
        await leases.release(tx, lease=lease)


class _Read(NamedTuple):
    """A page, mapped, and the moment as of which it is surely true."""

    page: Page
    incoming: list[Incoming]
    as_of: datetime


class _Pull:
    """One pull under way: the next page is read (`ahead`) while the last one is stored."""

    def __init__(self, db: Database, sync: ObjectSync, lease: Lease, run_id: int, progress: Progress | None) -> None:
        self.db, self.sync, self.lease, self.run_id, self.progress = db, sync, lease, run_id, progress
        self.counts = Counts()
        self.query = ReadQuery(object=sync.name, fields=sync.mapping.read_fields, where=sync.mapping.where)
        self.ahead: asyncio.Task[_Read] | None = None
        self.scan: Scan | None = None

    async def read_from(self, connector: Reads, cursor: str | None) -> None:
        from_first = cursor is None and tells_by_scan(self.sync)
        self.scan = await Scan.begin(self.db, self.sync, self.run_id) if from_first else None
        self.ahead = asyncio.create_task(self._read(connector, cursor))
        try:
            while self.ahead:
                await self._store(connector, await self.ahead)
        except BaseException:
            if self.ahead:
                self.ahead.cancel()
                with suppress(BaseException):
                    await self.ahead
            raise
        if self.scan:
            self.counts += await self.scan.conclude(self.db)

    async def _read(self, connector: Reads, cursor: str | None) -> _Read:
        async with self.db.transaction() as tx:
            as_of = await tx.now()
        page = await connector.read_page(self.query, cursor)
        incoming: list[Incoming] = []
        for start in range(0, len(page.records), _CHUNK):
            incoming += prepare(self.sync, page.records[start : start + _CHUNK])
            await asyncio.sleep(0)  # the page before is being stored: its turn comes first
        return _Read(page, incoming, as_of - self.sync.capabilities.read_lag)

    async def _store(self, connector: Reads, read: _Read) -> None:
        """Records, shadows, changes and cursor together, fenced by the lease.

        In a first load the next page goes into the same commit when it is there by then: a commit waits for the disk.
        After a page that was not all new, each stands alone: locks of several pages would have no common order.
        """
        counts = Counts()
        async with self.db.transaction() as tx:
            await leases.renew(tx, lease=self.lease, ttl=_LEASE)
            await tx.look_up_by_index()
            for _ in range(_PAGES):
                page = read.page
                self.ahead = None if page.done else asyncio.create_task(self._read(connector, page.cursor))
                only_new = await self._apply(tx, read, counts)
                if not only_new or not self.ahead or not _succeeded(self.ahead):
                    break
                read = self.ahead.result()
            await self._save(tx, page.cursor, counts)
        self.counts += counts
        if self.progress:
            await self.progress(counts)

    async def _apply(self, tx: Tx, read: _Read, counts: Counts) -> bool:
        """One page; whether it wrote nothing but new rows."""
        page, incoming, as_of = read
        gone = await apply_deletions(tx, self.sync, deletions=page.deletions, as_of=as_of, run_id=self.run_id)
        came = await apply_page(tx, self.sync, incoming=incoming, as_of=as_of, run_id=self.run_id)
        if self.scan:
            await self.scan.take(tx, page)
        counts += gone.counts + came.counts
        counts["overlap"] += page.reread
        return came.only_new and not page.deletions

    async def _save(self, tx: Tx, cursor: str, counts: Counts) -> None:
        await cursors.save(
            tx,
            connection_id=self.sync.connection.id,
            object_name=self.sync.name,
            direction="inbound",
            value=cursor,
            run_id=self.run_id,
        )
        await runs.add_counts(tx, run_id=self.run_id, counts=counts)


def _succeeded(task: asyncio.Task[_Read]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
