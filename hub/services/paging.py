"""A pull under way: pages of one object, each stored in one transaction with the cursor after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.db import cursors, leases, runs
from hub.db.leases import Lease
from hub.db.session import Database, Tx
from hub.domain.guards import Effect
from hub.sdk.capabilities import Reads
from hub.sdk.records import Deletion, Page, ReadQuery
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.inbound import Incoming, prepare
from hub.services.objects import ObjectSync
from hub.services.scanning import Scan
from hub.services.sieving import apply_page

LEASE = timedelta(seconds=30)
_CHUNK = 100  # records that are mapped in one go, some two milliseconds

_PAGES = 4  # at most in one commit, so that others wait no longer than a moment for the matching lock

# Told after each commit: how many records were read, and what became of them.
Progress = Callable[[Counts], Awaitable[None]]


class Read(NamedTuple):
    """A page, mapped, and the moment as of which it is surely true."""

    page: Page
    incoming: list[Incoming]
    as_of: datetime


class Pull:
    """One pull under way: the next page is read (`ahead`) while the last one is stored."""

    def __init__(self, db: Database, sync: ObjectSync, lease: Lease, run_id: int, progress: Progress | None) -> None:
        self.db, self.sync, self.lease, self.run_id, self.progress = db, sync, lease, run_id, progress
        self.counts = Counts()
        self.query = ReadQuery(object=sync.remote_object, fields=sync.mapping.read_fields, where=sync.mapping.where)
        self.ahead: asyncio.Task[Read] | None = None
        self.scan: Scan | None = None
        self.stopped: str | None = None  # why it wrote nothing

    async def read_from(self, connector: Reads, cursor: str | None) -> None:
        self.scan = await Scan.begin(self.db, self.sync, self.run_id) if cursor is None else None
        self.ahead = self._read_ahead(connector, cursor)
        try:
            while self.ahead:
                await self._store(connector, await self.ahead)
        except BaseException:
            if self.ahead:
                self.ahead.cancel()
                with suppress(BaseException):
                    await self.ahead
            raise
        await self._conclude()

    async def _conclude(self) -> None:
        if self.scan:
            self.counts += await self.scan.conclude(self.db)

    def _read_ahead(self, connector: Reads, cursor: str | None) -> asyncio.Task[Read]:
        return asyncio.create_task(self._read(connector, cursor))

    async def _read(self, connector: Reads, cursor: str | None) -> Read:
        async with self.db.transaction() as tx:
            as_of = await tx.now()
        page = await connector.read_page(self.query, cursor)
        incoming: list[Incoming] = []
        for start in range(0, len(page.records), _CHUNK):
            incoming += prepare(self.sync, page.records[start : start + _CHUNK])
            await asyncio.sleep(0)  # the page before is being stored: its turn comes first
        return Read(page, incoming, as_of - self.sync.capabilities.read_lag)

    async def _store(self, connector: Reads, read: Read) -> None:
        """Records, shadows, changes and cursor together, fenced by the lease.

        In a first load the next page goes into the same commit when it is there by then: a commit waits for the disk.
        After a page that was not all new, each stands alone: locks of several pages would have no common order.
        """
        counts = Counts()
        async with self.db.transaction() as tx:
            await leases.renew(tx, lease=self.lease, ttl=LEASE)
            await tx.look_up_by_index()
            for _ in range(_PAGES):
                page = read.page
                self.ahead = None if page.done else self._read_ahead(connector, page.cursor)
                only_new = await self._apply(tx, read, counts)
                if not only_new or not self.ahead or not _succeeded(self.ahead):
                    break
                read = self.ahead.result()
            await self._save(tx, page.cursor, counts)
        self.counts += counts
        await self._tell(counts)

    async def _tell(self, counts: Counts) -> None:
        if self.progress:
            await self.progress(counts)

    async def _apply(self, tx: Tx, read: Read, counts: Counts) -> bool:
        """One page; whether it wrote nothing but new rows."""
        page, incoming, as_of = read
        only_new = await self._take_over(tx, page.deletions, incoming, as_of, counts)
        if self.scan:
            await self.scan.take(tx, page)
        counts["overlap"] += page.reread
        return only_new

    async def _take_over(
        self,
        tx: Tx,
        deletions: Sequence[Deletion],
        incoming: Sequence[Incoming],
        as_of: datetime,
        counts: Counts,
    ) -> bool:
        gone = await apply_deletions(tx, self.sync, deletions=deletions, as_of=as_of, run_id=self.run_id)
        came = await apply_page(tx, self.sync, incoming=incoming, as_of=as_of, run_id=self.run_id)
        counts += gone.counts + came.counts
        await self._note(tx, gone.effects, came.effects)
        return came.only_new and not deletions

    async def _note(self, tx: Tx, *touched: Mapping[Effect, Collection[str]]) -> None:
        """What nobody guards is not counted either."""

    async def _save(self, tx: Tx, cursor: str | None, counts: Counts) -> None:
        if cursor is not None:
            await cursors.save(
                tx,
                connection_id=self.sync.connection.id,
                object_name=self.sync.name,
                direction="inbound",
                value=cursor,
                run_id=self.run_id,
            )
        await runs.add_counts(tx, run_id=self.run_id, counts=counts)


def _succeeded(task: asyncio.Task[Read]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
