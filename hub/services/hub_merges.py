"""Two records of the hub become one: looked at beforehand, done with everything that hangs on them, and noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import (
    audit,
    changes,
    deal_reviews,
    decisions,
    deliveries,
    findings,
    match_decisions,
    merges,
    records,
    references,
    rereads,
)
from hub.db.changes import Change, Origin
from hub.db.findings import NewConflict
from hub.db.merges import MovedLink, MovedReference, Moves, StoredMerge
from hub.db.records import StoredRecord
from hub.db.references import Pointing
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import decode_json, encode_json
from hub.services.match_labels import note_decision
from hub.services.merging import Joined, join_records
from hub.services.refusals import Gone, NotFound, NotNow, invalid

RULE = "taken over from the record that was merged into this one"


@dataclass(frozen=True, slots=True)
class Place:
    """A remote record, and the other one of the same object where both records have one there."""

    connection: str
    object: str
    remote_id: str
    twin: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that both records have, differently. The survivor's stays; each system's policy, or a person, decides
    what the loser's systems then get."""

    field: str
    survivor: Any
    loser: Any


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do. `takes`: what the survivor would take over. `refusal`: why it cannot be done, or None."""

    record_type: str
    loser: UUID
    loser_name: str | None
    survivor: UUID
    survivor_name: str | None
    takes: dict[str, Any]
    differs: tuple[Difference, ...]
    links: tuple[Place, ...]
    twins: tuple[Place, ...]
    references: tuple[Pointing, ...]
    deliveries: int
    conflicts: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class MergeView:
    """A merge made in the hub, with how much of what went over."""

    id: int
    record_type: str
    loser: UUID
    survivor: UUID
    kind: Literal["merge", "link"]
    filled: tuple[str, ...]
    references: int
    links: int
    made_by: str
    made_at: datetime
    undone_by: str | None
    undone_at: datetime | None


async def preview_merge(tx: Tx, record_type: RecordType, *, loser: UUID, survivor: UUID) -> MergePreview:
    """Look before merging; nothing is stored. Raises NotFound, Gone, Invalid."""
    gone, stays = await _pair(tx, record_type, loser, survivor)
    mine, theirs = await decisions.live_links(tx, loser), await decisions.live_links(tx, survivor)
    twins = _twins(mine, theirs)
    taken = _taken(stays, gone)
    waiting, in_conflict = await merges.waiting(tx, record_id=loser)
    title = record_type.title
    return MergePreview(
        record_type=record_type.name,
        loser=loser,
        loser_name=_text_of(gone.values[title]),
        survivor=survivor,
        survivor_name=_text_of(stays.values[title]),
        takes=_json(taken),
        differs=_differences(stays, gone),
        links=tuple(Place(r["connection"], r["object"], r["remote_id"]) for r in mine if not _has(twins, r)),
        twins=twins,
        references=tuple(await references.pointing_to(tx, record_type, loser=loser, survivor=survivor)),
        deliveries=waiting,
        conflicts=in_conflict,
        refusal=_refusal(twins),
    )


async def merge_pair(
    tx: Tx,
    record_type: RecordType,
    *,
    loser: UUID,
    survivor: UUID,
    actor: str,
    kind: Literal["merge", "link"] = "merge",
    review_id: int | None = None,
) -> MergeView:
    """Let `loser` live on in `survivor`, with its links and all that refers to it; `unmerge` undoes it.

    The survivor keeps its values and takes over what it lacks; where both have a value and differ, the systems'
    policies decide at the next read, and what they leave open becomes a conflict: no value is lost. A merge of the
    kind `link` takes over nothing: the loser was only made to hold a remote record, which now meets the survivor as
    if for the first time. Raises NotFound, Gone, Invalid, and NotNow where one system holds both: only that system
    can merge its own records.
    """
    gone, stays = await _pair(tx, record_type, loser, survivor, lock=True)
    links = await merges.links_of(tx, loser)
    live = await decisions.live_links(tx, loser)
    if refusal := _refusal(_twins(live, await decisions.live_links(tx, survivor))):
        raise NotNow(refusal)
    await note_decision(
        tx, record_type, decision="same", record_id=loser, others=[survivor], actor=actor, review_id=review_id
    )
    taken = _taken(stays, gone) if kind == "merge" else {}
    await _fill(tx, record_type, stays, taken, actor)
    origin = Origin(actor=actor)
    joined = await join_records(tx, record_type, loser=loser, survivor=survivor, origin=origin, merged_in="the hub")
    for link in live:
        await _meet(tx, record_type, link, survivor, {**stays.values, **taken}, anew=kind == "link")
    await deliveries.wake_record(tx, record_id=survivor)
    moves = await _moves(tx, joined, links, taken, stays.version + 1)
    now = (await records.load(tx, record_type, [survivor]))[survivor]
    merge_id = await merges.add(
        tx,
        record_type=record_type.name,
        loser=loser,
        survivor=survivor,
        survivor_version=now.version,
        kind=kind,
        review_id=review_id,
        moves=moves,
        by=actor,
    )
    await match_decisions.between(tx, one=loser, other=survivor, merge_id=merge_id)
    detail = {"merge": merge_id, "into": str(survivor), "references": len(joined.moved), "links": len(moves.links)}
    await audit.note(tx, actor=actor, action="records_merged", subject=str(loser), detail=detail)
    return next(view for view in await list_merges(tx, record_id=loser) if view.id == merge_id)


async def list_merges(tx: Tx, *, record_id: UUID) -> list[MergeView]:
    """Merges made in the hub in which a record was the loser or the survivor, the newest first."""
    return [view_of(merge) for merge in await merges.of_record(tx, record_id)]


def view_of(merge: StoredMerge) -> MergeView:
    return MergeView(
        id=merge.id,
        record_type=merge.record_type,
        loser=merge.loser,
        survivor=merge.survivor,
        kind=merge.kind,
        filled=tuple(merge.moves.filled),
        references=len(merge.moves.references),
        links=len(merge.moves.links),
        made_by=merge.made_by,
        made_at=merge.made_at,
        undone_by=merge.undone_by,
        undone_at=merge.undone_at,
    )


async def _pair(
    tx: Tx, record_type: RecordType, loser: UUID, survivor: UUID, *, lock: bool = False
) -> tuple[StoredRecord, StoredRecord]:
    if loser == survivor:
        raise invalid("survivor", "must be another record than the one that is merged into it")
    if record_type.name == "deal_registration" and await deal_reviews.load(tx, [loser, survivor]):
        raise NotNow("Registrations are merged with their review: use /api/v1/deal-registrations/ID/merge.")
    both = await records.load(tx, record_type, [loser, survivor], lock=lock)
    for record_id in (loser, survivor):
        if record_id not in both:
            raise NotFound(f"There is no {record_type.name} {record_id}.")
        if not both[record_id].alive:
            into = both[record_id].merged_into
            how = f"was merged into {into}" if into else "was deleted"
            raise Gone(f"The {record_type.name} {record_id} {how}.", merged_into=str(into) if into else None)
    return both[loser], both[survivor]


def _twins(mine: Sequence[DictRow], theirs: Sequence[DictRow]) -> tuple[Place, ...]:
    there = {(r["connection_id"], r["object"]): r["remote_id"] for r in theirs}
    return tuple(
        Place(r["connection"], r["object"], r["remote_id"], there[r["connection_id"], r["object"]])
        for r in mine
        if (r["connection_id"], r["object"]) in there
    )


def _has(twins: Sequence[Place], row: DictRow) -> bool:
    return (row["connection"], row["object"]) in {(t.connection, t.object) for t in twins}


def _refusal(twins: Sequence[Place]) -> str | None:
    if not twins:
        return None
    first = twins[0]
    return (
        f"{first.connection} has a {first.object} for each of the two ({first.remote_id} and {first.twin}): merge them"
        " there, and the hub follows; or keep them apart."
    )


def _taken(survivor: StoredRecord, loser: StoredRecord) -> dict[str, Value]:
    return {
        name: value
        for name, value in loser.values.items()
        if value is not None and survivor.values[name] is None and value not in (survivor.id, loser.id)
    }


def _differences(survivor: StoredRecord, loser: StoredRecord) -> tuple[Difference, ...]:
    ours, theirs = _json(survivor.values), _json(loser.values)
    return tuple(
        Difference(name, ours[name], theirs[name])
        for name, value in loser.values.items()
        if value is not None and survivor.values[name] not in (None, value)
    )


async def _fill(
    tx: Tx, record_type: RecordType, survivor: StoredRecord, taken: Mapping[str, Value], actor: str
) -> None:
    if not taken:
        return
    await records.update(tx, record_type, [(survivor.id, {**survivor.values, **taken})])
    log = Change(
        record_id=survivor.id,
        record_type=record_type.name,
        version=survivor.version + 1,
        op="update",
        old=encode_values(dict.fromkeys(taken)),
        new=encode_values(taken),
        rules=encode_json(dict.fromkeys(taken, RULE)),
    )
    await changes.append(tx, origin=Origin(actor=actor), changes=[log])


async def _meet(tx: Tx, record_type: RecordType, link: DictRow, survivor: UUID, merged: Values, *, anew: bool) -> None:
    """Where the link's system and the survivor differ they meet as if for the first time, held back until read.

    `anew`: everywhere, as if the remote record had just been matched.
    """
    shadow = decode_values(record_type, link["shadow"])
    differing = [name for name, value in shadow.items() if value is not None and merged.get(name) not in (None, value)]
    place = {"connection_id": link["connection_id"], "object_name": link["object"]}
    forgotten = list(shadow) if anew else differing
    await decisions.forget_agreement(tx, **place, remote_id=link["remote_id"], fields=forgotten)
    conflicts = [
        NewConflict(
            link["remote_id"], survivor, name, "null", _text(merged[name]), _text(shadow[name]), "two records merged"
        )
        for name in differing
    ]
    await findings.raise_conflicts(tx, **place, record_type=record_type.name, run_id=None, conflicts=conflicts)
    await rereads.ask(
        tx,
        connection_id=link["connection_id"],
        keys=[(link["object"], link["remote_id"])],
        reason="records were merged",
    )


async def _moves(tx: Tx, joined: Joined, links: Sequence[DictRow], taken: Mapping[str, Value], filled_in: int) -> Moves:
    after = {_key(row): row["shadow"] for row in await merges.links_of(tx, joined.survivor)}
    return Moves(
        filled=_json(taken),
        filled_in=filled_in,
        references=[MovedReference(m.record_type, m.record_id, m.version, m.field, m.to) for m in joined.moved],
        links=[MovedLink(*_key(row), row["shadow"], after[_key(row)]) for row in links if _key(row) in after],
        conflicts=joined.conflicts,
        reviews=joined.reviews,
    )


def _key(row: DictRow) -> tuple[int, str, str]:
    return row["connection_id"], row["object"], row["remote_id"]


def _json(values: Values) -> dict[str, Any]:
    decoded: dict[str, Any] = decode_json(encode_values(values))
    return decoded


def _text(value: Value) -> str:
    return encode_json(value).decode()


def _text_of(value: Value) -> str | None:
    return None if value is None else str(value)
