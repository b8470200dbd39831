"""Both sides of one object, compared value by value: what differs, why, and what would set it right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict
from uuid import UUID

from hub.db import findings, links, reconciliations, records
from hub.db.findings import WHOLE_RECORD, OpenConflict
from hub.db.reconciliations import FoundRow, KnownLink
from hub.db.records import StoredRecord
from hub.db.session import Database, Tx
from hub.mapping.paths import Absent
from hub.mapping.rules import FieldProblem
from hub.record.codec import decode_values
from hub.record.values import RemoteRef, Value
from hub.sdk.http import encode_json
from hub.sdk.records import Deletion, RemoteRecord
from hub.services.inbound import Incoming, in_scope, missing_fields, prepare
from hub.services.objects import ObjectSync

_RECORDS_A_STEP = 5000
_NOBODY = UUID(int=0)

# What explains a difference, and whether another read or another delivery would end it.
_REPAIRS = {"not_taken_over": "read", "never_sent": "send", "edited_there": "send"}
_DELIVERY_CAUSES = {"dead": "dead_letter", "waiting": "waiting"}


class Place(TypedDict):
    """Whose links are meant, as `hub.db` asks it."""

    connection_id: int
    object_name: str


def place_of(sync: ObjectSync) -> Place:
    return {"connection_id": sync.connection.id, "object_name": sync.name}


@dataclass(slots=True)
class Comparison:
    """What was compared: `records` is the number of pairs, `fields` says for each field how many of them differ."""

    records: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    found: list[FoundRow] = field(default_factory=list)

    def add(self, row: FoundRow) -> None:
        self.found.append(row)
        if row.field:
            self.fields[row.field] += 1

    @property
    def causes(self) -> Counter[str]:
        return Counter(row.cause for row in self.found)

    @property
    def agreement(self) -> float:
        """The share of all records of both sides that are the same on both."""
        differing = {(row.remote_id, row.record_id) for row in self.found}
        strangers = {(row.remote_id, row.record_id) for row in self.found if row.kind in ("unknown", "unsent")}
        whole = self.records + len(strangers)
        return 1.0 if not whole else 1 - len(differing) / whole


async def compare_remote(
    db: Database,
    sync: ObjectSync,
    *,
    remote: Sequence[RemoteRecord],
    deletions: Sequence[Deletion],
    into: Comparison,
) -> None:
    """Records of the system as they are now, against the hub's."""
    incoming = prepare(sync, remote)
    asked = [i.remote_id for i in incoming] + [d.id for d in deletions]
    place = place_of(sync)
    async with db.transaction() as tx:
        await tx.freeze()
        known = await reconciliations.links(tx, **place, remote_ids=asked)
        why = await _Reasons.load(tx, sync, known)
        stored = await records.load(tx, sync.record_type, {link.record_id for link in known.values()})
        refs = await _references(tx, sync, incoming)
    for i in incoming:
        link = known.get(i.remote_id)
        if link is None or link.state != "live":
            _stranger(sync, i, link, why, into)
        else:
            into.records += 1
            _pair(sync, i, link, stored[link.record_id], refs, why, into)
    for deletion in deletions:
        link = known.get(deletion.id)
        if link is not None and link.state == "live":
            into.records += 1
            into.add(_row("gone", why.of_remote(link), link, detail=deletion.kind))


async def compare_known(db: Database, sync: ObjectSync, *, without: Collection[str], into: Comparison) -> None:
    """The hub's records against what the system was last seen to hold, for all but the remote ids `without`."""
    after, more = "", True
    while more:
        async with db.transaction() as tx:
            await tx.freeze()
            rows = await reconciliations.live_links(
                tx, connection_id=sync.connection.id, object_name=sync.name, after=after, limit=_RECORDS_A_STEP
            )
            known = {row.remote_id: row for row in rows if row.remote_id not in without}
            stored = await records.load(tx, sync.record_type, {link.record_id for link in known.values()})
            odd = [link for link in known.values() if _moved(sync, link, stored[link.record_id])]
            why = await _Reasons.load(tx, sync, {link.remote_id: link for link in odd})
        into.records += len(known)
        for link in odd:
            _hub_moved(sync, link, stored[link.record_id], why, into)
        more = len(rows) == _RECORDS_A_STEP
        after = rows[-1].remote_id if rows else after


