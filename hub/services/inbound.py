"""Inbound: one page of remote records into the Unified Partner Record, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from uuid import UUID

from msgspec import Struct

from hub.db import changes, deliveries, findings, links, records, rereads
from hub.db.changes import Change
from hub.db.findings import WHOLE_RECORD, NewConflict, NewReview, OpenConflict, Quarantined
from hub.db.links import LinkHead, LinkState, LinkWrite
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.domain.guards import Effect, effect_on
from hub.domain.merge import FieldConflict, FieldMerge, Merged, Times, merge_record
from hub.mapping.model import Mapped
from hub.mapping.paths import nest
from hub.record.codec import decode_values
from hub.record.values import RemoteRef, Value, Values, encode_values
from hub.sdk.http import encode_json
from hub.sdk.records import JsonValue, RemoteFields, RemoteRecord
from hub.services.claims import claimed_by_key
from hub.services.counts import Counts
from hub.services.deals.announcing import Came, announce, brings_registrations, submitted_ones
from hub.services.deals.fields import under_review
from hub.services.endings import CAME_BACK, reactivated, take_back
from hub.services.matching import Match, hub_key, match_new
from hub.services.merging import merge_records
from hub.services.objects import ObjectSync, origin_of
from hub.services.pointing import point_again
from hub.services.timing import Undecided, note_times, times_of
from hub.services.undone import moved_on, still_undecided


class Incoming(Struct, eq=False):
    """One remote record on its way in. `values` have their links looked up; `waits_for` are those not found."""

    remote_id: str
    record: RemoteRecord
    mapped: Mapped
    # The mapped values as JSON, links not looked up, and 16 bytes that differ when one of them does.
    encoded: bytes
    fingerprint: bytes
    values: dict[str, Value]
    waits_for: list[str] = []

    def as_json(self) -> bytes:
        """`values` as JSON."""
        return self.encoded if self.values is self.mapped.values else encode_values(self.values)


@dataclass(slots=True)
class Applied:
    """What a page did: counts, and the record ids that other systems now need to hear of.

    `only_new`: nothing but new rows was written, so that nobody can be waiting for one of them.
    """

    counts: Counts = field(default_factory=Counts)
    touched: list[UUID] = field(default_factory=list)
    only_new: bool = False
    # Remote ids by what the system said of them, as guards count it.
    effects: dict[Effect, list[str]] = field(default_factory=dict)

    def says(self, effect: Effect, remote_ids: Iterable[str]) -> None:
        """Keep that the system did this to these."""
        self.effects.setdefault(effect, []).extend(remote_ids)


def prepare(sync: ObjectSync, remote: Sequence[RemoteRecord]) -> list[Incoming]:
    """Map and fingerprint records: all that can be done before the database is asked."""
    prepared = []
    for record, mapped in zip(remote, sync.mapping.get_many([r.fields for r in remote]), strict=True):
        encoded = encode_values(mapped.values)
        fingerprint = blake2b(encoded, digest_size=16).digest()
        prepared.append(Incoming(record.id, record, mapped, encoded, fingerprint, mapped.values))
    return prepared


async def apply_records(
    tx: Tx, sync: ObjectSync, *, incoming: Sequence[Incoming], as_of: datetime, run_id: int
) -> Applied:
    """Take over what changed in `incoming` (see `prepare`), all of it or (on an exception) none of it.

    `as_of`: the moment (database clock) as of which the values were surely true. Records whose link knows something
    newer are left alone and asked to be read again. Records with problems go to quarantine, the others go on.
    """
    applied = Applied()
    applied.counts["read"] = len(incoming)
    known = await _heads(tx, sync, [i.remote_id for i in incoming])
    changed, fresh = _sift(incoming, known, applied.counts)
    claimed = await claimed_by_key(tx, sync, [i for i in changed if not missing_fields(sync, i)], known)
    parted = await _part(tx, sync, changed, known, claimed)
    changed = [i for i in changed if i not in parted]
    fresh += parted
    if not changed and not fresh:
        return applied
    await look_up_links(tx, sync, [*changed, *fresh])
    fresh = await _within_scope(tx, sync, fresh, applied.counts)
    held = await _report_problems(tx, sync, [*changed, *fresh], run_id, applied.counts)
    fresh = [i for i in fresh if i.remote_id not in held]
    matches = await match_new(tx, sync, fresh) if fresh else []
    if len(matches) < len(fresh):
        applied.counts["not_created"] += len(fresh) - len(matches)
    _settle_links(sync, [*changed, *fresh], {m.incoming.remote_id: m.record_id for m in matches})
    for_merge = [_Pair(i, known[i.remote_id].record_id, known[i.remote_id].state) for i in changed]
    for_merge += [_Pair(m.incoming, m.record_id, "live" if m.linked else None) for m in matches if m.exists]
    created = [m for m in matches if not m.exists]
    if created:
        await _create(tx, sync, created, as_of, run_id, applied)
    if for_merge:  # after the new ones, to which they may refer
        await _merge(tx, sync, for_merge, as_of, run_id, applied)
    if matches:
        woken = await _after_linking(tx, sync, matches, run_id, applied.counts)
        applied.only_new = not woken and len(created) == len(incoming)
    for match in matches:
        if loser := claimed.get(match.incoming.remote_id):
            applied.touched += await merge_records(tx, sync, loser=loser, survivor=match.record_id, run_id=run_id)
    return applied


async def sift_page(tx: Tx, sync: ObjectSync, incoming: Sequence[Incoming], counts: Counts) -> list[Incoming]:
    """Those that `apply_records` would look at: the rest is as it was seen last. Counts `unchanged`."""
    known = await _heads(tx, sync, [i.remote_id for i in incoming])
    changed, fresh = _sift(incoming, known, counts)
    return changed + fresh


async def _heads(tx: Tx, sync: ObjectSync, remote_ids: Sequence[str]) -> dict[str, LinkHead]:
    return await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=list(remote_ids))


def _sift(
    incoming: Sequence[Incoming], known: Mapping[str, LinkHead], counts: Counts
) -> tuple[list[Incoming], list[Incoming]]:
    """Those that differ from what was last seen, and those never seen; everything else costs nothing more."""
    changed: dict[str, Incoming] = {}
    fresh: dict[str, Incoming] = {}
    for i in incoming:
        head = known.get(i.remote_id)
        if head is None:
            fresh[i.remote_id] = i
        elif head.state in ("live", "parted") and head.seen_hash == i.fingerprint:
            counts["unchanged"] += 1
        else:
            changed[i.remote_id] = i
    return list(changed.values()), list(fresh.values())


async def _part(
    tx: Tx, sync: ObjectSync, changed: Sequence[Incoming], known: Mapping[str, LinkHead], claimed: Collection[str]
) -> list[Incoming]:
    """Those whose link holds no more: they are as new.

    They are another record's (`claimed`), or came back from a deletion or a merge after their record found another
    one here.
    """
    back = [i for i in changed if known[i.remote_id].state != "live" or i.remote_id in claimed]
    if not back:
        return []
    place = {"connection_id": sync.connection.id}
    wanted = [known[i.remote_id].record_id for i in back]
    taken = await links.remote_ids_of(tx, **place, objects=[sync.name], record_ids=wanted)
    parted = []
    for i in back:
        head = known[i.remote_id]
        if i.remote_id in claimed or head.state == "redirected" or head.record_id in taken:
            parted.append(i)
        else:
            taken[head.record_id] = i.remote_id
    await links.forget(tx, **place, object_name=sync.name, remote_ids=[i.remote_id for i in parted])
    return parted


async def _read_again(tx: Tx, sync: ObjectSync, remote_ids: Sequence[str], counts: Counts) -> None:
    counts["stale"] += len(remote_ids)
    await rereads.ask(
        tx,
        connection_id=sync.connection.id,
        keys=[(sync.name, remote_id) for remote_id in remote_ids],
        reason="the page was older than what is known",
    )


async def look_up_links(tx: Tx, sync: ObjectSync, incoming: Sequence[Incoming]) -> None:
    """Turn references to remote records that the hub knows into record ids."""
    if not sync.links:
        return
    for i in incoming:
        i.values, i.waits_for = dict(i.mapped.values), []
    for name, objects in sync.links.items():
        asked = {v.remote_id for i in incoming if isinstance(v := i.values.get(name), RemoteRef)}
        if not asked:
            continue
        found = await links.records_of(tx, connection_id=sync.connection.id, objects=objects, remote_ids=asked)
        for i in incoming:
            value = i.values.get(name)
            if isinstance(value, RemoteRef) and value.remote_id in found:
                i.values[name] = found[value.remote_id]


def in_scope(sync: ObjectSync, incoming: Incoming) -> bool:
    """Whether a new record belongs in the hub; one with the hub's key was sent there by the hub itself."""
    key_field, fields = sync.mapping.key_field, incoming.record.fields
    if key_field and fields.get(key_field):
        return True
    if not sync.mapping.admit or not sync.mapping.comes_in(fields):
        return False
    return not sync.mapping.scoped or sync.mapping.scope_matches(
        {n: None if isinstance(v, RemoteRef) else v for n, v in incoming.values.items()}
    )


