"""Outbound, second half: write what is due to one remote system and settle every row's fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from uuid import UUID

import structlog

from hub.budget import at_priority, calls_for
from hub.db import deliveries, links, rereads, runs
from hub.db.deliveries import Delivery, Op, Setback
from hub.db.session import Database, Tx
from hub.domain.guards import Effect
from hub.domain.outcomes import Verdict, what_next
from hub.record.values import encode_values
from hub.sdk.capabilities import Writes
from hub.sdk.errors import RecordGone, RecordRejected, RemoteError
from hub.sdk.records import Deletion, WriteOp, WriteOutcome, Written
from hub.services.circuit import Halted, halt
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.endings import note_departures
from hub.services.fuse import blow_fuses
from hub.services.guards.pushing import Cleared
from hub.services.guards.watch import note_passed
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.outbound import Computed, Hold, Write, compute
from hub.services.pointing import point_again
from hub.services.reading import find_and_apply, look_again, read_and_apply

log = structlog.get_logger()

_LEASE = timedelta(seconds=30)
_LEASED_AT_ONCE = 2000
_WAIT_FOR_PARENT = timedelta(minutes=5)
_WAIT_FOR_SCHEMA = timedelta(hours=1)  # what settles a finding lets them flow at once


@dataclass(slots=True)
class _Sender:
    """One worker's turn at one connection's deliveries."""

    db: Database
    connection: OpenConnection
    owner: str
    cleared: Cleared
    run_id: int = 0
    counts: Counts = field(default_factory=Counts)

    async def send(self, sync: ObjectSync, batch: Sequence[Delivery]) -> None:
        """Verify what is unknown, then write the rest in batches as large as the API takes."""
        doubtful = [d for d in batch if d.state == "unknown"]
        if doubtful:
            await self._verify(sync, doubtful)
        ready = [d for d in batch if d.state != "unknown"]
        if not ready:
            return
        computed = await self._compute(sync, ready)
        for op, writes in _by_op(computed.writes):
            size = _batch_size(sync, op, writes)
            for start in range(0, len(writes), size):
                await self._write(sync, op, writes[start : start + size], computed)

    async def _compute(self, sync: ObjectSync, batch: Sequence[Delivery]) -> Computed:
        """What to write, on top of the newest remote state where the API gives no precondition to hold it to."""
        computed = await self._compare(sync, batch)
        seen: set[str] = set()
        while to_read := {w.remote_id for w in _unguarded(sync, computed.writes) if w.remote_id} - seen:
            await read_and_apply(self.db, sync, ids=sorted(to_read), run_id=self.run_id, purpose="guard")
            seen |= to_read
            computed = await self._compare(sync, batch)  # a merge may have led to other remote records
        await self._put_aside(computed.holds, computed.idle)
        return computed

    async def _compare(self, sync: ObjectSync, batch: Sequence[Delivery]) -> Computed:
        async with self.db.transaction() as tx:
            await tx.freeze()  # a record, its shadow and its conflicts must be of one moment
            computed = await compute(tx, sync, batch)
            await blow_fuses(tx, sync, computed)
        if computed.outdated or computed.unread:
            async with self.db.transaction() as tx:
                await look_again(tx, sync, computed.outdated, reason="the hub's side of a conflict changed")
                await look_again(tx, sync, computed.unread, reason="a value that could not be read is in the way")
        return computed

    async def _put_aside(self, holds: Sequence[Hold], idle: Sequence[Delivery]) -> None:
        async with self.db.transaction() as tx:
            if idle:
                self.counts["idle"] += len(idle)
                await deliveries.drop_idle(tx, ids=[d.id for d in idle])
            await deliveries.set_back(
                tx,
                setbacks=[
                    Setback(
                        id=h.delivery.id,
                        state="dead" if h.dead else "waiting",
                        delay=_WAIT_FOR_SCHEMA if h.error == "SchemaDrift" else _WAIT_FOR_PARENT,
                        error_class=h.error,
                        error_code=None,
                        message=h.reason,
                        hint=h.hint,
                        counts=False,
                    )
                    for h in holds
                ],
            )
        for hold in holds:
            self.counts["dead" if hold.dead else "waiting"] += 1

    async def _write(self, sync: ObjectSync, op: Op, writes: Sequence[Write], computed: Computed) -> None:
        async with self.db.transaction() as tx:
            leased = await deliveries.mark_sending(
                tx,
                owner=self.owner,
                sends=[(w.delivery.id, w.op, w.fields, w.remote_id) for w in writes],
                run_id=self.run_id,
                ttl=_LEASE,
            )
        mine = [w for w in writes if w.delivery.id in leased]
        async with self._kept_leased([w.delivery.id for w in mine]):
            outcomes = await self._call(sync, op, mine)
        await self._settle(sync, op, list(zip(mine, outcomes, strict=True)), computed)

    async def _call(self, sync: ObjectSync, op: Op, writes: Sequence[Write]) -> list[WriteOutcome]:
        """One outcome a row. A batch that fails as a whole because of some row is split until the row is found."""
        connector = sync.connection.connector
        assert isinstance(connector, Writes)
        if not writes:
            return []
        try:
            with calls_for("write", sync.name):
                return list(await connector.write(sync.remote_object, _ops(sync, op, writes)))
        except RecordRejected as exc:
            if len(writes) == 1:
                return [exc]
            middle = len(writes) // 2
            return [
                *await self._call(sync, op, writes[:middle]),
                *await self._call(sync, op, writes[middle:]),
            ]
        except RemoteError as exc:
            return [exc] * len(writes)

    async def _settle(
        self, sync: ObjectSync, op: Op, results: Sequence[tuple[Write, WriteOutcome]], computed: Computed
    ) -> None:
        """Store every row's fate in one transaction; then act on what concerns more than the row."""
        done = [(w, o) for w, o in results if isinstance(o, Written)]
        failed = [(w, o) for w, o in results if isinstance(o, RemoteError)]
        async with self.db.transaction() as tx:
            await self._store_written(tx, sync, op, done, computed)
            verdicts = [(w, e, what_next(e, attempts=w.delivery.attempts + 1)) for w, e in failed]
            await deliveries.set_back(tx, setbacks=[_setback(w, e, v) for w, e, v in verdicts])
            await self._store_departures(tx, sync, failed)
            for _, _, verdict in verdicts:
                self.counts[_COUNTED[verdict.step]] += 1
            again = [w.remote_id for w, _, v in verdicts if v.step == "merge_again" and w.remote_id]
            # Also where no mapped field changed: the next write needs the new version token.
            await links.forget_hashes(tx, connection_id=sync.connection.id, keys=[(sync.name, i) for i in again])
        if again:
            await read_and_apply(self.db, sync, ids=again, run_id=self.run_id, purpose="guard")
        stop = next(((e, v) for _, e, v in verdicts if v.whole_connection), None)
        if stop:
            raise Halted(stop[0], None if stop[1].step == "pause" else stop[1].delay)

    async def _store_written(
        self, tx: Tx, sync: ObjectSync, op: Op, done: Sequence[tuple[Write, Written]], computed: Computed
    ) -> None:
        if not done:
            return
        here, name = sync.connection.id, sync.name
        clashes: set[UUID] = set()
        if op == "delete":
            await self._store_deleted(tx, sync, [w.remote_id for w, _ in done if w.remote_id])
        else:
            written = [(w.delivery.record_id, o.remote_id, encode_values(w.values), o.version) for w, o in done]
            clashes = set(await links.agree(tx, connection_id=here, object_name=name, written=written))
            gone = await links.gone_among(
                tx, connection_id=here, object_name=name, remote_ids=[o.remote_id for _, o in done]
            )
            await look_again(tx, sync, gone, reason="it was written to after it was seen to be gone")
            doubled = await links.remote_ids_of(tx, connection_id=here, objects=[name], record_ids=clashes)
            # Linked to another remote record while this one was being made: it comes in as a suspected duplicate.
            twins = [o.remote_id for w, o in done if w.delivery.record_id in doubled]
            await look_again(tx, sync, twins, reason="another record was linked while it was being created")
            computed.incomplete |= {w.delivery.id for w, _ in done if w.delivery.record_id in doubled}
            clashes -= doubled.keys()
        good = [w.delivery for w, _ in done if w.delivery.record_id not in clashes]
        await deliveries.finish(tx, ids=[d.id for d in good], again=[d.id for d in good if d.id in computed.incomplete])
        self.counts[f"remote_{op}d"] += len(good)
        await deliveries.set_back(tx, setbacks=[_clash(w, o) for w, o in done if w.delivery.record_id in clashes])
        if name in self.cleared.watched:
            await note_passed(tx, sync, "out", _touched([w for w, _ in done]))
        if op == "create":
            await point_again(tx, sync, [d.record_id for d in good])
            await deliveries.wake_waiting(tx, connection_id=here)

    async def _store_deleted(self, tx: Tx, sync: ObjectSync, remote_ids: Sequence[str]) -> None:
        ended = await links.mark_deleted(
            tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=remote_ids
        )
        parted = [(record_id, Deletion(id=remote_id)) for record_id, remote_id in ended]
        await note_departures(tx, sync, parted=parted, run_id=self.run_id, by_hub=True, followed=False)

    async def _store_departures(self, tx: Tx, sync: ObjectSync, failed: Sequence[tuple[Write, RemoteError]]) -> None:
        gone = [
            Deletion(
                id=w.remote_id, kind="merged" if e.merged_into else "deleted", merged_into=e.merged_into, source="probe"
            )
            for w, e in failed
            if isinstance(e, RecordGone) and w.remote_id
        ]
        if gone:
            await apply_deletions(tx, sync, deletions=gone, as_of=await tx.now(), run_id=self.run_id)
        existing = [(sync.name, e.existing_id) for _, e in failed if isinstance(e, RecordRejected) and e.existing_id]
        if existing:
            await rereads.ask(tx, connection_id=sync.connection.id, keys=existing, reason="it is in the way of a write")

    async def _verify(self, sync: ObjectSync, doubtful: Sequence[Delivery]) -> None:
        """Find out what became of writes without an answer; what did not happen is then simply still to be done."""
        creates = [d for d in doubtful if d.op in ("create", None) and d.remote_id is None]
        found = await find_and_apply(self.db, sync, record_ids=[d.record_id for d in creates], run_id=self.run_id)
        others = [d.remote_id for d in doubtful if d.remote_id]
        await read_and_apply(self.db, sync, ids=others, run_id=self.run_id, purpose="verify")
        async with self.db.transaction() as tx:
            settled = [d for d in doubtful if d not in creates or d.record_id in found]
            missing = [d for d in creates if d.record_id not in found]
            await deliveries.settle_unknown(tx, ids=[d.id for d in settled], not_before=timedelta(0))
            await deliveries.settle_unknown(tx, ids=[d.id for d in missing], not_before=sync.capabilities.find_lag)
        self.counts["verified"] += len(doubtful)

    @asynccontextmanager
    async def _kept_leased(self, ids: Sequence[int]) -> AsyncIterator[None]:
        """Long writes (bulk jobs) keep their lease as long as this process lives."""
        beat = asyncio.create_task(self._beat(ids))
        try:
            yield
        finally:
            beat.cancel()
            with suppress(asyncio.CancelledError):
                await beat

    async def _beat(self, ids: Sequence[int]) -> None:
        while True:
            await asyncio.sleep(_LEASE.total_seconds() / 3)
            async with self.db.transaction() as tx:
                await deliveries.renew(tx, owner=self.owner, ids=ids, ttl=_LEASE)