async def find_unsent(db: Database, sync: ObjectSync, *, into: Comparison) -> None:
    """Records of the hub that belong into this system and never came there."""
    if not sync.mapping.outbound or sync.mapping.create == "no":
        return
    after, more = _NOBODY, True
    while more:
        async with db.transaction() as tx:
            await tx.freeze()
            await tx.look_up_by_index()
            ids = await reconciliations.unlinked(
                tx, table=sync.record_type.name, root=sync.record_type.root.name, connection_id=sync.connection.id,
                object_name=sync.name, after=after, limit=_RECORDS_A_STEP,
            )  # fmt: skip
            stored = await records.load(tx, sync.record_type, ids)
            belonging = [r for r in stored.values() if sync.mapping.may_make(r.values)]
            why = await _Reasons.load(tx, sync, {}, further=[r.id for r in belonging])
        for record in belonging:
            into.add(_row("unsent", why.of_hub(record.id), None, record_id=record.id))
        more = len(ids) == _RECORDS_A_STEP
        after = ids[-1] if ids else after


@dataclass(slots=True)
class _Reasons:
    """What is under way, or in the way, for a set of records."""

    deliveries: Mapping[UUID, tuple[int, str]]
    conflicts: Mapping[UUID, Mapping[str, OpenConflict]]
    in_review: Collection[UUID]
    not_planned: Collection[UUID]
    held_back: Mapping[str, str]

    @classmethod
    async def load(
        cls, tx: Tx, sync: ObjectSync, known: Mapping[str, KnownLink], further: Iterable[UUID] = ()
    ) -> _Reasons:
        ids = [*(link.record_id for link in known.values()), *further]
        place = place_of(sync)
        return cls(
            deliveries=await reconciliations.open_deliveries(tx, **place, record_ids=ids),
            conflicts=await findings.open_conflicts(tx, **place, record_ids=ids),
            in_review=await findings.under_review(tx, **place, record_ids=ids),
            not_planned=await reconciliations.not_planned(tx, connection_id=sync.connection.id, record_ids=ids),
            held_back=await reconciliations.held_back(tx, **place, remote_ids=list(known)),
        )

    def of_hub(self, record_id: UUID, name: str = WHOLE_RECORD) -> str:
        """Why the system does not have the hub's value."""
        if name in self.conflicts.get(record_id, {}):
            return "in_conflict"
        if record_id in self.in_review:
            return "in_review"
        if record_id in self.deliveries:
            return _DELIVERY_CAUSES.get(self.deliveries[record_id][1], "on_its_way")
        return "on_its_way" if record_id in self.not_planned else "never_sent"

    def of_remote(self, link: KnownLink, name: str = WHOLE_RECORD) -> str:
        """Why the hub does not have the system's value."""
        if name in self.conflicts.get(link.record_id, {}):
            return "in_conflict"
        return self.held_back.get(link.remote_id, "not_taken_over")


async def _references(tx: Tx, sync: ObjectSync, incoming: Sequence[Incoming]) -> dict[str, UUID]:
    """Remote ids that link fields of these records name → the hub's records."""
    found: dict[str, UUID] = {}
    for name, objects in sync.links.items():
        asked = {v.remote_id for i in incoming if isinstance(v := i.mapped.values.get(name), RemoteRef)}
        if asked:
            found |= await links.records_of(
                tx, connection_id=sync.connection.id, objects=objects, remote_ids=sorted(asked)
            )
    return found