async def _within_scope(tx: Tx, sync: ObjectSync, fresh: Sequence[Incoming], counts: Counts) -> list[Incoming]:
    """Without records that do not belong in the hub."""
    inside = [i for i in fresh if in_scope(sync, i)]
    if len(inside) < len(fresh):
        counts["out_of_scope"] += len(fresh) - len(inside)
        here = {i.remote_id for i in inside}
        outside = [i.remote_id for i in fresh if i.remote_id not in here]
        await findings.release_quarantine(
            tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=outside
        )
    return inside


def _settle_links(sync: ObjectSync, incoming: Sequence[Incoming], here: Mapping[str, UUID]) -> None:
    """References within this very page; what stays unknown is left out until the other record comes in."""
    for name, objects in sync.links.items():
        local = here if sync.name in objects else {}
        for i in incoming:
            value = i.values.get(name)
            if not isinstance(value, RemoteRef):
                continue
            if value.remote_id in local:
                i.values[name] = local[value.remote_id]
            else:
                del i.values[name]
                i.waits_for.append(value.remote_id)


def missing_fields(sync: ObjectSync, incoming: Incoming) -> list[str]:
    """Fields without which a record of this type cannot exist, and which this remote record does not bring."""
    get = incoming.mapped.values.get
    return [name for name in sync.required if get(name) is None]


