"""Which record a remote record that was never seen before belongs to: by hub key, by natural key, or by score."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from msgspec import Struct
from msgspec import field as struct_field

from hub.db import links, match_decisions, match_keys, records
from hub.db.session import Tx
from hub.domain.matching import (
    Candidate,
    Choice,
    Decision,
    Features,
    Reason,
    Verdict,
    choose,
    organization_features,
    person_features,
)
from hub.domain.matching import (
    match_keys as keys_of,
)
from hub.record.values import Value, Values
from hub.sdk.records import RemoteRecord
from hub.services.objects import ObjectSync
from hub.services.search_keys import Version, store_search_keys

if TYPE_CHECKING:
    from hub.services.inbound import Incoming


Apart = Mapping[str, Collection[UUID]]


class Match(Struct, eq=False):
    """Where an incoming record goes: an existing record, or a new id.

    `linked` says that the record has a link here already (another process made it meanwhile). With `review` a person
    has to look at `candidates`; until then, if it `holds`, nothing is created from this record in other systems.
    """

    incoming: Incoming
    record_id: UUID
    exists: bool
    linked: bool = False
    review: Literal["ambiguous", "duplicate"] | None = None
    holds: bool = True
    candidates: list[dict[str, Any]] = struct_field(default_factory=list)


async def match_new(tx: Tx, sync: ObjectSync, fresh: Sequence[Incoming]) -> list[Match]:
    """Decide for each; no two get the same existing record. Holds the record type's matching lock until commit.

    Where the connection or the mapping makes no new records in the hub, those that would be new are left out.

    The lock lets one process at a time bring in new records of a type, so that two systems which report the same
    new partner at the same moment do not make two of it.
    """
    await records.lock_matching(tx, sync.record_type)
    matches: dict[str, Match] = {}
    await _already_linked(tx, sync, fresh, matches)
    apart = await apart_from(tx, sync, [i.remote_id for i in fresh])
    await _by_hub_key(tx, sync, _open(fresh, matches), matches, apart)
    for rule in sync.mapping.match:
        if rule.scored:
            await _by_score(tx, sync, _open(fresh, matches), matches, apart)
        else:
            await _by_natural_key(tx, sync, rule.on, _open(fresh, matches), matches, apart)
    ids = new_ids(len(fresh))
    for incoming in _open(fresh, matches):
        matches[incoming.remote_id] = Match(incoming, next(ids), exists=False)
    _name_twins(matches)
    ordered = [matches[i.remote_id] for i in fresh]
    if "in" not in sync.connection.creates or not sync.mapping.admit:
        ordered = [match for match in ordered if match.exists]
    if any(rule.scored for rule in sync.mapping.match):
        await _store_keys(tx, sync, ordered)
    return ordered


def hub_key(sync: ObjectSync, record: RemoteRecord) -> UUID | None:
    """The id of the record for which the hub made this remote record; None when people made it."""
    value = record.fields.get(sync.mapping.key_field) if sync.mapping.key_field else None
    try:
        return UUID(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


async def apart_from(tx: Tx, sync: ObjectSync, remote_ids: Sequence[str]) -> Apart:
    """By remote id: the records of which a person has said that they are others. They are not asked about again."""
    keys = {match_decisions.remote_key(sync.connection.id, sync.name, remote_id): remote_id for remote_id in remote_ids}
    found = await match_decisions.kept_apart(tx, keys=list(keys))
    return {keys[key]: record_ids for key, record_ids in found.items()}


def new_ids(count: int) -> Iterator[UUID]:
    """Fresh UUIDs of version 7 (RFC 9562): ordered by time, so that indexes grow at one end."""
    fixed = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | 0b10 << 62
    mask = ((1 << 80) - 1) & ~(0xF << 76) & ~(0b11 << 62)
    noise = os.urandom(10 * count)
    for at in range(0, 10 * count, 10):
        yield UUID(int=fixed | int.from_bytes(noise[at : at + 10]) & mask)


def _open(fresh: Sequence[Incoming], matches: Mapping[str, Match]) -> list[Incoming]:
    return [i for i in fresh if i.remote_id not in matches]


async def _already_linked(tx: Tx, sync: ObjectSync, fresh: Sequence[Incoming], matches: dict[str, Match]) -> None:
    """Another process may have linked some while this one waited for the lock."""
    heads = await links.heads(
        tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=[i.remote_id for i in fresh]
    )
    for incoming in fresh:
        if incoming.remote_id in heads:
            record_id = heads[incoming.remote_id].record_id
            matches[incoming.remote_id] = Match(incoming, record_id, exists=True, linked=True)


async def _by_hub_key(
    tx: Tx, sync: ObjectSync, fresh: Sequence[Incoming], matches: dict[str, Match], apart: Apart
) -> None:
    """A remote record that carries the hub's key is one that the hub made, whatever became of its record since."""
    claims = [(i, key) for i in fresh if (key := hub_key(sync, i.record))]
    if not claims:
        return
    found = await records.whereabouts(tx, sync.record_type, [key for _, key in claims])
    taken = await _taken(tx, sync, list(found.values()))
    for incoming, key in claims:
        record_id = found.get(key)
        if record_id is not None and record_id not in taken and record_id not in apart.get(incoming.remote_id, ()):
            taken[record_id] = incoming.remote_id
            matches[incoming.remote_id] = Match(incoming, record_id, exists=True)


