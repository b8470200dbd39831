"""Reading for a plan: every page that a pull would read; kept is only what differs from what was seen last."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from hub.budget import at_priority, calls_for
from hub.db import cursors, leases
from hub.db.leases import Lease
from hub.db.session import Database
from hub.sdk.capabilities import Reads
from hub.sdk.errors import CursorExpired
from hub.sdk.records import ReadQuery
from hub.services.counts import Counts
from hub.services.inbound import prepare, sift_page
from hub.services.objects import ObjectSync
from hub.services.plans.leasing import LEASE
from hub.services.plans.spill import Spill
from hub.services.scanning import misses_tombstones

log = structlog.get_logger()

# Told what is being looked at, and how many records more.
Listener = Callable[[str, Counts], None]


@dataclass(slots=True)
class Looked:
    """What reading one object came to. `began` is the connection's cursor, `ended` where the next read begins.

    Both are the same after a read from the first record that showed no tombstones: those are left to the next pull.
    """

    spill: Spill = field(default_factory=Spill)
    counts: Counts = field(default_factory=Counts)
    pages: int = 0
    seconds: float = 0.0
    began: str | None = None
    ended: str | None = None


async def look_through(db: Database, sync: ObjectSync, *, lease: Lease, full: bool, listener: Listener) -> Looked:
    """Read to the end. Raises LeaseLost and the RemoteErrors of the read."""
    looked = Looked()
    connector = sync.connection.connector
    if not isinstance(connector, Reads) or not sync.mapping.inbound:
        return looked
    listener(sync.name, Counts())
    async with db.transaction() as tx:
        looked.began = await cursors.load(
            tx, connection_id=sync.connection.id, object_name=sync.name, direction="inbound"
        )
    cursor = None if full else looked.began
    try:
        with at_priority("incremental" if cursor else "backfill"), calls_for("read", sync.name):
            await _read_from(db, sync, connector, cursor, lease, looked, listener)
    except CursorExpired as exc:
        log.warning("gap_resync_planned", connection=sync.connection.name, object=sync.name, reason=exc.message)
        looked.spill.clear()
        looked.counts.clear()
        with at_priority("backfill"), calls_for("read", sync.name):
            await _read_from(db, sync, connector, None, lease, looked, listener)
    return looked


async def _read_from(
    db: Database,
    sync: ObjectSync,
    connector: Reads,
    cursor: str | None,
    lease: Lease,
    looked: Looked,
    listener: Listener,
) -> None:
    query = ReadQuery(object=sync.remote_object, fields=sync.mapping.read_fields, where=sync.mapping.where)
    async with db.transaction() as tx:
        stays = cursor is None and await misses_tombstones(tx, sync)
    while True:
        async with db.transaction() as tx:
            await leases.renew(tx, lease=lease, ttl=LEASE)
            as_of = await tx.now() - sync.capabilities.read_lag
        started = time.monotonic()
        page = await connector.read_page(query, cursor)
        looked.seconds += time.monotonic() - started
        looked.pages += 1
        counts = Counts(read=len(page.records))
        async with db.transaction() as tx:
            differing = await sift_page(tx, sync, prepare(sync, page.records), counts)
        looked.spill.add(as_of, [i.record for i in differing], list(page.deletions))
        looked.counts += counts
        listener(sync.name, counts)
        cursor = page.cursor
        looked.ended = looked.began if stays else cursor
        if page.done:
            return
