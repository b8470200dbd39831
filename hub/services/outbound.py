"""Outbound, first half: from the change log to deliveries, and from a delivery to what must be written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from hub.db import changes, cursors, deliveries, departures, findings, links, records
from hub.db.deliveries import Delivery, Op
from hub.db.departures import Last
from hub.db.findings import OpenConflict
from hub.db.links import LinkRow
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.domain.merge import overrules
from hub.mapping.errors import UnmappableValues
from hub.record import RECORD_TYPES
from hub.record.codec import decode_values
from hub.record.values import RemoteRef, Value, Values
from hub.sdk.http import decode_json, encode_json
from hub.services.objects import ObjectSync, OpenConnection

_CHANGES_A_STEP = 5000


async def plan_deliveries(tx: Tx, connection: OpenConnection) -> int:
    """Turn the next changes of the log into deliveries of this connection; returns how many changes were read.

    Every changed record of a mapped type is asked for once, whoever changed it: whether anything is left to write is
    decided against the shadow when it is sent, so a change that came from this very system ends there.
    """
    here = {"connection_id": connection.id}
    value = await cursors.load(tx, **here, object_name="*", direction="outbound")
    changed, after = await changes.changed_records(
        tx, after=value or changes.START, record_types=list(_interesting_types(connection)), limit=_CHANGES_A_STEP
    )
    if after == (value or changes.START):
        return 0
    for sync in connection.objects:
        if not sync.mapping.outbound:
            continue
        # One record may have changed as an organization and as a partner: it is asked for once.
        wanted = dict.fromkeys(record_id for record_id, name in changed if _concerns(sync, name))
        if wanted:
            asked = [(record_id, sync.record_type.name) for record_id in wanted]
            await deliveries.request(tx, **here, object_name=sync.name, records=asked)
    await cursors.save(tx, **here, object_name="*", direction="outbound", value=after, run_id=None)
    return len(changed) or 1


def _interesting_types(connection: OpenConnection) -> set[str]:
    return {name for name in RECORD_TYPES for sync in connection.objects if _concerns(sync, name)}


def _concerns(sync: ObjectSync, record_type: str) -> bool:
    """A change of a base type or an extending type under the same id may change this object's record too."""
    lineage = {t.name for t in RECORD_TYPES[record_type].lineage}
    return bool(lineage & sync.type_names)


@dataclass(slots=True)
class Write:
    """What one delivery comes to. `values` are the record's values that the write carries over."""

    delivery: Delivery
    op: Op
    fields: dict[str, Any]
    values: dict[str, Value]
    remote_id: str | None = None
    precondition: str | None = None
    partition: str | None = None
    read_first: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """A delivery that cannot leave now: it waits for what `error` says, or (`dead`) a person must act."""

    delivery: Delivery
    reason: str
    dead: bool = False
    error: Literal["Waiting", "SchemaDrift", "RecordRejected", "Loop"] = "Waiting"
    hint: str | None = None


@dataclass(slots=True)
class Computed:
    """What a batch of deliveries comes to, in the order the deliveries came."""

    writes: list[Write] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    idle: list[Delivery] = field(default_factory=list)
    # Written without a reference whose record has no link yet, or without a field that does not fit the system now;
    # they are looked at again when it does.
    incomplete: set[int] = field(default_factory=set)
    # Remote ids of records in conflict: the hub's side has changed since, and may have ended it.
    outdated: list[str] = field(default_factory=list)
    # Remote ids of records that are in the way of a write with values that could not be read.
    unread: list[str] = field(default_factory=list)


async def compute(tx: Tx, sync: ObjectSync, batch: Sequence[Delivery]) -> Computed:
    """Compare each record with what was last agreed on with this system."""
    here, name = sync.connection.id, sync.name
    ids = [d.record_id for d in batch]
    stored = await records.load(tx, sync.record_type, ids)
    linked = await links.of_records(tx, connection_id=here, object_name=name, record_ids=ids)
    kept_out = await _kept_out(tx, sync, stored)
    conflicts = await findings.open_conflicts(tx, connection_id=here, object_name=name, record_ids=ids)
    in_review = await findings.under_review(tx, connection_id=here, object_name=name, record_ids=ids)
    unreadable = await findings.unreadable_fields(
        tx, connection_id=here, object_name=name, remote_ids=[link.remote_id for link in linked.values()]
    )
    targets = await _Targets.load(tx, sync, stored.values())
    computed = Computed()
    for delivery in batch:
        record, link = stored.get(delivery.record_id), linked.get(delivery.record_id)
        if record is None or record.merged_into is not None:
            computed.idle.append(delivery)
        elif record.deleted:
            _delete(computed, sync, delivery, link, targets)
        elif link is not None:
            barred = _Barred(conflicts.get(record.id, {}), unreadable.get(link.remote_id, set()))
            _update(computed, sync, delivery, record, link, barred, targets)
        elif record.id in kept_out or not creates(sync) or not sync.mapping.may_make(record.values):
            computed.idle.append(delivery)
        elif record.id in in_review:
            computed.holds.append(Hold(delivery, "It may be a record that is there already: decide the match review."))
        else:
            _create(computed, sync, delivery, record, targets)
    return computed


