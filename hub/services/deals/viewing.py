"""A registration as it is shown: to those who decide with everything, to the partner with what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.db import deal_arrivals, deal_reviews, merges, records
from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.outcomes import Decision
from hub.domain.deals.states import Status, SyncState, actions_in
from hub.record.deals import DEAL_REGISTRATION
from hub.services.deals.copying import Copy, copies_of, overall
from hub.services.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a registration."""

    kind: str
    happened_at: datetime
    actor: str | None
    from_status: str | None
    to_status: str | None
    reason_code: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class PartnerView:
    """What the partner may see: its own registration, what is asked, and texts that tell of nobody else."""

    id: UUID
    name: str
    review_status: str
    stage: str | None
    submitted_at: datetime | None
    due_at: datetime | None
    protection_ends: date | None
    rejection_code: str | None
    rejection_reason: str | None
    asked: tuple[str, ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """All of it. `outcomes` are those of the last decision, the gravest first; `actions` what its status allows.

    A draft was not judged: it has no policy and no verdict.
    """

    id: UUID
    name: str
    partner: UUID | None
    review_status: str
    stage: str | None
    sync_state: SyncState
    copies: tuple[Copy, ...]
    place: int | None
    submitted_at: datetime | None
    complete_at: datetime | None
    eligible_at: datetime | None
    decided_at: datetime | None
    due_at: datetime | None
    protection_ends: date | None
    rejection_code: str | None
    rejection_reason: str | None
    asked: tuple[str, ...]
    approved_by: tuple[str, ...]
    approvals: int
    frozen_by: tuple[UUID, ...]
    extensions: int
    appeals: int
    merged_into: UUID | None
    policy: str | None
    verdict: str | None
    outcomes: tuple[dict[str, Any], ...]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queued:
    """A registration in a list; `position` is where the list goes on."""

    id: UUID
    name: str
    partner: UUID | None
    partner_name: str | None
    customer_name: str | None
    review_status: str
    due_at: datetime | None
    place: int | None
    approved_by: tuple[str, ...]
    position: datetime


@dataclass(frozen=True, slots=True)
class ArrivalView:
    """A registration that came in and is not judged yet; `problem` says why it could not be."""

    id: UUID
    name: str
    stage: str | None
    connection: str | None
    actor: str
    at: datetime
    problem: str | None


WAITING = (Status.CONFLICT_REVIEW, Status.PENDING_APPROVAL, Status.APPEALED)
"""What waits for a person of ours."""


async def list_queue(tx: Tx, *, status: Status | None, after: tuple[datetime, UUID] | None, limit: int) -> list[Queued]:
    """What waits for a person, or what is in one status; what is due first comes first."""
    statuses = [status] if status else list(WAITING)
    rows = await deal_reviews.queue(tx, statuses=statuses, after=after, limit=limit)
    return [Queued(**{**row, "approved_by": tuple(row["approved_by"])}) for row in rows]


async def list_arrivals(tx: Tx, *, limit: int) -> list[ArrivalView]:
    """What came in by systems or as records and waits to be judged, those with a problem first."""
    return [ArrivalView(**row) for row in await deal_arrivals.waiting(tx, limit=limit)]


async def registration_view(tx: Tx, registration_id: UUID) -> RegistrationView:
    """Raises NotFound."""
    values, review, decision = await _load(tx, registration_id)
    frozen_by = await deal_reviews.frozen_by(tx, registration_id)
    copies = await copies_of(tx, registration_id)
    into = await _merged_into(tx, registration_id) if values["review_status"] == Status.MERGED else None
    return view_of(registration_id, values, review, decision, frozen_by=frozen_by, copies=copies, merged_into=into)


def view_of(
    registration_id: UUID,
    values: Mapping[str, Any],
    review: ReviewRow,
    decision: Decision | None,
    *,
    frozen_by: tuple[UUID, ...],
    copies: tuple[Copy, ...] = (),
    merged_into: UUID | None = None,
) -> RegistrationView:
    """Of a registration that is at hand; a new one has no copies."""
    return RegistrationView(
        id=registration_id,
        name=values["name"],
        partner=values["partner"],
        review_status=values["review_status"],
        stage=values["stage"],
        sync_state=overall(copies),
        copies=copies,
        place=review.place,
        submitted_at=values["submitted_at"],
        complete_at=values["complete_at"],
        eligible_at=values["eligible_at"],
        decided_at=values["decided_at"],
        due_at=review.due_at,
        protection_ends=values["protection_ends"],
        rejection_code=values["rejection_code"],
        rejection_reason=values["rejection_reason"],
        asked=review.asked,
        approved_by=review.approved_by,
        approvals=decision.approvals if decision else 1,
        frozen_by=frozen_by,
        extensions=review.extensions,
        appeals=review.appeals,
        merged_into=merged_into,
        policy=decision.edition if decision else None,
        verdict=decision.verdict if decision else None,
        outcomes=tuple(msgspec.to_builtins(outcome) for outcome in decision.fired()) if decision else (),
        actions=tuple(actions_in(Status(values["review_status"]))),
    )


async def partner_view(tx: Tx, registration_id: UUID) -> PartnerView:
    """Raises NotFound."""
    values, review, decision = await _load(tx, registration_id)
    told = [o.message_partner for o in decision.fired() if o.message_partner] if decision else []
    return PartnerView(
        id=registration_id,
        name=values["name"],
        review_status=values["review_status"],
        stage=values["stage"],
        submitted_at=values["submitted_at"],
        due_at=review.due_at,
        protection_ends=values["protection_ends"],
        rejection_code=values["rejection_code"],
        rejection_reason=values["rejection_reason"],
        asked=review.asked,
        messages=tuple(dict.fromkeys(told)),
    )


async def events(tx: Tx, registration_id: UUID) -> list[Event]:
    """Oldest first. Raises NotFound."""
    await _load(tx, registration_id)
    rows = await deal_reviews.events(tx, registration_id)
    return [Event(**{name: row[name] for name in Event.__dataclass_fields__}) for row in rows]


async def _merged_into(tx: Tx, registration_id: UUID) -> UUID | None:
    made = await merges.of_record(tx, registration_id)
    return next((m.survivor for m in made if m.loser == registration_id and m.undone_at is None), None)


async def _load(tx: Tx, registration_id: UUID) -> tuple[dict[str, Any], ReviewRow, Decision | None]:
    stored = await records.load(tx, DEAL_REGISTRATION, [registration_id])
    reviews = await deal_reviews.load(tx, [registration_id])
    decisions = await deal_reviews.decisions(tx, registration_id)
    if registration_id not in stored or registration_id not in reviews:
        raise NotFound(f"There is no registration {registration_id} that was submitted through the hub.")
    values: dict[str, Any] = dict(stored[registration_id].values)
    decision = msgspec.json.decode(decisions[0]["decision"], type=Decision) if decisions else None
    return values, reviews[registration_id], decision
