"""Match reviews: a person says whether two records are one, and the hub acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hub.db import audit, decisions, deliveries
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.services.hub_merges import merge_pair
from hub.services.refusals import Gone, NotFound, NotNow, invalid


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
    await decisions.close_reviews(tx, ids=[review_id], state="merged", by=actor)
    try:
        await merge_pair(
            tx,
            types[review.record_type],
            loser=review.record_id,
            survivor=survivor,
            actor=actor,
            review_id=review_id,
        )
    except Gone:
        raise NotNow("One of the two records is gone meanwhile; keep the review apart to close it.") from None
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


async def _audit(tx: Tx, actor: str, action: str, review: ReviewView, detail: Mapping[str, object]) -> None:
    await audit.note(
        tx, actor=actor, action=action, subject=str(review.record_id), detail={"review": review.id, **detail}
    )


def _view(row: Mapping[str, Any]) -> ReviewView:
    return ReviewView(**{name: row[name] for name in ReviewView.__dataclass_fields__})