async def _report_problems(
    tx: Tx, sync: ObjectSync, incoming: Sequence[Incoming], run_id: int, counts: Counts
) -> set[str]:
    """Quarantine what has problems; release what came in whole. Returns those held back altogether."""
    troubled: list[Quarantined] = []
    for i in incoming:
        missing = missing_fields(sync, i)
        if not missing and not i.mapped.problems:
            continue
        problems = [
            {"field": p.field, "remote": p.remote, "message": p.message, "value": p.value} for p in i.mapped.problems
        ]
        named = {p.field for p in i.mapped.problems}
        problems += [
            {"field": name, "remote": "", "message": "is required and the remote record has none.", "value": ""}
            for name in missing
            if name not in named
        ]
        troubled.append(Quarantined(i.remote_id, problems, dict(i.record.fields), bool(missing)))
    if troubled:
        counts["quarantined"] += len(troubled)
        await findings.quarantine(
            tx, connection_id=sync.connection.id, object_name=sync.name, run_id=run_id, records=troubled
        )
    whole = {i.remote_id for i in incoming} - {q.remote_id for q in troubled}
    await findings.release_quarantine(
        tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=sorted(whole)
    )
    return {q.remote_id for q in troubled if q.held}


async def _create(
    tx: Tx, sync: ObjectSync, matches: Sequence[Match], as_of: datetime, run_id: int, applied: Applied
) -> None:
    """New records, their links and their first change.

    Links and changes are made one by one while PostgreSQL takes in those before.
    """
    new = [(m.record_id, m.incoming, m.incoming.as_json()) for m in matches]
    await records.insert(tx, sync.record_type, [(record_id, i.values) for record_id, i, _ in new])
    await links.insert(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        as_of=as_of,
        run_id=run_id,
        links=(_link(i, record_id, shadow) for record_id, i, shadow in new),
    )
    rules = encode_values({"*": f"{sync.mapping.file} {sync.mapping.digest[:12]}"})
    await changes.append(tx, origin=origin_of(sync, run_id), changes=(_creation(sync, *one, rules) for one in new))
    await note_times(tx, sync, ((record_id, 1, i.record.fields, i.values) for record_id, i, _ in new))
    await announce(tx, sync, [Came(record_id, i.values, i.record.modified_by) for record_id, i, _ in new])
    applied.counts["created"] += len(new)
    applied.says("creates", (i.remote_id for _, i, _ in new))
    applied.touched += [m.record_id for m in matches]