async def send_due(db: Database, connection: OpenConnection, *, owner: str, cleared: Cleared) -> Counts:
    """Write everything that is due for this connection now and that no guard holds back.

    Raises Halted when the connection must rest.
    """
    sender = _Sender(db, connection, owner, cleared)
    while True:
        async with db.transaction() as tx:
            batch = await deliveries.lease_due(
                tx,
                connection_id=connection.id,
                objects=[o.name for o in connection.objects],
                owner=owner,
                ttl=_LEASE,
                limit=_LEASED_AT_ONCE,
                newest=cleared.newest,
            )
            if batch and not sender.run_id:
                sender.run_id = await runs.start(tx, connection_id=connection.id, kind="push")
        if not batch:
            break
        try:
            # So many at once come from a load, not from people who wait for them.
            with at_priority("webhook" if len(batch) < _LEASED_AT_ONCE else "backfill"):
                for sync in connection.objects:
                    mine = [d for d in batch if d.object == sync.name]
                    if mine:
                        await sender.send(sync, mine)
        except Halted as stop:
            await _halt(db, connection, stop, owner)
            await _finish(db, sender, stop.error.message)
            raise
        except RemoteError as exc:  # a read before the write, or a verification, failed
            verdict = what_next(exc, attempts=1)
            halted = Halted(exc, None if verdict.step == "pause" else max(verdict.delay, timedelta(seconds=1)))
            await _halt(db, connection, halted, owner)
            await _finish(db, sender, exc.message)
            raise halted from exc
    await _finish(db, sender, None)
    return sender.counts


