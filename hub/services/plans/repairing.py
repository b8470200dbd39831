"""A plan of what a reconciliation found: another read, or another delivery, of just these records."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from hub.budget import at_priority, calls_for
from hub.db import audit, decisions, leases, plans, reconciliations
from hub.db.connections import StoredConnection
from hub.db.leases import Lease
from hub.db.session import Database, Tx
from hub.domain.plan import PlanItem
from hub.sdk.capabilities import Reads
from hub.services.counts import Counts
from hub.services.objects import ObjectSync
from hub.services.plans.leasing import LEASE
from hub.services.plans.outgoing import foresee_writes
from hub.services.plans.reading import Listener, Looked
from hub.services.refusals import NotNow

_AT_ONCE = 500
# In an item's detail: the fields that the hub only writes and somebody edited there.
EDITED_THERE = "edited_there"


async def request_repair(tx: Tx, stored: StoredConnection, *, actor: str) -> int:
    """A plan to be built, of everything that the last reconciliation found and that can be set right without a person.

    Raises NotNow: nothing of the kind was found.
    """
    if not await reconciliations.repairable(tx, connection_id=stored.id):
        raise NotNow(f"Nothing is to be repaired: partnerhub reconcile {stored.name} compares both sides.")
    plan_id = await plans.start(tx, connection_id=stored.id, kind="repair", created_by=actor)
    await plans.supersede(
        tx, connection_id=stored.id, kind="repair", by=plan_id, reason=f"Plan {plan_id} has taken its place."
    )
    await audit.note(tx, actor=actor, action="repair_requested", subject=str(plan_id), detail={"to": stored.name})
    return plan_id


@dataclass(slots=True)
class _Found:
    """Of one object. `edited`: record → (remote id, fields) whose values there are not what the hub wrote."""

    to_read: list[str] = field(default_factory=list)
    to_send: list[UUID] = field(default_factory=list)
    edited: dict[UUID, tuple[str, list[str]]] = field(default_factory=dict)


async def look_at_found(db: Database, sync: ObjectSync, *, lease: Lease, listener: Listener) -> Looked:
    """What the system has of the records that the hub has not taken over, by id. Raises LeaseLost and RemoteErrors."""
    looked = Looked()
    connector = sync.connection.connector
    async with db.transaction() as tx:
        wanted = (await _found(tx, sync)).to_read
    for start in range(0, len(wanted), _AT_ONCE):
        assert isinstance(connector, Reads), "what cannot be read was never compared"
        part = wanted[start : start + _AT_ONCE]
        async with db.transaction() as tx:
            await leases.renew(tx, lease=lease, ttl=LEASE)
            as_of = await tx.now()
        begun = time.monotonic()
        with at_priority("incremental"), calls_for("read", sync.name):
            answer = await connector.read_many(sync.remote_object, part, sync.mapping.read_fields)
        looked.seconds += time.monotonic() - begun
        looked.pages += 1
        looked.spill.add(as_of, list(answer.records), list(answer.deletions))
        looked.counts["read"] += len(part)
        listener(sync.name, Counts(read=len(part)))
    return looked


async def foresee_repairs(tx: Tx, sync: ObjectSync, *, run_id: int) -> AsyncIterator[tuple[int, list[PlanItem]]]:
    """Chunk by chunk: how many records the system does not have as the hub does, and what would be written of them."""
    found = await _found(tx, sync)
    for start in range(0, len(found.to_send), _AT_ONCE):
        part = found.to_send[start : start + _AT_ONCE]
        edited = {record_id: found.edited[record_id] for record_id in part if record_id in found.edited}
        await forget_edits(tx, sync, edited.values())
        foreseen = await foresee_writes(tx, sync, part, run_id=run_id)
        yield len(part), [_with_edits(item, edited) for item in foreseen.items]


async def forget_edits(tx: Tx, sync: ObjectSync, edited: Iterable[tuple[str, Sequence[str]]]) -> None:
    """From now on the hub does not believe that the system holds what it wrote to these fields."""
    for remote_id, fields in edited:
        await decisions.forget_agreement(
            tx, connection_id=sync.connection.id, object_name=sync.name, remote_id=remote_id, fields=fields
        )


async def _found(tx: Tx, sync: ObjectSync) -> _Found:
    found = _Found()
    for row in await reconciliations.repairable(tx, connection_id=sync.connection.id, object_name=sync.name):
        if row["repair"] == "read":
            found.to_read.append(row["remote_id"])
        elif row["record_id"] is not None:
            found.to_send.append(row["record_id"])
            if row["cause"] == "edited_there":
                found.edited.setdefault(row["record_id"], (row["remote_id"], []))[1].append(row["field"])
    return replace(found, to_read=list(dict.fromkeys(found.to_read)), to_send=list(dict.fromkeys(found.to_send)))


def _with_edits(item: PlanItem, edited: Mapping[UUID, tuple[str, list[str]]]) -> PlanItem:
    found = edited.get(item.record_id) if item.record_id else None
    return replace(item, detail={**item.detail, EDITED_THERE: found[1]}) if found else item
