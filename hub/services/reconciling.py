"""Reconciliation: both sides of a connection compared without trusting what the hub remembers to have done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.budget import at_priority, calls_for
from hub.db import leases, reconciliations, runs
from hub.db.leases import Lease, LeaseLost
from hub.db.session import Database, Tx
from hub.sdk.calls import counting_calls
from hub.sdk.capabilities import Reads
from hub.services.comparing import Comparison, compare_known, compare_remote, find_unsent, place_of
from hub.services.connections import Workshop, find_connection, open_connection
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.refusals import NotNow
from hub.services.suspecting import Method, Suspects, find_suspects, method_for
from hub.services.sync_now import refuse_idle

_LEASE = timedelta(minutes=2)
_BY_ID_AT_ONCE = 500
_KEPT_AT_ONCE = 1000

# Told of an object that so many more records of it were looked at.
Listener = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class ObjectReport:
    """How far both sides of one object agree.

    `agreement`: the share of records that are the same on both sides. `fields`: field → in how many records it differs.
    `causes`: why → how many differences. `unread_seconds`: since the object was last read to its end;
    `undelivered_seconds`: the age of the oldest edit on its way. `calls`: requests that this comparison took.
    """

    connection: str
    object: str
    method: Method
    calls: int
    records: int
    agreement: float
    fields: dict[str, int]
    causes: dict[str, int]
    differences: int
    unread_seconds: float | None
    undelivered_seconds: float | None
    oldest_since: datetime | None


async def reconcile_connection(
    shop: Workshop, *, name: str, owner: str, full: bool = False, listener: Listener
) -> list[ObjectReport]:
    """`reconcile` of a stored connection. Raises ConnectionUnknown, NotNow, MappingError, and RemoteErrors."""
    stored = await find_connection(shop, name)
    await refuse_idle(shop.db, stored)
    async with await open_connection(shop, stored) as connection:
        return await reconcile(shop.db, connection, owner=owner, full=full, listener=listener)


async def reconcile(
    db: Database, connection: OpenConnection, *, owner: str, full: bool = False, listener: Listener
) -> list[ObjectReport]:
    """Compare every object that can be read, and keep what is found.

    `full` reads everything instead of counting first: it finds also what a system changes without a stamp.
    Raises NotNow while another process compares this connection, and RemoteErrors.
    """
    reports = []
    for sync in connection.objects:
        if isinstance(connection.connector, Reads):
            async with _alone(db, sync, owner) as lease:
                reports.append(await _reconcile_object(db, sync, lease, full=full, listener=listener))
    return reports


async def _reconcile_object(
    db: Database, sync: ObjectSync, lease: Lease, *, full: bool, listener: Listener
) -> ObjectReport:
    method = method_for(sync, full=full)
    place = place_of(sync)
    async with db.transaction() as tx:
        run_id = await runs.start(tx, **place, kind="reconcile")
        number = await reconciliations.start(tx, **place, run_id=run_id, method=method)
    comparison = Comparison()
    try:
        with counting_calls() as calls, at_priority("backfill"), calls_for("reconcile", sync.name):
            suspects = await find_suspects(db, sync, method=method, listener=lambda n: listener(sync.name, n))
            await _compare(db, sync, suspects, comparison)
    except BaseException as exc:
        async with db.transaction() as tx:
            await runs.finish(tx, run_id=run_id, error=str(exc) or type(exc).__name__)
        raise
    async with db.transaction() as tx:
        await leases.renew(tx, lease=lease, ttl=_LEASE)
        await reconciliations.note_versions(tx, **place, seen=suspects.seen_again)
        report = await _report(tx, sync, method, comparison, calls.number)
        await _keep(tx, sync, number, comparison, report)
        await runs.add_counts(tx, run_id=run_id, counts={"read": calls.number, "differences": len(comparison.found)})
        await runs.finish(tx, run_id=run_id)
        return replace(report, oldest_since=await reconciliations.oldest(tx, **place))


async def _compare(db: Database, sync: ObjectSync, suspects: Suspects, comparison: Comparison) -> None:
    """Nothing is reported that was not seen by id, or by a read that never lags."""
    connector = sync.connection.connector
    assert isinstance(connector, Reads)
    await compare_remote(
        db, sync, remote=list(suspects.read.values()), deletions=list(suspects.gone.values()), into=comparison
    )
    ids = sorted(suspects.ids - suspects.read.keys() - suspects.gone.keys())
    for start in range(0, len(ids), _BY_ID_AT_ONCE):
        part = ids[start : start + _BY_ID_AT_ONCE]
        answer = await connector.read_many(sync.remote_object, part, sync.mapping.read_fields)
        await compare_remote(db, sync, remote=answer.records, deletions=answer.deletions, into=comparison)
    await compare_known(db, sync, without=suspects.ids, into=comparison)
    await find_unsent(db, sync, into=comparison)


async def _keep(tx: Tx, sync: ObjectSync, number: int, comparison: Comparison, report: ObjectReport) -> None:
    place = place_of(sync)
    for start in range(0, len(comparison.found), _KEPT_AT_ONCE):
        part = comparison.found[start : start + _KEPT_AT_ONCE]
        await reconciliations.keep(tx, **place, reconciliation_id=number, found=part)
    await reconciliations.forget_settled(tx, **place, reconciliation_id=number)
    await reconciliations.finish(
        tx,
        reconciliation_id=number,
        calls=report.calls,
        records=report.records,
        agreement=report.agreement,
        unread_seconds=report.unread_seconds,
        undelivered_seconds=report.undelivered_seconds,
        fields=report.fields,
        causes=report.causes,
    )


async def _report(tx: Tx, sync: ObjectSync, method: Method, comparison: Comparison, calls: int) -> ObjectReport:
    place = place_of(sync)
    unread, undelivered = await reconciliations.staleness(tx, **place)
    return ObjectReport(
        connection=sync.connection.name,
        object=sync.name,
        method=method,
        calls=calls,
        records=comparison.records,
        agreement=comparison.agreement,
        fields=dict(comparison.fields),
        causes=dict(comparison.causes),
        differences=len(comparison.found),
        unread_seconds=unread,
        undelivered_seconds=undelivered,
        oldest_since=None,  # known once the differences are kept
    )


@asynccontextmanager
async def _alone(db: Database, sync: ObjectSync, owner: str) -> AsyncIterator[Lease]:
    """One comparison of an object at a time; the lease lives as long as this process works on it."""
    name = f"reconcile:{sync.connection.id}:{sync.name}"
    async with db.transaction() as tx:
        lease = await leases.acquire(tx, name=name, owner=owner, ttl=_LEASE)
    if lease is None:
        raise NotNow(f"{sync.connection.name} {sync.name} is being compared by another process.")
    beat = asyncio.create_task(_beat(db, lease))
    try:
        yield lease
    finally:
        beat.cancel()
        with suppress(asyncio.CancelledError, LeaseLost):
            await beat
        async with db.transaction() as tx:
            await leases.release(tx, lease=lease)


async def _beat(db: Database, lease: Lease) -> None:
    while True:
        await asyncio.sleep(_LEASE.total_seconds() / 4)
        async with db.transaction() as tx:
            await leases.renew(tx, lease=lease, ttl=_LEASE)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One difference, as it was found last. `ours`, `theirs` are JSON values; `repair` says what would end it."""

    id: int
    connection: str
    object: str
    kind: str
    cause: str
    remote_id: str | None
    record_id: UUID | None
    field: str
    ours: Any
    theirs: Any
    detail: str | None
    repair: str | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class PastReconciliation:
    """What one comparison of one object came to."""

    id: int
    connection: str
    object: str
    method: str
    calls: int
    records: int
    agreement: float
    fields: dict[str, int]
    causes: dict[str, int]
    unread_seconds: float | None
    undelivered_seconds: float | None
    started_at: datetime
    finished_at: datetime


async def list_disagreements(
    tx: Tx, *, connection_id: int | None, cause: str | None = None, after: int | None = None, limit: int = 100
) -> list[Disagreement]:
    """Oldest first, after an id."""
    rows = await reconciliations.disagreements(tx, connection_id=connection_id, cause=cause, after=after, limit=limit)
    return [Disagreement(**{name: row[name] for name in Disagreement.__dataclass_fields__}) for row in rows]


async def list_reconciliations(
    tx: Tx, *, connection_id: int | None, before: int | None = None, limit: int = 100
) -> list[PastReconciliation]:
    """Newest first, before an id."""
    rows = await reconciliations.history(tx, connection_id=connection_id, before=before, limit=limit)
    return [PastReconciliation(**{n: row[n] for n in PastReconciliation.__dataclass_fields__}) for row in rows]