def creates(sync: ObjectSync) -> bool:
    """Whether the hub may make new records in this object."""
    return sync.mapping.create != "no" and "out" in sync.connection.creates


async def _kept_out(tx: Tx, sync: ObjectSync, stored: Mapping[UUID, StoredRecord]) -> set[UUID]:
    """Records that were deleted here, converted to another object, or parted by an undo, and are not made again.

    Made again are those that the hub had deleted there itself; and where deletions are mirrored, all that live in the
    hub in spite of one, for they were restored. One that waits for its grace was so only if it was changed since.
    """
    here, name = sync.connection.id, sync.name
    converted = await links.converted(tx, connection_id=here, object_name=name, record_ids=list(stored))
    gone = await links.tombstones(tx, connection_id=here, object_name=name, record_ids=list(stored))
    parted = await links.parted(tx, connection_id=here, object_name=name, record_ids=list(stored))
    if not gone:
        return converted | parted
    last = await departures.last_of(tx, connection_id=here, object_name=name, record_ids=gone)
    mirrored = sync.mapping.on_delete.pull.kind == "mirror"
    return (
        converted
        | parted
        | {record_id for record_id in gone if not _may_return(last.get(record_id), stored[record_id], mirrored)}
    )


def _may_return(last: Last | None, record: StoredRecord, mirrored: bool) -> bool:
    if last is not None and last.by_hub:
        return True
    return mirrored and (last is None or last.waiting_since is None or record.version > last.waiting_since)


def _delete(
    computed: Computed,
    sync: ObjectSync,
    delivery: Delivery,
    link: LinkRow | None,
    targets: _Targets,
) -> None:
    """What the mapping says of remote records whose record was deleted in the hub."""
    policy = sync.mapping.on_delete.push
    if link is not None and policy.kind == "mirror":
        computed.writes.append(Write(delivery, "delete", {}, {}, remote_id=link.remote_id))
        return
    if link is not None and policy.kind == "deactivate":
        shadow = decode_values(sync.record_type, link.shadow)
        values = {name: value for name, value in policy.values.items() if shadow.get(name) != value}
        unfit = {name: why for name, why in sync.fitted.held_back(values, shadow).items() if name in values}
        if unfit:
            computed.holds.append(_unfit(delivery, unfit))
            return
        if values:
            _add(computed, sync, delivery, "update", values, targets, link=link)
            return
    computed.idle.append(delivery)


def _update(
    computed: Computed,
    sync: ObjectSync,
    delivery: Delivery,
    record: StoredRecord,
    link: LinkRow,
    barred: _Barred,
    targets: _Targets,
) -> None:
    if any(_has_moved(record.values[name], c) for name, c in barred.in_conflict.items() if name in record.values):
        computed.outdated.append(link.remote_id)
    shadow = decode_values(sync.record_type, link.shadow)
    values = {
        name: record.values[name]
        for name in sync.mapping.updated
        if name not in barred.in_conflict and record.values[name] != shadow.get(name)
    }
    given_back = _given_back(sync, barred.in_conflict, shadow)
    values |= given_back
    held_back = sync.fitted.held_back({**record.values, **given_back}, shadow)
    unfit = {
        name: why
        for name, why in held_back.items()
        if name in sync.fitted.whole.updated and (name not in barred.in_conflict or name in given_back)
    }
    unread = [name for name in barred.unread(values) if not _overrules(sync, name, record)]
    if unread and delivery.error_class != "Waiting":  # once: it may have been garbled on the way
        computed.unread.append(link.remote_id)
    missing = [name for name in targets.unlinked(values) if name not in unread]
    for name in {*missing, *unread, *unfit} & values.keys():
        del values[name]
    if not values and delivery.edited is None:
        if unread or missing:
            computed.holds.append(Hold(delivery, barred.reason(unread) if unread else targets.reason(missing)))
        elif unfit:
            computed.holds.append(_unfit(delivery, unfit))
        else:
            computed.idle.append(delivery)
        return
    _add(computed, sync, delivery, "update", values, targets, link=link)
    if unread or missing or unfit:
        computed.incomplete.add(delivery.id)


def _given_back(sync: ObjectSync, in_conflict: Mapping[str, OpenConflict], shadow: Mapping[str, Value]) -> Values:
    """What the system held before a decision that was undone: it gets its own value back."""
    undone = [name for name, c in in_conflict.items() if c.undone is not None and name in sync.mapping.updated]
    theirs: dict[str, Value] = {}
    for name in undone:
        theirs |= decode_values(sync.record_type, f"{{{encode_json(name).decode()}: {in_conflict[name].theirs}}}")
    return {name: value for name, value in theirs.items() if value != shadow.get(name)}