def _creation(sync: ObjectSync, record_id: UUID, incoming: Incoming, document: bytes, rules: bytes) -> Change:
    """The first change. `document` are the incoming values as JSON; what is empty is none of a new record's."""
    if None in incoming.values.values():
        document = encode_values({name: v for name, v in incoming.values.items() if v is not None})
    return Change(
        record_id=record_id,
        record_type=sync.record_type.name,
        version=1,
        op="create",
        old=None,
        new=document,
        rules=rules,
        remote_id=incoming.remote_id,
    )


async def _merge(
    tx: Tx,
    sync: ObjectSync,
    pairs: Sequence[_Pair],
    as_of: datetime,
    run_id: int,
    applied: Applied,
) -> None:
    """Known records: three-way merge per field."""
    ours = await records.load(tx, sync.record_type, [pair.record_id for pair in pairs], lock=True)
    bases = await links.shadows(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        remote_ids=[pair.incoming.remote_id for pair in pairs if pair.linked],
    )
    shadows = {i: (decode_values(sync.record_type, shadow), seen) for i, (shadow, seen) in bases.items()}
    late = {pair.incoming.remote_id for pair in pairs if pair.linked and _is_outdated(pair, shadows, as_of)}
    if late:  # written to, or read again, since this page was read
        await _read_again(tx, sync, sorted(late), applied.counts)
        pairs = [pair for pair in pairs if pair.incoming.remote_id not in late]
    conflicts = await findings.open_conflicts(
        tx, connection_id=sync.connection.id, object_name=sync.name, record_ids=list(ours)
    )
    sent = await deliveries.unanswered(
        tx, connection_id=sync.connection.id, object_name=sync.name, record_ids=list(ours)
    )
    judged = await submitted_ones(tx, sync, list(ours))
    judged_rules = under_review(sync.merge_rules) if judged else {}
    meetings: list[_Meeting] = []
    replaced = await take_back(tx, sync, [pair.incoming.remote_id for pair in pairs if pair.link == "deleted"])
    for pair in pairs:
        base = shadows[pair.incoming.remote_id][0] if pair.linked else None
        if own := _own_echo(sync, pair, sent.get(pair.record_id)):
            base = {**(base or {}), **own}
        by = judged_rules if pair.record_id in judged else sync.merge_rules
        open_fields = conflicts.get(pair.record_id, {})
        meetings.append(_Meeting(pair, ours[pair.record_id], base, open_fields, by, sync.mapping.through))
    times = await _times(tx, sync, meetings, {remote_id: seen for remote_id, (_, seen) in shadows.items()})
    outcome = _Outcome(sync=sync, run_id=run_id)
    for m in meetings:
        if effect := m.effect(sync):
            applied.says(effect, [m.pair.incoming.remote_id])
    for m in meetings:
        merged = m.merge(times.get(m.pair.incoming.remote_id))
        if old := replaced.get(m.pair.incoming.remote_id):
            merged.take = {**reactivated(sync, m.mine, old), **merged.take}
        outcome.add(m.pair, m.mine, merged, open_fields=m.open_fields, undecided=m.undecided)
        if brings_registrations(sync) and (came := m.came(merged, judged=m.mine.id in judged)):
            outcome.came.append(came)
    await outcome.store(tx, as_of)
    applied.counts.update(outcome.counts)
    applied.touched += outcome.touched