def _stranger(sync: ObjectSync, incoming: Incoming, link: KnownLink | None, why: _Reasons, into: Comparison) -> None:
    """A record that is there and stands for none of the hub's, unless it does not belong here."""
    if link is None and not in_scope(sync, incoming):
        return
    cause = why.held_back.get(incoming.remote_id, "not_taken_over")
    detail = f"misses {', '.join(missing)}" if (missing := missing_fields(sync, incoming)) else None
    into.add(
        FoundRow("unknown", cause, incoming.remote_id, link.record_id if link else None, "", "null", "null", detail,
                 _REPAIRS.get(cause))
    )  # fmt: skip


def _pair(
    sync: ObjectSync,
    incoming: Incoming,
    link: KnownLink,
    record: StoredRecord,
    refs: Mapping[str, UUID],
    why: _Reasons,
    into: Comparison,
) -> None:
    if not record.alive:
        into.add(_row("deleted", why.of_hub(record.id), link))
        return
    shadow = decode_values(sync.record_type, link.shadow)
    kept = sync.mapping.through({n: v for n, v in record.values.items() if not isinstance(v, UUID)})
    for name, theirs in incoming.mapped.values.items():
        value = refs.get(theirs.remote_id) if isinstance(theirs, RemoteRef) else theirs
        if isinstance(theirs, RemoteRef) and value is None:
            continue  # refers to a record that the hub does not know: that one is told of
        ours = record.values.get(name)
        if value in (ours, kept.get(name, ours)):
            continue
        stale = value == shadow.get(name)
        cause = _hub_cause(sync, record.id, name, why) if stale else why.of_remote(link, name)
        into.add(_row("value", cause, link, field=name, ours=ours, theirs=value))
    for name, theirs in written_only(sync, incoming.record):
        if theirs != shadow.get(name) and theirs != record.values.get(name):
            into.add(_row("value", "edited_there", link, field=name, ours=record.values.get(name), theirs=theirs))


def written_only(sync: ObjectSync, remote: RemoteRecord) -> Iterator[tuple[str, Value]]:
    """What the system holds in fields that the hub writes and never reads, where the form can be read at all."""
    for channel in sync.mapping.channels:
        rule = channel.rule
        if rule.direction == "push" and not rule.once and channel.lens is not None and channel.compute is None:
            value = channel.find(remote.fields)
            if not isinstance(value, Absent | FieldProblem | RemoteRef):
                yield rule.name, value


def _moved(sync: ObjectSync, link: KnownLink, record: StoredRecord) -> bool:
    return not record.alive or bool(_differences(sync, link, record))


def _hub_moved(sync: ObjectSync, link: KnownLink, record: StoredRecord, why: _Reasons, into: Comparison) -> None:
    if not record.alive:
        into.add(_row("deleted", why.of_hub(record.id), link))
        return
    for name, (ours, theirs) in _differences(sync, link, record).items():
        into.add(_row("value", _hub_cause(sync, record.id, name, why), link, field=name, ours=ours, theirs=theirs))


def _differences(sync: ObjectSync, link: KnownLink, record: StoredRecord) -> dict[str, tuple[Value, Value]]:
    """Field → (the hub's value, what the system was last seen to hold)."""
    shadow = decode_values(sync.record_type, link.shadow)
    names = [name for name in sync.mapping.rules if name in shadow or name in sync.mapping.updated]
    return {
        name: (record.values.get(name), shadow.get(name))
        for name in names
        if record.values.get(name) != shadow.get(name)
    }


def _hub_cause(sync: ObjectSync, record_id: UUID, name: str, why: _Reasons) -> str:
    return why.of_hub(record_id, name) if name in sync.mapping.updated else "kept_by_rule"


def _row(
    kind: str,
    cause: str,
    link: KnownLink | None,
    *,
    record_id: UUID | None = None,
    field: str = "",
    ours: Value = None,
    theirs: Value = None,
    detail: str | None = None,
) -> FoundRow:
    return FoundRow(
        kind,
        cause,
        link.remote_id if link else None,
        link.record_id if link else record_id,
        field,
        encode_json(ours).decode(),
        encode_json(theirs).decode(),
        detail,
        _REPAIRS.get(cause),
    )
