"""Previews: what a pull would do, worked out for real in one transaction, shown, and rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.budget import at_priority
from hub.db import cursors, rehearsals, runs
from hub.db.session import Database, Tx
from hub.sdk.capabilities import Reads
from hub.sdk.errors import CursorExpired
from hub.sdk.records import Page, ReadQuery
from hub.services.connections import Workshop, find_connection, open_connection
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.inbound import apply_records, prepare
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.sync_now import Listener, chosen_objects, refuse_idle

_DETAILS = 1000


@dataclass(frozen=True, slots=True)
class WouldChange:
    """One version of a record that would come to be; `old` and `new` hold the fields that differ."""

    op: str
    record_type: str
    remote_id: str | None
    old: dict[str, Any] | None
    new: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class WouldAsk:
    """A conflict that would wait for a person."""

    object: str
    remote_id: str
    field: str
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class WouldDoubt:
    """A match that would wait for a person."""

    object: str
    remote_id: str
    kind: str
    candidates: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class WouldQuarantine:
    """A remote record with values that cannot be taken over."""

    object: str
    remote_id: str
    problems: list[dict[str, Any]]
    held: bool


@dataclass(slots=True)
class PullPreview:
    """What a pull would do. Counts by object are complete; of each kind of detail the first thousand are kept."""

    connection: str
    objects: dict[str, Counts] = field(default_factory=dict)
    changes: list[WouldChange] = field(default_factory=list)
    conflicts: list[WouldAsk] = field(default_factory=list)
    reviews: list[WouldDoubt] = field(default_factory=list)
    quarantined: list[WouldQuarantine] = field(default_factory=list)

    @property
    def total(self) -> Counts:
        return sum(self.objects.values(), Counts())


async def preview_sync(
    shop: Workshop, *, name: str, objects: Sequence[str] = (), full: bool = False, listener: Listener
) -> PullPreview:
    """`preview_pull` of a stored connection. Raises what `sync_now` raises."""
    stored = await find_connection(shop, name)
    await refuse_idle(shop.db, stored)
    async with await open_connection(shop, stored) as connection:
        return await preview_pull(shop.db, connection, objects=objects, full=full, listener=listener)


def _nobody(_object: str, _counts: Counts) -> None:
    """Listens to nothing."""


async def preview_pull(
    db: Database,
    connection: OpenConnection,
    *,
    objects: Sequence[str] = (),
    full: bool = False,
    listener: Listener = _nobody,
) -> PullPreview:
    """What a pull would do to the hub's records now; nothing is stored, nothing is sent.

    The system is read first, so that the transaction, in which nobody else can match new records, is short; the
    records are held in memory meanwhile. Raises Invalid (no such object) and RemoteErrors.
    """
    chosen = chosen_objects(connection, objects)
    read = [(sync, await _read(db, sync, full=full, listener=listener)) for sync in chosen]
    found = PullPreview(connection=connection.name)
    try:
        async with db.transaction() as tx:
            run_id = await runs.start(tx, connection_id=connection.id, kind="pull")
            for sync, pages in read:
                found.objects[sync.name] = await _apply(tx, sync, pages, run_id)
            await _look(tx, run_id, found)
            raise _Enough
    except _Enough:
        return found


class _Enough(Exception):
    """Rolls the transaction back."""


async def _read(db: Database, sync: ObjectSync, *, full: bool, listener: Listener) -> list[tuple[datetime, Page]]:
    """All pages that a pull would read, each with the moment as of which it is surely true."""
    connector = sync.connection.connector
    if not isinstance(connector, Reads) or not sync.mapping.inbound:
        return []
    listener(sync.name, Counts())
    async with db.transaction() as tx:
        cursor = None if full else await _cursor(tx, sync)
    try:
        with at_priority("incremental" if cursor else "backfill"):
            return await _pages(db, connector, sync, cursor, listener)
    except CursorExpired:
        with at_priority("backfill"):
            return await _pages(db, connector, sync, None, listener)


async def _pages(
    db: Database, connector: Reads, sync: ObjectSync, cursor: str | None, listener: Listener
) -> list[tuple[datetime, Page]]:
    query = ReadQuery(object=sync.name, fields=sync.mapping.read_fields, where=sync.mapping.where)
    pages: list[tuple[datetime, Page]] = []
    while not pages or not pages[-1][1].done:
        async with db.transaction() as tx:
            as_of = await tx.now() - sync.capabilities.read_lag
        page = await connector.read_page(query, cursor)
        cursor = page.cursor
        pages.append((as_of, page))
        listener(sync.name, Counts(read=len(page.records)))
    return pages


async def _cursor(tx: Tx, sync: ObjectSync) -> str | None:
    return await cursors.load(tx, connection_id=sync.connection.id, object_name=sync.name, direction="inbound")


async def _apply(tx: Tx, sync: ObjectSync, pages: Sequence[tuple[datetime, Page]], run_id: int) -> Counts:
    counts = Counts()
    for as_of, page in pages:
        gone = await apply_deletions(tx, sync, deletions=page.deletions, as_of=as_of, run_id=run_id)
        came = await apply_records(tx, sync, incoming=prepare(sync, page.records), as_of=as_of, run_id=run_id)
        counts += gone.counts + came.counts
    return counts


async def _look(tx: Tx, run_id: int, found: PullPreview) -> None:
    """What the transaction has written so far, before it is undone."""
    found.changes = [WouldChange(**row) for row in await rehearsals.changes(tx, run_id=run_id, limit=_DETAILS)]
    found.conflicts = [WouldAsk(**row) for row in await rehearsals.conflicts(tx, run_id=run_id, limit=_DETAILS)]
    found.reviews = [WouldDoubt(**row) for row in await rehearsals.reviews(tx, run_id=run_id, limit=_DETAILS)]
    found.quarantined = [
        WouldQuarantine(**row) for row in await rehearsals.quarantined(tx, run_id=run_id, limit=_DETAILS)
    ]