@dataclass(frozen=True)
class _Meeting:
    """An incoming record and the hub's one, with what both last agreed on and what is open between them."""

    pair: _Pair
    mine: StoredRecord
    base: dict[str, Value] | None
    open_fields: Mapping[str, OpenConflict]
    rules: Mapping[str, FieldMerge]
    through: Callable[[Values], Values]

    @cached_property
    def undecided(self) -> dict[str, OpenConflict]:
        return still_undecided(self.open_fields, self.pair.incoming.values)

    def effect(self, sync: ObjectSync) -> Effect | None:
        """What the system changed since both sides last agreed, whatever comes of that; as guards count it."""
        if self.pair.link == "deleted":
            return "creates"
        return effect_on(self.pair.incoming.values, self.base, links=sync.links) if self.base is not None else None

    def merge(self, times: Mapping[str, Times] | None = None) -> Merged:
        values, ours = self.pair.incoming.values, self.mine.values
        theirs = {name: value for name, value in values.items() if name not in self.undecided}
        theirs |= self._as_we_hold_it(theirs)
        merged = merge_record(base=self.base, theirs=theirs, ours=ours, rules=self.rules, times=times)
        merged.shadow |= {name: values[name] for name in self.undecided}
        return merged

    def _as_we_hold_it(self, theirs: Values) -> Values:
        """Our values of those that are all that the system keeps of ours: coarser there, and no other value."""
        ours = self.mine.values
        other = {name: ours[name] for name, value in theirs.items() if value != ours[name] and ours[name] is not None}
        kept = self.through({name: value for name, value in other.items() if not isinstance(value, UUID)})
        return {name: other[name] for name, value in kept.items() if value == theirs[name]}

    def came(self, merged: Merged, *, judged: bool) -> Came | None:
        """A registration that is to be looked at: changed before it was judged, or edited there since."""
        incoming = self.pair.incoming
        edited = judged and self.base is not None and "stage" in merged.refused
        stage = incoming.values.get("stage") if edited else None
        if not (merged.take or stage or (judged and merged.conflicts)):
            return None
        values = {**self.mine.values, **merged.take}
        return Came(self.mine.id, values, incoming.record.modified_by, str(stage) if stage else None)


async def _times(
    tx: Tx, sync: ObjectSync, meetings: Sequence[_Meeting], seen: Mapping[str, datetime]
) -> dict[str, dict[str, Times]]:
    """What `latest_wins` needs, asked only for fields that would be in conflict without it."""
    undecided: list[Undecided] = []
    for m in meetings if sync.stamps else ():
        fields = tuple(c.field for c in m.merge().conflicts if c.field in sync.stamps)
        if fields:
            i = m.pair.incoming
            undecided.append(Undecided(i.remote_id, m.mine.id, i.record.fields, fields, seen.get(i.remote_id)))
    return await times_of(tx, sync, undecided) if undecided else {}


def _own_echo(sync: ObjectSync, pair: _Pair, sent: Mapping[str, JsonValue] | None) -> dict[str, Value]:
    """Values that the hub itself has sent: both sides agreed on them, whatever the hub holds by now.

    Of a write without an answer that is what came back as it was sent. A row that carries the hub's key and is not
    linked was made by such a write: there all that was sent counts, and what stands there instead was typed since.
    """
    if not sent:
        return {}
    incoming, written = pair.incoming, sync.mapping.get(nest(sent)).values
    own = {
        name: value
        for name, value in incoming.values.items()
        if name in written and written[name] == incoming.mapped.values.get(name)
    }
    if not pair.linked and hub_key(sync, incoming.record) == pair.record_id:
        whole = {n: v for n, v in written.items() if n in incoming.values and not isinstance(v, RemoteRef)}
        return {**whole, **own}
    return own


