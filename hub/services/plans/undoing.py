"""Applying an undo: values set back, records deleted or restored, links taken apart, each checked once more."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import psycopg

from hub.db import changes, leases, plans, records, rehearsals, undoing
from hub.db.changes import Change, Origin
from hub.db.leases import Lease
from hub.db.plans import StoredItem, StoredPlan
from hub.db.session import Database, Tx
from hub.db.undoing import LinkKey
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, encode_values
from hub.sdk.http import encode_json
from hub.services.custom_fields import record_types
from hub.services.plans.leasing import LEASE
from hub.services.plans.settling import CHANGED_HERE
from hub.services.removal import mark_deleted


async def settle_undo(db: Database, *, plan: StoredPlan, lease: Lease, items: Sequence[StoredItem]) -> None:
    """Do what still stands of a batch of one record type, and settle it in the same transaction."""
    async with db.transaction() as tx:
        await leases.renew(tx, lease=lease, ttl=LEASE)
        kind = (await record_types(tx))[items[0].record_type]
        # Held until the end, so that nobody changes them between the check and the write.
        await records.load(tx, kind, [item.record_id for item in items if item.record_id], lock=True)
        basis = [(i.record_id, i.basis_version) for i in items if i.record_id and i.basis_version is not None]
        changed = await rehearsals.changed_since(tx, run_id=plan.run_id or 0, basis=basis)
        late = [item.id for item in items if item.record_id in changed]
        await plans.settle(tx, plan_id=plan.id, state="skipped", ids=late, reason=CHANGED_HERE)
        await _undo(tx, kind, plan, [item for item in items if item.record_id not in changed])


async def _undo(tx: Tx, kind: RecordType, plan: StoredPlan, items: Sequence[StoredItem]) -> None:
    """All of them; where the database refuses one (another record has its key by now), the others without it."""
    if not items:
        return
    try:
        async with tx.savepoint():
            await _set_back(tx, kind, plan, items)
    except (psycopg.DataError, psycopg.IntegrityError) as exc:
        if len(items) == 1:
            reason = f"It cannot be stored: {(exc.diag.message_primary or str(exc)).strip().removesuffix('.')}."
            await plans.settle(tx, plan_id=plan.id, state="skipped", ids=[items[0].id], reason=reason)
            return
        middle = len(items) // 2
        await _undo(tx, kind, plan, items[:middle])
        await _undo(tx, kind, plan, items[middle:])
        return
    await plans.settle(tx, plan_id=plan.id, state="applied", ids=[item.id for item in items])


async def _set_back(tx: Tx, kind: RecordType, plan: StoredPlan, items: Sequence[StoredItem]) -> None:
    origin = Origin(run_id=plan.run_id, actor=plan.decided_by)
    rule = f"undo of run {plan.options['run']}"
    await undoing.part(tx, _keys(items, "unlink"))
    await undoing.rejoin(tx, _keys(items, "relink"), run_id=plan.run_id or 0)
    await _rewrite(tx, kind, items, origin, rule)
    gone = [item.record_id for item in items if item.action == "delete" and item.record_id]
    await mark_deleted(tx, kind, gone, origin=origin, rule=rule)
    await undoing.close_questions(tx, record_ids=gone, by=rule)


async def _rewrite(tx: Tx, kind: RecordType, items: Sequence[StoredItem], origin: Origin, rule: str) -> None:
    wanted = [item for item in items if item.record_id and (item.fields or item.action == "restore")]
    stored = await records.load(tx, kind, [item.record_id for item in wanted if item.record_id])
    rewritten: list[tuple[UUID, dict[str, Value]]] = []
    log: list[Change] = []
    for item in wanted:
        record = stored[item.record_id]  # type: ignore[index]  # the items without a record were left out
        after = decode_values(kind, encode_json({name: pair[1] for name, pair in item.fields.items()}))
        rewritten.append((record.id, {**record.values, **after}))
        log.append(
            Change(
                record.id,
                kind.name,
                record.version + 1,
                "restore" if item.action == "restore" else "update",
                encode_values({name: record.values.get(name) for name in after}),
                encode_values(after),
                encode_json({"*": rule}),
            )
        )
    revived = [item.record_id for item in wanted if item.action == "restore" and item.record_id]
    await records.update(tx, kind, rewritten, revive=revived)
    await changes.append(tx, origin=origin, changes=log)


def _keys(items: Sequence[StoredItem], name: str) -> list[LinkKey]:
    return [(key["c"], key["o"], key["r"]) for item in items for key in item.detail.get(name, ())]
