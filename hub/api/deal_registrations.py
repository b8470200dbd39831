"""Deal registrations: submitted once, screened at once, decided, changed and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Body, Header, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, Admin, Door, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, Limit, Page, decode_cursor, page_of
from hub.domain.deals.states import Status
from hub.services.custom_fields import record_types
from hub.services.deals import changing, deciding, drafting, merging, reviewing, submitting
from hub.services.deals.merging import DealMergePreview, DealsUnmerged
from hub.services.deals.receiving import Handed, Sent, read_evidence, read_submission
from hub.services.deals.reviewing import look_again_soon
from hub.services.deals.viewing import (
    ArrivalView,
    Event,
    PartnerView,
    Queued,
    RegistrationView,
    list_arrivals,
    list_queue,
    partner_view,
    registration_view,
)
from hub.services.deals.viewing import events as events_of
from hub.services.waking import wake_outbound

router = APIRouter(prefix=f"{V1}/deal-registrations", tags=["deal registrations"])

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="A text of your own for this submission: sent again with the same body, it gets the same answer.",
    ),
]
Note = Annotated[str | None, Body(embed=True, max_length=2000, description="For the other people who decide.")]


class _Position(msgspec.Struct, array_like=True):
    position: datetime
    id: UUID


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Question(_Sent):
    """What the partner is asked for: fields of the registration, parties, evidence, or evidence:KIND."""

    fields: list[str] = Field(min_length=1, max_length=50)
    note: str | None = Field(None, max_length=2000)


class Approval(_Sent):
    """`teaming`: our sellers and the partner work on it together."""

    teaming: bool = False
    note: str | None = Field(None, max_length=2000)


class Reason(_Sent):
    """Why; the text is compulsory with the code other, and the partner reads it."""

    reason_code: str = Field(max_length=64)
    text: str | None = Field(None, max_length=2000)


class Amendment(_Sent):
    """The fields that change."""

    fields: dict[str, Any] = Field(min_length=1)
    note: str | None = Field(None, max_length=2000)


class Appeal(_Sent):
    """Why the decision was wrong, and the proof that was not there before: rows of deal_evidence without their deal."""

    text: str = Field(min_length=1, max_length=2000)
    evidence: list[dict[str, Any]] = Field(min_length=1, max_length=50)


class MergeInto(_Sent):
    """`into`: the earlier registration. `take`: fields that only this one has and that the other one takes over."""

    into: UUID
    take: list[str] = Field(default=[], max_length=50)


@router.post("", status_code=201, response_model=RegistrationView, summary="Submit a registration to be judged")
async def submit(who: Operator, door: DoorOf, sent: Sent, key: Key) -> Response:
    """201 for a new registration; 200 with the same answer when this key was sent with the same body before."""
    answer = await door.submissions.submit(Handed(sent, key, who.actor))
    headers = {"Location": f"{V1}/deal-registrations/{answer.registration_id}"}
    return Response(answer.json, 201 if answer.new else 200, headers, media_type="application/json")


@router.post("/drafts", status_code=201, summary="Keep a draft; nobody judges it before it is submitted")
async def draft(who: Operator, door: DoorOf, sent: Sent) -> RegistrationView:
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        submission = read_submission(types, sent)
        registration_id = await drafting.store_draft(tx, door.app.desk, types, sent=submission, actor=who.actor)
        await wake_outbound(tx, door.queue)
        return await registration_view(tx, registration_id)


@router.get("", summary="List what waits for a person, or what is in one status; what is due first comes first")
async def list_all(
    _: Viewer, door: DoorOf, status: Status | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[Queued]:
    after = decode_cursor(cursor, _Position)
    async with door.app.db.transaction() as tx:
        found = await list_queue(
            tx, status=status, after=(after.position, after.id) if after else None, limit=limit + 1
        )
    return page_of(found, limit=limit, position=lambda queued: _Position(queued.position, queued.id))


@router.get("/arrivals", summary="List what came in by systems or as records and waits to be judged")
async def arrivals(_: Viewer, door: DoorOf, limit: Limit = 100) -> list[ArrivalView]:
    """Those that could not be judged come first, and say why; editing them in their system has them tried again."""
    async with door.app.db.transaction() as tx:
        return await list_arrivals(tx, limit=limit)


@router.get("/{registration_id}", summary="Show a registration with the outcome of every rule that spoke")
async def show(
    _: Viewer, door: DoorOf, registration_id: UUID, audience: Literal["internal", "partner"] = "internal"
) -> RegistrationView | PartnerView:
    """For the audience partner only what its own partner may read."""
    async with door.app.db.transaction() as tx:
        if audience == "partner":
            return await partner_view(tx, registration_id)
        return await registration_view(tx, registration_id)


@router.get("/{registration_id}/events", summary="Everything that happened to a registration, oldest first")
async def events(_: Viewer, door: DoorOf, registration_id: UUID) -> list[Event]:
    async with door.app.db.transaction() as tx:
        return await events_of(tx, registration_id)


@router.patch("/{registration_id}", summary="Edit a draft: fields change, parties and evidence are added")
async def edit(who: Operator, door: DoorOf, registration_id: UUID, body: Sent) -> RegistrationView:
    async with _change(door, registration_id) as change:
        sent = read_submission(await record_types(change.tx), body)
        await drafting.edit_draft(**change.place, sent=sent, actor=who.actor)
    return change.view


@router.post("/{registration_id}/submit", summary="Submit a draft to be judged")
async def submit_draft(who: Operator, door: DoorOf, registration_id: UUID) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await drafting.submit_draft(**change.place, actor=who.actor)
    return change.view


@router.post("/{registration_id}/review", summary="Judge what waits for a person again, by the facts of now")
async def review(who: Operator, door: DoorOf, registration_id: UUID, note: Note = None) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await reviewing.review(**change.place, actor=who.actor, note=note)
    return change.view


@router.post("/{registration_id}/ask", summary="Ask the partner for more: the deadline stands still")
async def ask(who: Operator, door: DoorOf, registration_id: UUID, body: Question) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await submitting.ask_info(**change.place, fields=body.fields, note=body.note, actor=who.actor)
    return change.view


@router.post("/{registration_id}/answer", summary="Answer what was asked for: only those fields can be sent")
async def answer(who: Operator, door: DoorOf, registration_id: UUID, body: Sent) -> RegistrationView:
    async with _change(door, registration_id) as change:
        sent = read_submission(await record_types(change.tx), body)
        await submitting.answer_info(**change.place, sent=sent, actor=who.actor)
    return change.view


@router.post("/{registration_id}/approve", summary="Approve, or give the first of two approvals")
async def approve(who: Operator, door: DoorOf, registration_id: UUID, body: Approval | None = None) -> RegistrationView:
    said = body or Approval(note=None)
    async with _change(door, registration_id) as change:
        await deciding.approve(**change.place, teaming=said.teaming, note=said.note, actor=who.actor)
    return change.view


@router.post("/{registration_id}/reject", summary="Reject with a reason code")
async def reject(who: Operator, door: DoorOf, registration_id: UUID, body: Reason) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await deciding.reject(**change.place, reason_code=body.reason_code, text=body.text, actor=who.actor)
    return change.view


@router.post("/{registration_id}/revoke", summary="Take an approval back, with a reason code")
async def revoke(who: Admin, door: DoorOf, registration_id: UUID, body: Reason) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await deciding.revoke(**change.place, reason_code=body.reason_code, text=body.text, actor=who.actor)
    return change.view


@router.post("/{registration_id}/extend", summary="Prolong the protection before it ends")
async def extend(who: Operator, door: DoorOf, registration_id: UUID, note: Note = None) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await changing.extend(**change.place, note=note, actor=who.actor)
    return change.view


@router.post("/{registration_id}/amend", summary="Change a protected registration; a conflict puts it under review")
async def amend(who: Operator, door: DoorOf, registration_id: UUID, body: Amendment) -> RegistrationView:
    async with _change(door, registration_id) as change:
        sent = read_submission(await record_types(change.tx), Sent(fields=body.fields))
        await changing.amend(**change.place, values=sent.values, note=body.note, actor=who.actor)
    return change.view


@router.post("/{registration_id}/appeal", summary="Appeal once, with new evidence")
async def appeal(who: Operator, door: DoorOf, registration_id: UUID, body: Appeal) -> RegistrationView:
    async with _change(door, registration_id) as change:
        evidence = read_evidence(await record_types(change.tx), body.evidence)
        await changing.appeal(**change.place, evidence=evidence, text=body.text, actor=who.actor)
    return change.view


@router.get("/{registration_id}/merge-preview", summary="What merging it into an earlier one of its partner would do")
async def merge_preview(
    _: Viewer, door: DoorOf, registration_id: UUID, into: Annotated[UUID, Query(description="The earlier one.")]
) -> DealMergePreview:
    async with door.app.db.transaction() as tx:
        return await merging.preview_merge(tx, registration_id=registration_id, into=into)


@router.post("/{registration_id}/merge", summary="Merge it into an earlier registration of the same partner")
async def merge(who: Operator, door: DoorOf, registration_id: UUID, body: MergeInto) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await merging.merge(**change.place, into=body.into, take=body.take, actor=who.actor)
    return change.view


@router.post("/{registration_id}/unmerge", summary="Undo a merge: it is judged again, with its old place")
async def unmerge(who: Operator, door: DoorOf, registration_id: UUID) -> DealsUnmerged:
    async with _change(door, registration_id) as change:
        return await merging.unmerge(**change.place, actor=who.actor)


@router.post("/{registration_id}/{how}", summary="Withdraw it, or say that the deal is won or lost")
async def end(
    who: Operator, door: DoorOf, registration_id: UUID, how: Literal["withdraw", "win", "lose"], note: Note = None
) -> RegistrationView:
    async with _change(door, registration_id) as change:
        await changing.end(**change.place, how=how, note=note, actor=who.actor)
    return change.view


class _Change:
    """Where a change is made, and what it came to."""

    def __init__(self, place: dict[str, Any]) -> None:
        self.place = place
        self.tx = place["tx"]
        self.view: RegistrationView


@asynccontextmanager
async def _change(door: Door, registration_id: UUID) -> AsyncIterator[_Change]:
    """One transaction; afterwards the other systems hear of it, and who waited for it is looked at again."""
    async with door.app.db.transaction() as tx:
        change = _Change({"tx": tx, "desk": door.app.desk, "registration_id": registration_id})
        yield change
        change.view = await registration_view(tx, registration_id)
        await wake_outbound(tx, door.queue)
    await look_again_soon(door.app.db, door.app.desk)