@dataclass(frozen=True, slots=True)
class _Barred:
    """Fields of one remote record that are not written: in open conflict, or with a value that could not be read."""

    in_conflict: Mapping[str, OpenConflict]
    unreadable: Collection[str]

    def unread(self, values: Mapping[str, Value]) -> list[str]:
        return [name for name in values if name in self.unreadable or findings.WHOLE_RECORD in self.unreadable]

    def reason(self, names: Sequence[str]) -> str:
        return f"Waits until the value in {', '.join(names)} of the remote record can be read: correct it there."


def _overrules(sync: ObjectSync, name: str, record: StoredRecord) -> bool:
    rule = sync.merge_rules.get(name)
    return rule is None or overrules(rule, name=name, ours=record.values)


def _unfit(delivery: Delivery, reasons: Mapping[str, str]) -> Hold:
    told = " ".join(f"{name} is held back: {reason}" for name, reason in reasons.items())
    return Hold(delivery, told, error="SchemaDrift")


def _has_moved(ours: Value, conflict: OpenConflict) -> bool:
    return bool(decode_json(encode_json(ours)) != decode_json(conflict.ours.encode()))


def _create(computed: Computed, sync: ObjectSync, delivery: Delivery, record: StoredRecord, targets: _Targets) -> None:
    if sync.fitted.no_creating is not None:
        computed.holds.append(Hold(delivery, sync.fitted.no_creating, error="SchemaDrift"))
        return
    values: dict[str, Value] = {name: v for name in sync.mapping.outbound if (v := record.values[name]) is not None}
    unfit = sync.fitted.held_back(record.values, {})
    missing = targets.unlinked(values)
    if any(targets.coming(values[name]) for name in missing):
        computed.holds.append(Hold(delivery, targets.reason(missing)))
        return
    for name in {*missing, *unfit} & values.keys():
        del values[name]
    _add(computed, sync, delivery, "create", values, targets, link=None)
    if missing or unfit:
        computed.incomplete.add(delivery.id)


def _add(
    computed: Computed,
    sync: ObjectSync,
    delivery: Delivery,
    op: Op,
    values: dict[str, Value],
    targets: _Targets,
    *,
    link: LinkRow | None,
) -> None:
    mapping = sync.mapping
    seen = {name: targets.remote(value) for name, value in values.items()}
    try:
        fields = mapping.put_new(seen) if op == "create" else mapping.put(seen, list(values))
    except UnmappableValues as exc:
        computed.holds.append(Hold(delivery, str(exc), dead=True, error="RecordRejected"))
        return
    computed.writes.append(
        Write(
            delivery,
            op,
            {**fields, **(delivery.edited or {})},
            values,
            remote_id=link.remote_id if link else None,
            precondition=link.remote_version if link else None,
            partition=targets.partition(seen),
        )
    )


@dataclass(slots=True)
class _Targets:
    """Where the records that others refer to live in this connection."""

    remote_ids: dict[UUID, str]
    expected: set[UUID]

    @classmethod
    async def load(cls, tx: Tx, sync: ObjectSync, stored: Any) -> _Targets:
        """Look up every record that an outbound link field of these records points to."""
        remote_ids: dict[UUID, str] = {}
        expected: set[UUID] = set()
        for name in sync.mapping.links:
            if name not in sync.mapping.outbound:
                continue
            wanted = {v for r in stored if isinstance(v := r.values[name], UUID)}
            objects = sync.connection.objects_of(sync.mapping.links[name])
            if not wanted or not objects:
                continue
            found = await links.remote_ids_of(tx, connection_id=sync.connection.id, objects=objects, record_ids=wanted)
            remote_ids.update(found)
            expected |= await deliveries.open_for(
                tx, connection_id=sync.connection.id, objects=objects, record_ids=wanted - found.keys()
            )
        return cls(remote_ids, expected)

    def unlinked(self, values: Mapping[str, Value]) -> list[str]:
        return [n for n, v in values.items() if isinstance(v, UUID) and v not in self.remote_ids]

    def coming(self, value: Value) -> bool:
        """Whether the record is itself on its way to this system."""
        return value in self.expected

    def remote(self, value: Value) -> Value:
        return RemoteRef(self.remote_ids[value]) if isinstance(value, UUID) else value

    def partition(self, values: Mapping[str, Value]) -> str | None:
        """Rows under one parent travel together: parents are what vendors lock."""
        return next((v.remote_id for v in values.values() if isinstance(v, RemoteRef)), None)

    def reason(self, names: Sequence[str]) -> str:
        return f"Waits until the record in {', '.join(names)} is in this system."
