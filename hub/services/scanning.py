"""Deletions by scan: a full read that provably saw every record, and what it did not show.

Where a system keeps no trace of deleted records (`deletions="scan"`), only this tells that one is gone. Where it keeps
tombstones, a read that begins anew shows none of them: where records are linked by then, it is a scan too.
Nothing is concluded unless one read went from the first record to the end without a break, and said that it saw all.
Even then each record that it did not show is asked for by its id: pages drift while they are read, and a record may
only have left what the mapping selects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.db import links, runs, scans
from hub.db.session import Database, Tx
from hub.sdk.capabilities import Reads
from hub.sdk.records import Deletion, Page, RemoteRecord
from hub.services.counts import Counts
from hub.services.objects import ObjectSync
from hub.services.reading import apply_now

_A_STEP = 500
# One that broke off is tried again after this time: meanwhile changes are read from where it stopped.
_AGAIN = timedelta(hours=1)


def tells_by_scan(sync: ObjectSync) -> bool:
    """Whether only a full read shows which records of the object are gone."""
    return sync.capabilities.deletions == "scan"


async def misses_tombstones(tx: Tx, sync: ObjectSync) -> bool:
    """Whether a read from the first record on leaves deletions of linked records behind that changes would show."""
    if sync.capabilities.deletions != "tombstone":
        return False
    return await links.any_live(tx, connection_id=sync.connection.id, object_name=sync.name)


async def is_due(tx: Tx, sync: ObjectSync) -> bool:
    """Whether the object is to be read from its first record again, for its deletions.

    With tombstones only after a scan that broke off, and not before the rest of it has been read.
    """
    here, name = sync.connection.id, sync.name
    if not tells_by_scan(sync):
        return await scans.is_owed(tx, connection_id=here, object_name=name, again=_AGAIN)
    every = sync.connection.scan_every
    return await scans.is_due(tx, connection_id=here, object_name=name, every=every, again=min(every, _AGAIN))


@dataclass(frozen=True, slots=True)
class Unseen:
    """What became of some records that a scan did not show; `asked` is how many they are."""

    as_of: datetime
    asked: int
    records: Sequence[RemoteRecord]
    deletions: Sequence[Deletion]


@dataclass(slots=True)
class Scan:
    """One read from the first record on. `saw_all` becomes true on a last page that says so."""

    sync: ObjectSync
    run_id: int
    begun: datetime
    saw_all: bool = False

    @classmethod
    async def begin(cls, db: Database, sync: ObjectSync, run_id: int) -> Scan | None:
        """Before the first page is asked for; None where deletions are told without one, or none can matter."""
        async with db.transaction() as tx:
            if not tells_by_scan(sync) and not await misses_tombstones(tx, sync):
                return None
            begun = await scans.begin(tx, connection_id=sync.connection.id, object_name=sync.name, run_id=run_id)
        return cls(sync, run_id, begun - sync.capabilities.read_lag)

    async def take(self, tx: Tx, page: Page) -> None:
        """In the transaction that stores the page."""
        seen = {record.id for record in page.records}
        await scans.note(tx, connection_id=self.sync.connection.id, object_name=self.sync.name, remote_ids=seen)
        self.saw_all = page.done and page.complete_scan

    async def conclude(self, db: Database) -> Counts:
        """After the last page: what was linked before and not seen is looked up, and what is gone is taken as deleted.

        Raises the RemoteErrors of the look; then nothing more is concluded from this scan.
        """
        counts = Counts()
        async for unseen in self.unseen(db):
            counts += await apply_now(
                db,
                self.sync,
                remote=unseen.records,
                deletions=unseen.deletions,
                as_of=unseen.as_of,
                run_id=self.run_id,
            )
            counts["unseen"] += unseen.asked
        await self.complete(db, counts)
        return counts

    async def unseen(self, db: Database) -> AsyncIterator[Unseen]:
        """After the last page, if it said that it saw all: what had been linked before and was not seen, step by step.

        Raises the RemoteErrors of the look.
        """
        if not self.saw_all:
            return
        here, name = self.sync.connection.id, self.sync.name
        async with db.transaction() as tx:
            missing = await scans.unseen(tx, connection_id=here, object_name=name, before=self.begun)
        for start in range(0, len(missing), _A_STEP):
            yield await self._look(db, missing[start : start + _A_STEP])

    async def complete(self, db: Database, counts: Counts) -> None:
        """What it did not show has been dealt with, with these counts."""
        if not self.saw_all:
            await self.drop(db)
            return
        async with db.transaction() as tx:
            await scans.complete(tx, connection_id=self.sync.connection.id, object_name=self.sync.name)
            await runs.add_counts(tx, run_id=self.run_id, counts=counts)

    async def drop(self, db: Database) -> None:
        """It came to its end, and nothing is owed: it did not see all, or what it found is asked about.

        Where only scans tell deletions, it stays one that is tried again.
        """
        if tells_by_scan(self.sync):
            return
        async with db.transaction() as tx:
            await scans.drop(tx, connection_id=self.sync.connection.id, object_name=self.sync.name)

    async def _look(self, db: Database, missing: Sequence[str]) -> Unseen:
        sync = self.sync
        assert isinstance(sync.connection.connector, Reads)
        async with db.transaction() as tx:
            as_of = await tx.now()
        found = await sync.connection.connector.read_many(sync.remote_object, list(missing), sync.mapping.read_fields)
        return Unseen(as_of, len(missing), found.records, [replace(d, source="scan") for d in found.deletions])