def _is_outdated(pair: _Pair, shadows: Mapping[str, tuple[dict[str, Value], datetime]], as_of: datetime) -> bool:
    """Whether the page says something else of the record than what was true later; saying the same does no harm."""
    shadow, seen = shadows[pair.incoming.remote_id]
    if seen <= as_of:
        return False
    return pair.link != "live" or any(shadow.get(name) != value for name, value in pair.incoming.values.items())


@dataclass(frozen=True, slots=True)
class _Pair:
    """An incoming record and the hub's record it belongs to. `link` is the state of the link, None without one."""

    incoming: Incoming
    record_id: UUID
    link: LinkState | None

    @property
    def linked(self) -> bool:
        return self.link is not None


@dataclass(slots=True)
class _Outcome:
    """Collects the merges of one page, to be stored set by set."""

    sync: ObjectSync
    run_id: int
    counts: Counts = field(default_factory=Counts)
    touched: list[UUID] = field(default_factory=list)
    rewritten: list[tuple[UUID, dict[str, Value]]] = field(default_factory=list)
    revived: list[UUID] = field(default_factory=list)
    taken: list[tuple[UUID, int, RemoteFields, Iterable[str]]] = field(default_factory=list)
    log: list[Change] = field(default_factory=list)
    new_links: list[LinkWrite] = field(default_factory=list)
    known_links: list[LinkWrite] = field(default_factory=list)
    conflicts: list[NewConflict] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    unsent: list[UUID] = field(default_factory=list)
    came: list[Came] = field(default_factory=list)

    def add(
        self,
        pair: _Pair,
        mine: StoredRecord,
        merged: Merged,
        *,
        open_fields: Mapping[str, OpenConflict],
        undecided: Mapping[str, OpenConflict],
    ) -> None:
        incoming, linked = pair.incoming, pair.linked
        in_conflict = {c.field for c in merged.conflicts}
        back = pair.link == "deleted"
        settled = [
            conflict.id
            for name, conflict in open_fields.items()
            if (name in incoming.values and name not in in_conflict and name not in undecided)
            or (back and name == WHOLE_RECORD)
        ]
        self.settled += settled
        self.conflicts += moved_on(undecided, mine, remote_id=incoming.remote_id, rule="its decision was undone")
        self.conflicts += [_conflict(incoming, mine.id, c) for c in merged.conflicts]
        link = _link(incoming, mine.id, encode_values(merged.shadow))
        (self.known_links if linked else self.new_links).append(link)
        self.counts["conflicts"] += len(in_conflict - open_fields.keys())
        if not linked:
            self.counts["linked"] += 1
        # A deletion elsewhere is undone by an undeletion here, or by an edit that did not know of it.
        revived = mine.deleted and (back or (linked and bool(merged.take)))
        if merged.take or revived:
            self._rewrite(incoming, mine, merged, revived=revived)
        elif linked:
            self.counts["agreed"] += 1
        if merged.refused or settled or pair.link != "live":
            # The hub may hold more than this system does, and no change of the log will say so.
            self.unsent.append(mine.id)
        if merged.take or merged.refused or not linked:
            self.touched.append(mine.id)

    def _rewrite(self, incoming: Incoming, mine: StoredRecord, merged: Merged, *, revived: bool) -> None:
        mapped = self.sync.merge_rules
        rules = {name: mapped[name].rule if name in mapped else CAME_BACK for name in merged.take}
        self.log.append(
            Change(
                record_id=mine.id,
                record_type=self.sync.record_type.name,
                version=mine.version + 1,
                op="restore" if revived else "update",
                old=encode_values({name: mine.values.get(name) for name in merged.take}),
                new=encode_values(merged.take),
                rules=encode_json(rules),
                remote_id=incoming.remote_id,
            )
        )
        self.rewritten.append((mine.id, {**mine.values, **merged.take}))
        self.taken.append((mine.id, mine.version + 1, incoming.record.fields, merged.take))
        if revived:
            self.revived.append(mine.id)
        self.counts["restored" if revived else "changed"] += 1

    async def store(self, tx: Tx, as_of: datetime) -> None:
        sync = self.sync
        here, name = sync.connection.id, sync.name
        await records.update(tx, sync.record_type, self.rewritten, revive=self.revived)
        await links.update(tx, connection_id=here, object_name=name, as_of=as_of, links=self.known_links)
        await links.insert(
            tx, connection_id=here, object_name=name, as_of=as_of, run_id=self.run_id, links=self.new_links
        )
        await changes.append(tx, origin=origin_of(sync, self.run_id), changes=self.log)
        await note_times(tx, sync, self.taken)
        await announce(tx, sync, self.came)
        if self.conflicts:
            await findings.raise_conflicts(
                tx,
                connection_id=here,
                object_name=name,
                record_type=sync.record_type.name,
                run_id=self.run_id,
                conflicts=self.conflicts,
            )
        if self.unsent and sync.mapping.outbound:
            wanted = [(record_id, sync.record_type.name) for record_id in self.unsent]
            await deliveries.request(tx, connection_id=here, object_name=name, records=wanted)
        if self.settled:
            await findings.settle_conflicts(tx, ids=self.settled, resolution="one side gave way", by="hub")


