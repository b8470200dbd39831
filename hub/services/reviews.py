"""Match reviews: a person says whether two records are one, and the hub acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hub.db import audit, changes, decisions, deliveries, merges, records, references
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.services.hub_merges import merge_pair
from hub.services.match_labels import note_decision
from hub.services.refusals import Gone, NotFound, NotNow, invalid
from hub.services.splitting import split_merge


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


async def keep_apart(tx: Tx, types: Mapping[str, RecordType], *, review_id: int, actor: str) -> ReviewView:
    """They are two, for good: the same pair is not asked about again. The record is delivered like any other now."""
    review = await _take(tx, review_id)
    others = [UUID(c["record_id"]) for c in review.candidates]
    await decisions.close_reviews(tx, ids=[review_id], state="apart", by=actor)
    await note_decision(
        tx,
        types[review.record_type],
        decision="apart",
        record_id=review.record_id,
        others=others,
        actor=actor,
        review_id=review_id,
    )
    for record_id in (review.record_id, *others):
        await deliveries.wake_record(tx, record_id=record_id)
    await _audit(tx, actor, "match_kept_apart", review, {"candidates": [str(other) for other in others]})
    return await get_review(tx, review_id=review_id)


async def merge_review(
    tx: Tx, types: Mapping[str, RecordType], *, review_id: int, into: UUID | None, actor: str
) -> ReviewView:
    """They are one: the record lives on in the candidate `into` (needed only where there are several).

    See `merge_pair`. Raises NotFound, Invalid, and NotNow also where one system holds both.
    """
    return await _join(tx, types, review_id, into, actor, "merge")


async def link_review(
    tx: Tx, types: Mapping[str, RecordType], *, review_id: int, into: UUID | None, actor: str
) -> ReviewView:
    """The remote record is the candidate: it is linked to it, and the record that only held it goes.

    Nothing is taken over; both meet as if they had been matched at once, by the mapping's policies. Raises NotFound,
    Invalid, and NotNow where the record has become more than a stand-in (then merge), or one system holds both.
    """
    return await _join(tx, types, review_id, into, actor, "link")


async def split_review(tx: Tx, types: Mapping[str, RecordType], *, review_id: int, actor: str) -> ReviewView:
    """Undo the merge or link that a review was decided for; the two are apart from now on. Raises NotFound, NotNow."""
    review = await get_review(tx, review_id=review_id)
    merge = await merges.standing(tx, loser=review.record_id)
    if review.state != "merged" or merge is None or merge.review_id != review_id:
        raise NotNow(f"Nothing was merged or linked by match review {review_id} that could be taken apart.")
    left = await split_merge(tx, types[review.record_type], loser=review.record_id, actor=actor)
    await _audit(tx, actor, "match_split", review, {"left_alone": list(left)})
    return await get_review(tx, review_id=review_id)


async def _join(
    tx: Tx,
    types: Mapping[str, RecordType],
    review_id: int,
    into: UUID | None,
    actor: str,
    kind: Literal["merge", "link"],
) -> ReviewView:
    review = await _take(tx, review_id)
    record_type = types[review.record_type]
    survivor = _survivor(review, into)
    survivor = (await records.whereabouts(tx, record_type, [survivor])).get(survivor, survivor)
    if kind == "link":
        await _refuse_more_than_a_stand_in(tx, record_type, review, survivor)
    await decisions.close_reviews(tx, ids=[review_id], state="merged", by=actor)
    try:
        await merge_pair(
            tx, record_type, loser=review.record_id, survivor=survivor, actor=actor, kind=kind, review_id=review_id
        )
    except Gone:
        raise NotNow("One of the two records is gone meanwhile; keep the review apart to close it.") from None
    for candidate in review.candidates:
        await deliveries.wake_record(tx, record_id=UUID(candidate["record_id"]))
    return await get_review(tx, review_id=review_id)


async def _refuse_more_than_a_stand_in(tx: Tx, record_type: RecordType, review: ReviewView, survivor: UUID) -> None:
    links = await merges.links_of(tx, review.record_id)
    referring = await references.pointing_to(tx, record_type, loser=review.record_id, survivor=survivor)
    history = await changes.history(tx, record_id=review.record_id)
    others = [change for change in history if change["connection"] != review.connection]
    if len(links) > 1 or referring or others:
        raise NotNow("The record has become more than a stand-in for the remote one: merge the two instead.")


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


async def _audit(tx: Tx, actor: str, action: str, review: ReviewView, detail: Mapping[str, object]) -> None:
    await audit.note(
        tx, actor=actor, action=action, subject=str(review.record_id), detail={"review": review.id, **detail}
    )


def _view(row: Mapping[str, Any]) -> ReviewView:
    return ReviewView(**{name: row[name] for name in ReviewView.__dataclass_fields__})
