"""Match reviews: a person says whether two records are one, and the hub acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import audit, changes, decisions, deliveries, findings, records, rereads
from hub.db.changes import Change, Origin
from hub.db.findings import NewConflict
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, encode_values
from hub.sdk.http import encode_json
from hub.services.merging import join_records
from hub.services.refusals import NotFound, NotNow, invalid

RULE = "taken over from the record that was merged into this one"


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A record that may be one of `candidates`; each candidate carries its evidence, feature by feature.

    `ambiguous`: candidates known from other systems. `duplicate`: the same system has both.
    """

    id: int
    connection: str
    system: str
    object: str
    remote_id: str
    record_type: str
    record_id: UUID
    kind: Literal["ambiguous", "duplicate"]
    candidates: list[dict[str, Any]]
    state: str
    decided_by: str | None
    created_at: datetime


async def list_reviews(
    tx: Tx,
    *,
    state: Literal["open", "merged", "apart"] = "open",
    connection_id: int | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[ReviewView]:
    rows = await decisions.reviews(tx, state=state, connection_id=connection_id, after=after, limit=limit)
    return [_view(row) for row in rows]


async def get_review(tx: Tx, *, review_id: int) -> ReviewView:
    row = await decisions.review(tx, review_id)
    if row is None:
        raise NotFound(f"There is no match review {review_id}.")
    return _view(row)


async def keep_apart(tx: Tx, *, review_id: int, actor: str) -> ReviewView:
    """They are two. From now on the record is delivered like any other."""
    review = await _take(tx, review_id)
    await decisions.close_reviews(tx, ids=[review_id], state="apart", by=actor)
    await deliveries.wake_record(tx, record_id=review.record_id)
    others = [c["record_id"] for c in review.candidates]
    await _audit(tx, actor, "match_kept_apart", review, {"candidates": others})
    return await get_review(tx, review_id=review_id)


async def merge_review(
    tx: Tx, types: Mapping[str, RecordType], *, review_id: int, into: UUID | None, actor: str
) -> ReviewView:
    """They are one: the record lives on in the candidate `into` (needed only where there are several).

    The survivor keeps its values and takes over what it lacks; where both have a value and differ, the systems'
    policies decide at the next read, and what they leave open becomes a conflict: no value is lost. Raises NotNow
    where one system holds both: only that system can merge its own records.
    """
    review = await _take(tx, review_id)
    survivor = _survivor(review, into)
    record_type = types[review.record_type]
    both = await records.load(tx, record_type, [review.record_id, survivor], lock=True)
    if len(both) < 2 or not all(record.alive for record in both.values()):
        raise NotNow("One of the two records is gone meanwhile; keep the review apart to close it.")
    await _refuse_twins(tx, review.record_id, survivor)
    await decisions.close_reviews(tx, ids=[review_id], state="merged", by=actor)
    merged = await _fill(tx, record_type, both[survivor], both[review.record_id], actor)
    moved = await decisions.live_links(tx, review.record_id)
    joined = await join_records(
        tx, record_type, loser=review.record_id, survivor=survivor, origin=Origin(actor=actor), merged_in="the hub"
    )
    for link in moved:
        await _meet(tx, record_type, link, survivor, merged)
    await deliveries.wake_record(tx, record_id=survivor)
    await _audit(tx, actor, "records_merged", review, {"into": str(survivor), "references": len(joined.moved)})
    return await get_review(tx, review_id=review_id)


async def _take(tx: Tx, review_id: int) -> ReviewView:
    """The review, held until the transaction ends, if it is still open."""
    row = await decisions.review(tx, review_id, lock=True)
    if row is None:
        raise NotFound(f"There is no match review {review_id}.")
    if row["state"] != "open":
        raise NotNow(f"Match review {review_id} was decided by {row['decided_by']} already.")
    return _view(row)


def _survivor(review: ReviewView, into: UUID | None) -> UUID:
    candidates = [UUID(c["record_id"]) for c in review.candidates]
    if into is None and len(candidates) == 1:
        return candidates[0]
    if into is None:
        raise invalid("into", f"say which: there are {len(candidates)} candidates")
    if into not in candidates:
        raise invalid("into", "is none of the review's candidates")
    return into


async def _refuse_twins(tx: Tx, loser: UUID, survivor: UUID) -> None:
    theirs = {(link["connection_id"], link["object"]) for link in await decisions.live_links(tx, survivor)}
    for link in await decisions.live_links(tx, loser):
        if (link["connection_id"], link["object"]) in theirs:
            raise NotNow(
                f"{link['connection']} has a {link['object']} for each of the two ({link['remote_id']} is one): merge"
                " them there, and the hub follows; or keep them apart."
            )


async def _fill(
    tx: Tx, record_type: RecordType, survivor: StoredRecord, loser: StoredRecord, actor: str
) -> dict[str, Value]:
    """The survivor takes over what it lacks; returns its values."""
    taken = {
        name: value
        for name, value in loser.values.items()
        if value is not None and survivor.values[name] is None and value != survivor.id
    }
    merged = {**survivor.values, **taken}
    if taken:
        await records.update(tx, record_type, [(survivor.id, merged)])
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
    return merged


async def _meet(tx: Tx, record_type: RecordType, link: DictRow, survivor: UUID, merged: Mapping[str, Value]) -> None:
    """Where the link's system and the survivor differ they meet as if for the first time, held back until read."""
    shadow = decode_values(record_type, link["shadow"])
    differing = [name for name, value in shadow.items() if value is not None and merged.get(name) not in (None, value)]
    place = {"connection_id": link["connection_id"], "object_name": link["object"]}
    await decisions.forget_agreement(tx, **place, remote_id=link["remote_id"], fields=differing)
    conflicts = [
        NewConflict(
            link["remote_id"], survivor, name, "null", _json(merged[name]), _json(shadow[name]), "two records merged"
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


async def _audit(tx: Tx, actor: str, action: str, review: ReviewView, detail: Mapping[str, object]) -> None:
    await audit.note(
        tx, actor=actor, action=action, subject=str(review.record_id), detail={"review": review.id, **detail}
    )


def _json(value: Value) -> str:
    return encode_json(value).decode()


def _view(row: Mapping[str, Any]) -> ReviewView:
    return ReviewView(**{name: row[name] for name in ReviewView.__dataclass_fields__})