async def _by_natural_key(
    tx: Tx, sync: ObjectSync, names: tuple[str, ...], fresh: Sequence[Incoming], matches: dict[str, Match], apart: Apart
) -> None:
    """Equal natural keys are the same record; several equal ones, or one that is taken, are for a person."""
    keyed = [(i, key) for i in fresh if None not in (key := tuple(map(i.values.get, names)))]
    if not keyed:
        return
    found = await records.find_by_key(tx, sync.record_type, names, list({key for _, key in keyed}))
    taken = await _taken(tx, sync, [record_id for ids in found.values() for record_id in ids])
    claimed = {m.record_id for m in matches.values()}
    first_here: dict[tuple[Value, ...], str] = {}
    ids = new_ids(len(keyed))
    for incoming, key in keyed:
        others = apart.get(incoming.remote_id, ())
        candidates = [c for c in found.get(key, ()) if c not in others]
        if not candidates and key not in first_here:
            # Nobody has this key yet; a later rule may still find the record.
            first_here[key] = incoming.remote_id
            continue
        free = [c for c in candidates if c not in taken and c not in claimed]
        evidence = [_exact(names, key, c, taken.get(c)) for c in candidates]
        if len(free) == 1 and len(candidates) == 1:
            match = Match(incoming, free[0], exists=True)
            claimed.add(free[0])
        elif candidates:
            kind: Literal["ambiguous", "duplicate"] = "ambiguous" if free else "duplicate"
            match = Match(incoming, next(ids), exists=False, review=kind, candidates=evidence)
        else:
            evidence = [_exact(names, key, None, first_here[key])]
            match = Match(incoming, next(ids), exists=False, review="duplicate", candidates=evidence)
        matches[incoming.remote_id] = match


def _exact(
    names: tuple[str, ...], key: tuple[Value, ...], record_id: UUID | None, taken_by: str | None
) -> dict[str, Any]:
    """Evidence of an equal key. Without a record id, `taken_by` is a remote record of this page, named later."""
    equal = [
        {"feature": n, "level": "equal", "ours": str(v), "theirs": str(v)} for n, v in zip(names, key, strict=True)
    ]
    return {
        "record_id": str(record_id) if record_id else None,
        "linked_to": taken_by,
        "verdict": "same",
        "evidence": equal,
    }


def _name_twins(matches: Mapping[str, Match]) -> None:
    for match in matches.values():
        for candidate in match.candidates:
            if candidate["record_id"] is None:
                candidate["record_id"] = str(matches[candidate["linked_to"]].record_id)


async def _taken(tx: Tx, sync: ObjectSync, record_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Those that already stand for a record of this object, and which."""
    if not record_ids:
        return {}
    return await links.remote_ids_of(tx, connection_id=sync.connection.id, objects=[sync.name], record_ids=record_ids)


async def _by_score(
    tx: Tx, sync: ObjectSync, fresh: Sequence[Incoming], matches: dict[str, Match], apart: Apart
) -> None:
    """Weigh all evidence against every record that shares a blocking key."""
    features = {i.remote_id: features_of(sync, i.values) for i in fresh}
    keys = {remote_id: keys_of(f) for remote_id, f in features.items()}
    by_key = await match_keys.sharing(
        tx, record_type=sync.record_type.root.name, keys=sorted({k for ks in keys.values() for k in ks})
    )
    stored = await records.load(tx, sync.record_type, sorted({r for ids in by_key.values() for r in ids}))
    known = {record_id: features_of(sync, record.values) for record_id, record in stored.items() if record.alive}
    taken = set(await _taken(tx, sync, list(known))) | {m.record_id for m in matches.values()}
    ids = new_ids(len(fresh))
    for incoming in fresh:
        mine = features[incoming.remote_id]
        near = {r for key in keys[incoming.remote_id] for r in by_key.get(key, ()) if r in known}
        near -= set(apart.get(incoming.remote_id, ()))
        choice = choose(
            mine, [Candidate(r, known[r], r in taken) for r in sorted(near)], weights=sync.connection.weights
        )
        match = _match_of(incoming, choice, ids)
        matches[incoming.remote_id] = match
        taken.add(match.record_id)
        known.setdefault(match.record_id, mine)
        for key in keys[incoming.remote_id]:
            by_key.setdefault(key, set()).add(match.record_id)


def _match_of(incoming: Incoming, choice: Choice[UUID], ids: Iterator[UUID]) -> Match:
    if choice.decision is Decision.LINK and choice.chosen is not None:
        return Match(incoming, choice.chosen, exists=True)
    match = Match(incoming, next(ids), exists=False)
    if choice.decision is Decision.REVIEW:
        elsewhere = any(not r.candidate.taken and r.verdict is not Verdict.FAMILY for r in choice.ranked)
        match.review = "ambiguous" if elsewhere and choice.reason is not Reason.TAKEN else "duplicate"
        # Two records of one system that merely look alike are listed; that alone holds nothing up.
        match.holds = elsewhere or choice.ranked[0].verdict is Verdict.SAME
        match.candidates = [
            {
                "record_id": str(ranked.candidate.id),
                "taken": ranked.candidate.taken,
                "verdict": ranked.verdict.value,
                "score": round(ranked.score.total, 2),
                "evidence": ranked.score.as_rows(),
            }
            for ranked in choice.ranked[:10]
        ]
    return match


async def _store_keys(tx: Tx, sync: ObjectSync, matches: Sequence[Match]) -> None:
    """A known record gains keys here; by which names it is found follows from what becomes of its own values."""
    await store_search_keys(
        tx, sync.record_type, [Version(m.record_id, 0 if m.exists else 1, m.incoming.values) for m in matches]
    )


def features_of(sync: ObjectSync, values: Values) -> Features:
    """What matching knows of a record of this object's type."""
    build = person_features if sync.record_type.root.name == "person" else organization_features
    return build(values)