async def _after_linking(tx: Tx, sync: ObjectSync, matches: Sequence[Match], run_id: int, counts: Counts) -> bool:
    """Ask for a person where the match is in doubt, and wake who waited for these records; whether anybody did."""
    reviews = [
        NewReview(m.incoming.remote_id, m.record_id, m.review, m.candidates, m.holds)
        for m in matches
        if m.review is not None
    ]
    if reviews:
        counts["reviews"] += len(reviews)
        await findings.ask_for_match_review(
            tx,
            connection_id=sync.connection.id,
            object_name=sync.name,
            record_type=sync.record_type.name,
            run_id=run_id,
            reviews=reviews,
        )
    referrers = await wake_referrers(tx, sync, [m.incoming.remote_id for m in matches])
    await point_again(tx, sync, [m.record_id for m in matches if m.exists])
    waiting = await deliveries.wake_waiting(tx, connection_id=sync.connection.id)
    return bool(referrers or waiting)


async def wake_referrers(tx: Tx, sync: ObjectSync, remote_ids: Iterable[str]) -> int:
    """Records that refer to one of these and came in earlier are looked at again. Returns how many."""
    keys = await links.waiting_for(tx, connection_id=sync.connection.id, remote_ids=list(remote_ids))
    if keys:
        await links.forget_hashes(tx, connection_id=sync.connection.id, keys=keys)
        await rereads.ask(tx, connection_id=sync.connection.id, keys=keys, reason="a record it refers to came in")
    return len(keys)


def _conflict(incoming: Incoming, record_id: UUID, c: FieldConflict) -> NewConflict:
    return NewConflict(
        remote_id=incoming.remote_id,
        record_id=record_id,
        field=c.field,
        base=_text(c.base),
        ours=_text(c.ours),
        theirs=_text(c.theirs),
        rule=c.rule,
        theirs_by=incoming.record.modified_by,
        theirs_at=incoming.record.modified_at,
        needs_second=c.needs_second,
    )


def _link(incoming: Incoming, record_id: UUID, shadow: bytes) -> LinkWrite:
    return LinkWrite(
        remote_id=incoming.remote_id,
        record_id=record_id,
        shadow=shadow,
        seen_hash=incoming.fingerprint,
        remote_version=incoming.record.version,
        waits_for=incoming.waits_for or None,
    )


def _text(value: Value) -> str:
    return encode_json(value).decode()
