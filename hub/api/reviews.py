"""Match reviews: are these two records one?"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.services import reviews
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.reviews import ReviewView
from hub.services.waking import wake_outbound

router = APIRouter(prefix=f"{V1}/match-reviews", tags=["match reviews"])


class Merge(BaseModel):
    """`into`: the candidate in which the record lives on; may be left out where there is one."""

    model_config = ConfigDict(extra="forbid")

    into: UUID | None = None


@router.get("", summary="List match reviews, oldest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    state: Literal["open", "merged", "apart"] = "open",
    connection: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ReviewView]:
    after = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await reviews.list_reviews(tx, state=state, connection_id=connection_id, after=after, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda review: review.id)


@router.get("/{review_id}", summary="Show a match review with its evidence")
async def show(_: Viewer, door: DoorOf, review_id: IdPath) -> ReviewView:
    async with door.app.db.transaction() as tx:
        return await reviews.get_review(tx, review_id=review_id)


@router.post("/{review_id}/merge", summary="They are one")
async def merge(who: Operator, door: DoorOf, review_id: IdPath, body: Merge | None = None) -> ReviewView:
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        decided = await reviews.merge_review(
            tx, types, review_id=review_id, into=body.into if body else None, actor=who.actor
        )
        await wake_outbound(tx, door.queue, rereads=True)
    return decided


@router.post("/{review_id}/link", summary="The remote record is the candidate")
async def link(who: Operator, door: DoorOf, review_id: IdPath, body: Merge | None = None) -> ReviewView:
    """Links it without a merge of values, as if it had been matched at once."""
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        decided = await reviews.link_review(
            tx, types, review_id=review_id, into=body.into if body else None, actor=who.actor
        )
        await wake_outbound(tx, door.queue, rereads=True)
    return decided


@router.post("/{review_id}/split", summary="They are two after all: undo the merge or link")
async def split(who: Operator, door: DoorOf, review_id: IdPath) -> ReviewView:
    async with door.app.db.transaction() as tx:
        decided = await reviews.split_review(tx, await record_types(tx), review_id=review_id, actor=who.actor)
        await wake_outbound(tx, door.queue, rereads=True)
    return decided


@router.post("/{review_id}/keep-apart", summary="They are two")
async def keep_apart(who: Operator, door: DoorOf, review_id: IdPath) -> ReviewView:
    """The same pair is not asked about again."""
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        decided = await reviews.keep_apart(tx, types, review_id=review_id, actor=who.actor)
        await wake_outbound(tx, door.queue)
    return decided
