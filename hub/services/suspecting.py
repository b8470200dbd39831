"""Which records of a system may differ from what the hub last saw: found with as few requests as its API allows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from hub.db import reconciliations
from hub.db.reconciliations import KnownLink
from hub.db.session import Database
from hub.domain.stamps import FIRST, LAST, KnownStamps, filled
from hub.sdk.capabilities import CountsByStamp, Reads
from hub.sdk.records import Deletion, ReadQuery, RemoteRecord, Slice
from hub.services.comparing import written_only
from hub.services.inbound import prepare
from hub.services.objects import ObjectSync

Method = Literal["stamps", "scan"]
# Told how many records were looked at.
Listener = Callable[[int], None]

_LINKS_A_STEP = 20_000
_PARTS = 20
_FINER = 8
# A slice with fewer records is read rather than cut finer.
_WORTH_CUTTING = 1000


@dataclass(slots=True)
class Suspects:
    """Remote ids that are to be looked at one by one; everything else is as the hub last saw it.

    `read` and `gone` hold what was seen of some of them already, and may be believed. `seen_again`: (remote id,
    version token, fingerprint) of records that changed in nothing that is mapped.
    """

    ids: set[str] = field(default_factory=set)
    read: dict[str, RemoteRecord] = field(default_factory=dict)
    gone: dict[str, Deletion] = field(default_factory=dict)
    seen_again: list[tuple[str, str, bytes]] = field(default_factory=list)


def method_for(sync: ObjectSync, *, full: bool) -> Method:
    """By counting stamps where the API can, unless everything is to be read."""
    return "stamps" if isinstance(sync.connection.connector, CountsByStamp) and not full else "scan"


async def find_suspects(db: Database, sync: ObjectSync, *, method: Method, listener: Listener) -> Suspects:
    """Compare with what the system has now. Raises RemoteErrors."""
    connector = sync.connection.connector
    if method == "stamps" and isinstance(connector, CountsByStamp):
        return await _Counting(db, sync, connector, listener).run()
    assert isinstance(connector, Reads)
    return await _scan(db, sync, connector, listener)


def query_of(sync: ObjectSync) -> ReadQuery:
    return ReadQuery(object=sync.remote_object, fields=sync.mapping.read_fields, where=sync.mapping.where)


async def _scan(db: Database, sync: ObjectSync, connector: Reads, listener: Listener) -> Suspects:
    """Read everything; a link whose record did not come by is suspect too (it is asked for by id before it counts)."""
    suspects = Suspects()
    unseen = {remote_id async for remote_id, _ in _known_versions(db, sync)}
    cursor, done = None, False
    while not done:
        page = await connector.read_page(query_of(sync), cursor)
        cursor, done = page.cursor, page.done
        unseen.difference_update(record.id for record in page.records)
        await _sift(db, sync, page.records, suspects)
        listener(len(page.records))
    suspects.ids |= unseen
    return suspects


async def _sift(
    db: Database, sync: ObjectSync, records: Sequence[RemoteRecord], suspects: Suspects
) -> dict[str, KnownLink]:
    """Note those of the records that are new, or not as they were seen last; returns what the hub knows of them."""
    async with db.transaction() as tx:
        known = await reconciliations.links(
            tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=[r.id for r in records]
        )
    for incoming in prepare(sync, records):
        link, version = known.get(incoming.remote_id), incoming.record.version
        if link is None or link.state != "live" or link.seen_hash != incoming.fingerprint:
            suspects.ids.add(incoming.remote_id)
            if not sync.capabilities.read_lag:
                suspects.read[incoming.remote_id] = incoming.record
        elif version is not None and version != link.remote_version:
            if any(written_only(sync, incoming.record)):
                suspects.ids.add(incoming.remote_id)  # a field that is only written may have been edited there
            suspects.seen_again.append((incoming.remote_id, version, incoming.fingerprint))
    return known


async def _known_versions(db: Database, sync: ObjectSync) -> AsyncIterator[tuple[str, str | None]]:
    """(remote id, version token) of every live link."""
    after = ""
    while True:
        async with db.transaction() as tx:
            rows = await reconciliations.versions(
                tx, connection_id=sync.connection.id, object_name=sync.name, after=after, limit=_LINKS_A_STEP
            )
        for row in rows:
            yield row
        if len(rows) < _LINKS_A_STEP:
            return
        after = rows[-1][0]


class _Counting:
    """Compares numbers of records by stamp, and reads only where they differ, until the numbers explain each other.

    A record that changed has left the slice of its old stamp and is found in that of its new one; one that was deleted
    is missing in its slice. What is read corrects the hub's numbers, so that a slice which looked even because as
    many had come as had left is found uneven then. Slices in which the system has more are read first: they explain
    most of what is missing elsewhere.
    """

    def __init__(self, db: Database, sync: ObjectSync, connector: CountsByStamp, listener: Listener) -> None:
        self._db, self._sync, self._connector, self._listener = db, sync, connector, listener
        self._query = query_of(sync)
        self._suspects = Suspects()
        self._known = KnownStamps([])
        # Remote ids whose old stamp counts no more; slices that were read, or cannot be cut finer.
        self._settled: set[str] = set()
        self._read: set[Slice] = set()
        self._whole: set[Slice] = set()

    async def run(self) -> Suspects:
        self._known = KnownStamps([stamp async for _, stamp in self._stamps()])
        end = self._last_seen()
        await self._look_into([Slice(end, LAST, 0)])
        slices = filled(await self._count(self._known.bounds(_PARTS, since=FIRST, until=end)), since=FIRST, until=end)
        while uneven := self._uneven(slices):
            if large := [one for one in uneven if self._worth_cutting(one)]:
                slices = await self._cut(slices, large)
            else:
                await self._look_into(uneven)
        return self._suspects

    def _last_seen(self) -> datetime:
        """Whatever was done since then is read, not counted.

        It bears a newer stamp than any that the hub saw; or the very newest, when it was done in the same moment, so
        that one is read too where few records bear it.
        """
        newest = self._known.newest
        if newest is None:
            return FIRST
        after = newest + self._connector.stamp_resolution
        return newest if self._known.count(newest, after) <= _WORTH_CUTTING else after

    async def _stamps(self) -> AsyncIterator[tuple[str, datetime]]:
        """Remote id and stamp of the links that still count. What was written and never read has no stamp."""
        async for remote_id, version in _known_versions(self._db, self._sync):
            if remote_id in self._settled:
                continue
            stamp = self._connector.stamp_of(version) if version else None
            if stamp is None:
                self._settled.add(remote_id)
                self._suspects.ids.add(remote_id)
            else:
                yield remote_id, stamp

    async def _count(self, bounds: Sequence[datetime]) -> Sequence[Slice]:
        return await self._connector.count_by_stamp(self._query, bounds)

    def _uneven(self, slices: Sequence[Slice]) -> list[Slice]:
        odd = [s for s in slices if s not in self._read and s.count != self._known.count(s.since, s.until)]
        return [s for s in odd if s.count > self._known.count(s.since, s.until)] or odd

    def _worth_cutting(self, one: Slice) -> bool:
        many = max(one.count, self._known.count(one.since, one.until)) > _WORTH_CUTTING
        return many and one not in self._whole and one.until - one.since > timedelta(hours=1)

    async def _cut(self, slices: Sequence[Slice], large: Sequence[Slice]) -> list[Slice]:
        cut: list[Slice] = []
        for one in slices:
            if one not in large:
                cut.append(one)
                continue
            bounds = self._known.bounds(_FINER, since=one.since, until=one.until)
            finer = filled(await self._count(bounds), since=one.since, until=one.until)
            if len(finer) == 1:
                self._whole.add(finer[0])
            cut += finer
        return cut

    async def _look_into(self, slices: Sequence[Slice]) -> None:
        """Read them, and ask by id for what should have been there and was not."""
        here: set[str] = set()
        async for part in self._connector.read_slices(self._query, slices):
            self._listener(len(part.records))
            here.update(record.id for record in part.records)
            await self._take(part.records)
            await self._take_away(part.deletions)
        missing = [i async for i, stamp in self._stamps() if i not in here and _covers(slices, stamp)]
        self._read.update(slices)
        if missing:
            await self._ask_for(missing)

    async def _ask_for(self, missing: Sequence[str]) -> None:
        connector = self._sync.connection.connector
        assert isinstance(connector, Reads)
        answer = await connector.read_many(self._sync.remote_object, missing, self._query.fields)
        await self._take(answer.records)
        await self._take_away(answer.deletions)

    async def _take(self, records: Sequence[RemoteRecord]) -> None:
        """Suspects among the records; those that bear another stamp than the hub knew count where they are now."""
        fresh = [record for record in records if record.id not in self._settled]
        known = await _sift(self._db, self._sync, fresh, self._suspects)
        for record in fresh:
            link = known.get(record.id)
            version = link.remote_version if link is not None and link.state == "live" else None
            if version is None or version != record.version:
                old = self._connector.stamp_of(version) if version else None
                new = self._connector.stamp_of(record.version) if record.version else None
                self._known.move(old=old, new=new)
                self._settled.add(record.id)

    async def _take_away(self, deletions: Sequence[Deletion]) -> None:
        """Linked records among these are where they were no more."""
        gone = {deletion.id: deletion for deletion in deletions if deletion.id not in self._settled}
        async with self._db.transaction() as tx:
            known = await reconciliations.links(
                tx, connection_id=self._sync.connection.id, object_name=self._sync.name, remote_ids=gone
            )
        for remote_id, link in known.items():
            if link.state == "live" and link.remote_version:
                self._suspects.ids.add(remote_id)
                self._suspects.gone[remote_id] = gone[remote_id]
                self._known.move(old=self._connector.stamp_of(link.remote_version), new=None)
                self._settled.add(remote_id)


def _covers(slices: Sequence[Slice], stamp: datetime) -> bool:
    return any(one.since <= stamp < one.until for one in slices)
