"""Drafts: kept and edited before they are handed in; nobody judges them and they claim nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.states import Action, Status
from hub.record.definition import RecordType
from hub.services.deals.desk import Desk
from hub.services.deals.fields import HUB_OWNED
from hub.services.deals.parts import stored_parts
from hub.services.deals.screening import screen
from hub.services.deals.submitting import Submission, refused, used
from hub.services.deals.working import Deal, put_back, put_back_all, step, take_out
from hub.services.matching import new_ids
from hub.services.records import refuse_dead_links
from hub.services.refusals import NotNow, invalid

REQUIRED = ("name", "partner")
"""Without these nothing can be judged; what else a programme wants is for its rules to ask."""


async def store_draft(tx: Tx, desk: Desk, types: Mapping[str, RecordType], *, sent: Submission, actor: str) -> UUID:
    """Keep what there is so far; it needs a name and a partner. Raises Invalid, Duplicate."""
    for refusal in (await refused(tx, [sent])).values():
        raise refusal
    record_type, registration_id = types["deal_registration"], next(new_ids(1))
    said = {"channel": "api", **sent.values, "review_status": "draft", "stage": "draft"}
    values = {**dict.fromkeys(record_type.fields), **said}
    review = ReviewRow(registration_id, timedelta(0), actor)
    draft = Deal(registration_id, values, review, parts=tuple(sent.rows()))
    await put_back_all(tx, desk, [draft], actors=[actor], record_type=record_type)
    return registration_id


async def edit_draft(tx: Tx, desk: Desk, *, registration_id: UUID, sent: Submission, actor: str) -> None:
    """Change fields, and add parties and proofs. Raises NotNow once it was handed in, Invalid, Duplicate."""
    deal = await take_out(tx, registration_id)
    if deal.status is not Status.DRAFT:
        raise NotNow(f"Only a draft can be edited; this one is {deal.status}: answer, amend or withdraw it.")
    for name in HUB_OWNED:
        if name in sent.values:
            raise invalid(name, "is written by the hub, not submitted")
    edited = replace(deal.with_values(**sent.values), parts=tuple(sent.rows()))
    reference, partner = edited.values["partner_reference"], edited.values["partner"]
    if reference and (reference, partner) != (deal.values["partner_reference"], deal.values["partner"]):
        for refusal in (await used(tx, {0: (partner, reference)})).values():
            raise refusal
    for record_type, row in sent.rows():
        await refuse_dead_links(tx, record_type, row)
    await put_back(tx, desk, edited, actor=actor)


async def submit_draft(tx: Tx, desk: Desk, *, registration_id: UUID, actor: str) -> None:
    """Hand it in: it is judged at once, like one that was never a draft. Raises NotNow."""
    deal = await take_out(tx, registration_id)
    now = await tx.now()
    missing = tuple(name for name in REQUIRED if not deal.values[name])
    given = Circumstances(now=now, actor=actor, missing=missing)
    deal = replace(deal, review=replace(deal.review, submitted_by=actor))
    deal = step(deal, Action.SUBMIT, given, calendar=desk.calendar).with_values(submitted_at=now)
    deal = step(deal, Action.SCREEN, replace(given, actor="hub"), calendar=desk.calendar)
    parts = await stored_parts(tx, [deal.id])
    [judged] = await screen(tx, desk, [(deal, parts[deal.id])], actors=[actor])
    await put_back(tx, desk, judged.deal, actor=actor)