async def _finish(db: Database, sender: _Sender, error: str | None) -> None:
    if sender.run_id:
        async with db.transaction() as tx:
            await runs.add_counts(tx, run_id=sender.run_id, counts=sender.counts)
            await runs.finish(tx, run_id=sender.run_id, error=error)


async def _halt(db: Database, connection: OpenConnection, stop: Halted, owner: str) -> None:
    """Give back what was leased, and keep everybody away from the remote until it may be tried again."""
    async with db.transaction() as tx:
        await deliveries.give_back(tx, connection_id=connection.id, owner=owner)
    await halt(db, connection, stop.error, at_least=stop.delay)


_COUNTED = {
    "retry": "failed",
    "verify": "unknown",
    "merge_again": "conflicts_remote",
    "gone": "gone",
    "dead": "dead",
    "pause": "failed",
}


def _touched(writes: Sequence[Write]) -> dict[Effect, list[str]]:
    """Records by what was done unasked, as guards count it."""
    counted: dict[Op, Effect] = {"create": "creates", "update": "changes", "delete": "deletes"}
    touched: dict[Effect, list[str]] = {}
    for w in writes:
        if w.delivery.plan_id is None:
            effect: Effect = "nulls" if w.op == "update" and None in w.values.values() else counted[w.op]
            touched.setdefault(effect, []).append(str(w.delivery.record_id))
    return touched


