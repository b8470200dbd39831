"""Sync now: one connection read, and everything that follows from it delivered, in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hub.db import circuits, connections, guards
from hub.db.connections import StoredConnection
from hub.db.session import Database
from hub.mapping.errors import MappingError
from hub.sdk.errors import RemoteError
from hub.services.connections import Workshop, find_connection, open_connection, refuse_unbegun
from hub.services.counts import Counts
from hub.services.cycle import Halted, begin, pull_one, push, reread
from hub.services.deals.arriving import take_in_arrivals
from hub.services.deals.desk import Desk
from hub.services.deals.noticing import notice
from hub.services.objects import OpenConnection, chosen_objects
from hub.services.pulling import AlreadyRunning, has_been_read
from hub.services.refusals import NotNow

# Told when an object or a delivery (→ connection) begins, and after each page what became of its records.
Listener = Callable[[str, Counts], None]


@dataclass(slots=True)
class SyncReport:
    """What one sync did: by object read here, re-reads, and by connection what was delivered.

    `left_to_other` are objects that another process reads right now. `unread` are connections that nothing is
    delivered to, because not all of their objects have been read once; `halted` says why others could not be.
    `stopped` are fields of the connection that do not fit their mapping any more, with the line that names them.
    `asked` is what a guard has stopped, here or where it was to be delivered, and what to do about it. `deals` counts
    what became of deal registrations that came in (see `take_in_arrivals`).
    """

    connection: str
    pulled: dict[str, Counts] = field(default_factory=dict)
    reread: Counts = field(default_factory=Counts)
    delivered: dict[str, Counts] = field(default_factory=dict)
    left_to_other: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    halted: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    deals: Counts = field(default_factory=Counts)


async def sync_now(
    shop: Workshop,
    *,
    name: str,
    objects: Sequence[str] = (),
    full: bool = False,
    owner: str,
    listener: Listener,
    desk: Desk | None = None,
) -> SyncReport:
    """Pull, read again what was asked for, push here, then push everywhere else.

    `desk`: where registrations that came in are judged, and from where alerts are raised that follow from what came in;
    without it that is left to the worker.

    Raises ConnectionUnknown, NotNow (paused, resting, or not begun), Invalid (no such object), MappingError, and the
    RemoteErrors of this connection; what another connection says no to is reported.
    """
    stored = await find_connection(shop, name)
    await refuse_idle(shop.db, stored)
    refuse_unbegun(stored)
    report = SyncReport(connection=name)
    async with await open_connection(shop, stored) as connection:
        connection = await begin(shop.db, connection)
        for sync in chosen_objects(connection, objects):
            connection = await _pull(shop.db, connection, sync.name, report, full=full, owner=owner, listener=listener)
        report.stopped = _stopped(connection)
        report.reread = await reread(shop.db, connection)
        if desk:
            report.deals = await take_in_arrivals(shop.db, desk)
            await notice(shop.db, desk)
        listener(f"→ {name}", Counts())
        await _push(shop, connection, report, owner=owner)
    for other in await _others(shop.db, stored):
        listener(f"→ {other.name}", Counts())
        await _push_elsewhere(shop, other, report, owner=owner)
    report.asked = await _asked(shop.db)
    return report


async def deliver_everywhere(shop: Workshop, *, name: str, owner: str, listener: Listener) -> SyncReport:
    """Push to every connection; `name` is the one whose change that follows. What one says no to is reported."""
    report = SyncReport(connection=name)
    async with shop.db.transaction() as tx:
        begun = await connections.active(tx)
    for stored in begun:
        listener(f"→ {stored.name}", Counts())
        await _push_elsewhere(shop, stored, report, owner=owner)
    report.asked = await _asked(shop.db)
    return report


async def _asked(db: Database) -> list[str]:
    async with db.transaction() as tx:
        return [stop["reason"] for stop in await guards.open_stops(tx, connection_id=None)]


async def refuse_idle(db: Database, stored: StoredConnection) -> None:
    """Raises NotNow for a connection that is paused, or whose system asked to be left alone."""
    if stored.state == "paused":
        raise NotNow(
            f"{stored.name} is paused ({stored.state_reason}) Correct the cause, then run"
            f" partnerhub resume {stored.name}."
        )
    async with db.transaction() as tx:
        rest = await circuits.resting_for(tx, connection_id=stored.id)
    if rest:
        raise NotNow(
            f"{stored.name} is left alone for another {int(rest.total_seconds()) + 1} seconds: {stored.rest_reason}"
        )


async def _pull(
    db: Database,
    connection: OpenConnection,
    name: str,
    report: SyncReport,
    *,
    full: bool,
    owner: str,
    listener: Listener,
) -> OpenConnection:
    async def told(counts: Counts) -> None:
        listener(name, counts)

    listener(name, Counts())
    try:
        connection, report.pulled[name] = await pull_one(db, connection, name, owner=owner, full=full, progress=told)
    except AlreadyRunning:
        report.left_to_other.append(name)
    return connection


def _stopped(connection: OpenConnection) -> list[str]:
    return [
        f"{connection.mappings[name].file}:{finding.line} {finding.field}: {finding.message}"
        for name, findings in connection.drift.items()
        for finding in findings
        if finding.stops != "nothing"
    ]


async def _push(shop: Workshop, connection: OpenConnection, report: SyncReport, *, owner: str) -> None:
    if await has_been_read(shop.db, connection):
        report.delivered[connection.name] = await push(shop.db, connection, owner=owner)
    else:
        report.unread.append(connection.name)


async def _push_elsewhere(shop: Workshop, other: StoredConnection, report: SyncReport, *, owner: str) -> None:
    try:
        await refuse_idle(shop.db, other)
        async with await open_connection(shop, other) as connection:
            await _push(shop, connection, report, owner=owner)
    except (Halted, MappingError, NotNow, RemoteError) as exc:
        report.halted[other.name] = str(exc)


async def _others(db: Database, stored: StoredConnection) -> list[StoredConnection]:
    async with db.transaction() as tx:
        return [other for other in await connections.active(tx) if other.id != stored.id]
