"""One batch of a plan's items: checked against what is true now, done, and settled in the same transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.db import deliveries, guards, leases, links, plans, rehearsals, rereads
from hub.db.leases import Lease
from hub.db.links import LinkHead
from hub.db.plans import StoredItem
from hub.db.session import Database, Tx
from hub.domain.plan import PlanItem
from hub.sdk.capabilities import Reads
from hub.sdk.records import Deletion, ReadResult, RemoteRecord
from hub.services.inbound import prepare
from hub.services.objects import ObjectSync
from hub.services.plans.foreseeing import take_over
from hub.services.plans.leasing import LEASE
from hub.services.plans.outgoing import foresee_writes
from hub.services.plans.repairing import EDITED_THERE, forget_edits

GONE_THERE = "It is not there any more."
BACK_THERE = "It is there again."
CHANGED_THERE = "It was changed there since."
CHANGED_HERE = "The hub's record was changed since."
LINK_MOVED = "It is linked otherwise since."
OTHERWISE = "It would come to something else by now."
NOTHING_LEFT = "Nothing is left to be written."

# Item id → why it is skipped.
Wrong = dict[int, str]


async def settle_incoming(
    db: Database, sync: ObjectSync, *, plan_id: int, run_id: int, lease: Lease, items: Sequence[StoredItem]
) -> None:
    """Take over what stands as it was planned; the rest is skipped, and read again by the next ordinary sync."""
    idle = [item for item in items if item.action == "out_of_scope"]
    wanted = [item for item in items if item.action != "out_of_scope"]
    as_of, found = await _read(db, sync, wanted)
    async with db.transaction() as tx:
        await leases.renew(tx, lease=lease, ttl=LEASE)
        await tx.look_up_by_index()
        wrong = await _no_longer_so(tx, sync, wanted, found, run_id)
        standing = [item for item in wanted if item.id not in wrong]
        wrong |= await _take_over(tx, sync, standing, found, as_of, run_id)
        await _settle(tx, plan_id, [*idle, *wanted], wrong)
        again = [(sync.name, item.remote_id) for item in wanted if item.id in wrong and item.remote_id]
        await rereads.ask(
            tx, connection_id=sync.connection.id, keys=again, reason=f"plan {plan_id} skipped it: it changed since"
        )


async def settle_outgoing(
    db: Database, sync: ObjectSync, *, plan_id: int, run_id: int, lease: Lease, items: Sequence[StoredItem]
) -> None:
    """Ask for the delivery of what stands as it was planned."""
    _, found = await _read(db, sync, items)
    async with db.transaction() as tx:
        await leases.renew(tx, lease=lease, ttl=LEASE)
        await tx.look_up_by_index()
        wrong = await _other_links(tx, sync, items)
        wrong |= _other_values([item for item in items if item.id not in wrong], found)
        wrong |= await _changed_here(tx, [item for item in items if item.id not in wrong], run_id)
        standing = [item for item in items if item.id not in wrong]
        await forget_edits(
            tx, sync, [(i.remote_id, edited) for i in standing if i.remote_id and (edited := _edited(i))]
        )
        wrong |= await _other_writes(tx, sync, standing, run_id)
        wanted = [(item.record_id, item.record_type) for item in items if item.id not in wrong and item.record_id]
        await deliveries.request(tx, connection_id=sync.connection.id, object_name=sync.name, records=wanted)
        await guards.allow(
            tx,
            connection_id=sync.connection.id,
            object_name=sync.name,
            record_ids=[record_id for record_id, _ in wanted],
            plan_id=plan_id,
        )
        await _settle(tx, plan_id, items, wrong)


async def _settle(tx: Tx, plan_id: int, items: Sequence[StoredItem], wrong: Wrong) -> None:
    for reason in sorted(set(wrong.values())):
        ids = [item_id for item_id, why in wrong.items() if why == reason]
        await plans.settle(tx, plan_id=plan_id, state="skipped", ids=ids, reason=reason)
    await plans.settle(tx, plan_id=plan_id, state="applied", ids=[item.id for item in items if item.id not in wrong])


def _edited(item: StoredItem) -> list[str]:
    fields: list[str] = item.detail.get(EDITED_THERE, [])
    return fields


class _Found:
    """What a read by id brought, by the id that was asked for."""

    def __init__(self, sync: ObjectSync, result: ReadResult) -> None:
        self.records: dict[str, RemoteRecord] = {r.requested_id or r.id: r for r in result.records}
        self.deletions: dict[str, Deletion] = {d.id: d for d in result.deletions}
        for asked, record in self.records.items():
            if record.id != asked:
                self.deletions[asked] = Deletion(id=asked, kind="merged", merged_into=record.id, source="probe")
        prepared = prepare(sync, result.records)
        self.fingerprints = {i.record.requested_id or i.remote_id: i.fingerprint for i in prepared}


async def _read(db: Database, sync: ObjectSync, items: Sequence[StoredItem]) -> tuple[datetime, _Found]:
    async with db.transaction() as tx:
        as_of = await tx.now()
    ids = [item.remote_id for item in items if item.remote_id]
    connector = sync.connection.connector
    if not ids or not isinstance(connector, Reads):
        return as_of, _Found(sync, ReadResult([], []))
    return as_of, _Found(sync, await connector.read_many(sync.remote_object, ids, sync.mapping.read_fields))


async def _no_longer_so(tx: Tx, sync: ObjectSync, items: Sequence[StoredItem], found: _Found, run_id: int) -> Wrong:
    wrong = _other_values(items, found)
    ids = [item.remote_id for item in items if item.remote_id]
    heads = await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)
    for item in items:
        if item.id not in wrong and not _linked_as_planned(item, heads.get(item.remote_id or "")):
            wrong[item.id] = LINK_MOVED
    return await _changed_here(tx, [item for item in items if item.id not in wrong], run_id) | wrong


def _other_values(items: Sequence[StoredItem], found: _Found) -> Wrong:
    wrong: Wrong = {}
    for item in items:
        if item.remote_id is None:
            continue
        departs = item.direction == "in" and item.action in ("delete", "merge")
        gone = item.remote_id in found.deletions
        if departs and not gone:
            wrong[item.id] = BACK_THERE
        elif gone and not departs:
            wrong[item.id] = GONE_THERE
        elif not gone and item.basis_remote and found.fingerprints.get(item.remote_id) != item.basis_remote:
            wrong[item.id] = CHANGED_THERE
    return wrong


def _linked_as_planned(item: StoredItem, head: LinkHead | None) -> bool:
    was = item.detail.get("was", "new")
    if head is None:
        return bool(was == "new")
    if head.state != was:
        return False
    return item.action in ("create", "ambiguous", "link") or head.record_id == item.record_id


async def _changed_here(tx: Tx, items: Sequence[StoredItem], run_id: int) -> Wrong:
    basis = [(i.record_id, i.basis_version) for i in items if i.record_id and i.basis_version is not None]
    changed = await rehearsals.changed_since(tx, run_id=run_id, basis=basis) if basis else set()
    return {item.id: CHANGED_HERE for item in items if item.record_id in changed}


class _Differs(Exception):
    """Undoes a batch in which something came to something else than planned."""

    def __init__(self, ids: list[int]) -> None:
        super().__init__()
        self.ids = ids


async def _take_over(
    tx: Tx, sync: ObjectSync, items: Sequence[StoredItem], found: _Found, as_of: datetime, run_id: int
) -> Wrong:
    """Do it, look at what it did, and do it again without what did not come to what was planned."""
    wrong: Wrong = {}
    while standing := [item for item in items if item.id not in wrong]:
        try:
            async with tx.savepoint():
                await _take_over_as_planned(tx, sync, standing, found, as_of, run_id)
            break
        except _Differs as exc:
            wrong |= dict.fromkeys(exc.ids, OTHERWISE)
    return wrong


async def _take_over_as_planned(
    tx: Tx, sync: ObjectSync, items: Sequence[StoredItem], found: _Found, as_of: datetime, run_id: int
) -> None:
    ids = [item.remote_id for item in items if item.remote_id]
    # What was seen last is no reason to pass over what a person has approved.
    await links.forget_hashes(tx, connection_id=sync.connection.id, keys=[(sync.name, i) for i in ids])
    done = await take_over(
        tx,
        sync,
        remote=[found.records[i] for i in ids if i in found.records and i not in found.deletions],
        deletions=[found.deletions[i] for i in ids if i in found.deletions],
        as_of=as_of,
        run_id=run_id,
    )
    effects = {item.remote_id: item for item in done}
    differing = [item.id for item in items if not _as_planned(item, effects.get(item.remote_id))]
    if differing:
        raise _Differs(differing)


def _as_planned(planned: StoredItem, now: PlanItem | None) -> bool:
    if now is None or now.action != planned.action:
        return False
    return now.record_id == planned.record_id and _same_values(planned.fields, now.fields)


def _same_values(planned: Mapping[str, Sequence[Any]], now: Mapping[str, Sequence[Any]]) -> bool:
    """References to what the plan itself creates may come to be in another order, or not at all."""
    open_ended = {name for fields in (planned, now) for name, pair in fields.items() if _is_created(pair[1])}
    names = (planned.keys() | now.keys()) - open_ended
    return all(name in planned and name in now and list(planned[name]) == list(now[name]) for name in names)


def _is_created(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"created"}


async def _other_links(tx: Tx, sync: ObjectSync, items: Sequence[StoredItem]) -> Wrong:
    linked = await links.of_records(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        record_ids=[item.record_id for item in items if item.record_id],
    )
    now = {record_id: link.remote_id for record_id, link in linked.items()}
    return {i.id: LINK_MOVED for i in items if i.record_id and now.get(i.record_id) != i.remote_id}


async def _other_writes(tx: Tx, sync: ObjectSync, items: Sequence[StoredItem], run_id: int) -> Wrong:
    ids = [item.record_id for item in items if item.record_id]
    foreseen = await foresee_writes(tx, sync, ids, run_id=run_id)
    now = {item.record_id: item for item in foreseen.items}
    wrong: Wrong = {}
    for item in items:
        effect = now.get(item.record_id)
        if item.record_id in foreseen.waiting:
            continue  # it leaves when what it refers to is there
        if effect is None:
            wrong[item.id] = NOTHING_LEFT
        elif effect.action != item.action or not _same_writes(sync, item.fields, effect.fields):
            wrong[item.id] = OTHERWISE
    return wrong


def _same_writes(sync: ObjectSync, planned: Mapping[str, Sequence[Any]], now: Mapping[str, Sequence[Any]]) -> bool:
    """References go along when what they lead to is there."""
    names = (planned.keys() | now.keys()) - sync.mapping.links.keys()
    return all(name in planned and name in now and list(planned[name]) == list(now[name]) for name in names)