def _by_op(writes: Sequence[Write]) -> list[tuple[Op, list[Write]]]:
    """Creates, updates, deletes; rows of one parent side by side."""
    order: dict[Op, int] = {"create": 0, "update": 1, "delete": 2}
    ranked = sorted(writes, key=lambda w: (order[w.op], w.partition or "", w.delivery.id))
    return [(op, list(group)) for op, group in groupby(ranked, key=lambda w: w.op)]


def _batch_size(sync: ObjectSync, op: Op, writes: Sequence[Write]) -> int:
    """As large as the API takes; smaller after lock contention, one by one after the third time."""
    caps = sync.capabilities
    size = {"create": caps.create_batch, "update": caps.update_batch, "delete": caps.delete_batch}[op]
    if caps.bulk_above is not None and len(writes) > caps.bulk_above:
        size = caps.bulk_batch or size
    contended = max((w.delivery.attempts for w in writes if w.delivery.error_class == "LockContention"), default=0)
    if op == "update" and caps.precondition != "none" and len(writes) <= caps.precondition_batch:
        size = min(size, caps.precondition_batch)
    return max(1, size // 10**contended) if contended else size


def _unguarded(sync: ObjectSync, writes: Sequence[Write]) -> list[Write]:
    """Updates that no precondition of the API will hold to what the hub has seen; deletions never are held to any."""
    caps = sync.capabilities
    deletions = [w for w in writes if w.op == "delete"]
    updates = [w for w in writes if w.op == "update"]
    if caps.precondition != "none" and len(updates) <= caps.precondition_batch:
        updates = [w for w in updates if w.precondition is None]
    return deletions + updates


def _ops(sync: ObjectSync, op: Op, writes: Sequence[Write]) -> list[WriteOp]:
    """Preconditions go with as many rows as the API holds to them; a larger batch was read and compared just now."""
    held = op != "update" or len(writes) <= sync.capabilities.precondition_batch
    return [_op(sync, op, w, precondition=w.precondition if held else None) for w in writes]


def _op(sync: ObjectSync, op: Op, write: Write, *, precondition: str | None) -> WriteOp:
    key_field = sync.mapping.key_field
    return WriteOp(
        kind=op,
        fields=write.fields,
        idempotency_key=str(write.delivery.idempotency_key),
        remote_id=write.remote_id,
        key=(key_field, str(write.delivery.record_id)) if key_field and op == "create" else None,
        precondition=precondition,
        partition=write.partition,
        initial=sync.mapping.initial if op == "create" else frozenset(),
    )


def _setback(write: Write, error: RemoteError, verdict: Verdict) -> Setback:
    states = {"verify": "unknown", "dead": "dead"}
    hint = verdict.hint
    if isinstance(error, RecordRejected) and error.existing_id:
        hint = f"The remote record {error.existing_id} is in the way. {hint}"
    return Setback(
        id=write.delivery.id,
        state=states.get(verdict.step, "pending"),  # type: ignore[arg-type]  # the three names are states
        delay=verdict.delay,
        error_class=error.kind,
        error_code=error.code or (str(error.status) if error.status else None),
        message=error.message,
        hint=hint,
        counts=verdict.counts,
    )


def _clash(write: Write, outcome: Written) -> Setback:
    return Setback(
        id=write.delivery.id,
        state="dead",
        delay=timedelta(0),
        error_class="RecordRejected",
        error_code=None,
        message=f"The remote record {outcome.remote_id} already stands for another record of the hub.",
        hint="Merge the two records, or unlink one of them, then replay the delivery.",
    )
