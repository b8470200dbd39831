"""One registration in work: taken out under its lock, led through steps, and put back with all that happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from uuid import UUID

from hub.db import audit, changes, deal_reviews, records
from hub.db.changes import Change, Origin
from hub.db.deal_reviews import ReviewRow
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.domain.deals.alerts import Happening
from hub.domain.deals.calendar import BusinessCalendar, Clock
from hub.domain.deals.facts import Facts
from hub.domain.deals.guards import Circumstances, NotAllowed, take
from hub.domain.deals.states import Action, ClockEffect, Status
from hub.record.deals import DEAL_EVENT, DEAL_EVIDENCE, DEAL_PARTY, DEAL_REGISTRATION
from hub.record.definition import RecordType
from hub.record.values import Value, Values
from hub.services.deals.alerting import tell
from hub.services.deals.desk import Desk
from hub.services.deals.opportunities import Moved, settle_opportunities, show_partners_view
from hub.services.matching import new_ids
from hub.services.records import RULE as API
from hub.services.records import alteration, creation, found_here, refuse_dead_links, store_faults
from hub.services.refusals import NotFound, NotNow

RULE = "deal registration"


@dataclass(frozen=True, slots=True)
class Deal:
    """A registration while a use case works on it; nothing is stored before `put_back`.

    `values` has every field. `stored` is the record as it was taken out; None: it is new. `parts` are its parties and
    proofs that are to be stored with it, without their deal. `facts` are those that were gathered meanwhile.
    """

    id: UUID
    values: Mapping[str, Value]
    review: ReviewRow
    events: tuple[Values, ...] = ()
    stored: StoredRecord | None = None
    parts: tuple[tuple[RecordType, Values], ...] = ()
    facts: Facts | None = None

    @property
    def changed(self) -> dict[str, Value]:
        """What is not as it was taken out; of a new one all that it says."""
        if self.stored is None:
            return {name: value for name, value in self.values.items() if value is not None}
        return {name: value for name, value in self.values.items() if value != self.stored.values[name]}

    @property
    def partner(self) -> UUID:
        partner = self.values["partner"]
        assert isinstance(partner, UUID)
        return partner

    @property
    def product_lines(self) -> tuple[str, ...]:
        lines = self.values["product_lines"]
        return tuple(map(str, lines)) if isinstance(lines, tuple) else ()

    @property
    def status(self) -> Status:
        status = self.values["review_status"]
        return Status(status) if isinstance(status, str) else Status.DRAFT

    def with_values(self, **values: Value) -> Deal:
        return replace(self, values={**self.values, **values})

    def noted(self, kind: str, *, actor: str, now: datetime, note: str | None = None) -> Deal:
        """Something happened that is no step."""
        return replace(self, events=(*self.events, _event(self, kind, self.status, actor, now, None, note)))


async def take_out(tx: Tx, registration_id: UUID) -> Deal:
    """Held against other writers until the transaction ends. Raises NotFound, Gone."""
    stored = await found_here(tx, DEAL_REGISTRATION, registration_id)
    reviews = await deal_reviews.load(tx, [registration_id])
    if registration_id not in reviews:
        raise NotFound(f"Registration {registration_id} was not submitted through the hub yet: submit it first.")
    return Deal(registration_id, stored.values, reviews[registration_id], stored=stored)


def step(
    deal: Deal,
    action: Action,
    given: Circumstances,
    *,
    calendar: BusinessCalendar,
    note: str | None = None,
) -> Deal:
    """The registration after one transition, with its event. Raises NotNow with the guard's sentence."""
    try:
        transition = take(deal.status, action, given)
    except NotAllowed as exc:
        raise NotNow(exc.detail) from exc
    review = with_clock(deal.review, transition.clock, calendar=calendar, now=given.now)
    event = _event(deal, action, transition.target, given.actor, given.now, given.reason_code, note or given.text)
    values = {**deal.values, "review_status": str(transition.target)}
    if transition.stage is not None:
        values["stage"] = transition.stage
    return replace(deal, values=values, review=review, events=(*deal.events, event))


async def put_back(tx: Tx, desk: Desk, deal: Deal, *, actor: str) -> Deal:
    """Store values, review, parts and events, with their changes and an entry in the audit trail for each event."""
    [stored] = await put_back_all(tx, desk, [deal], actors=[actor])
    return stored


async def put_back_all(
    tx: Tx, desk: Desk, deals: Sequence[Deal], *, actors: Sequence[str], record_type: RecordType = DEAL_REGISTRATION
) -> list[Deal]:
    """The same for several, each by its own actor, in as few statements as for one; returns them as stored.

    Approved ones have their opportunity from here on; sellers whom it concerns are alerted.
    `record_type` is the registration's with the custom fields that new ones may have. Raises Invalid, Duplicate.
    """
    by = dict(zip([deal.id for deal in deals], actors, strict=True))
    with store_faults(record_type):
        async with tx.together():
            deals = await _with_opportunities(tx, deals)
            await _store_values(tx, record_type, deals)
            await deal_reviews.save(tx, [deal.review for deal in deals])
            parts = await _store_parts(tx, deals)
            happened = [part for part in parts if part.type is DEAL_EVENT]
            await _note(tx, record_type, deals, parts, by)
            await show_partners_view(tx, [_moved(deal) for deal in deals if deal.events])
            steps = {deal_id: list(events) for deal_id, events in groupby(happened, key=lambda part: part.deal)}
            await tell(tx, desk, [(_happening(deal, steps[deal.id]), deal.facts) for deal in deals if deal.events])
    return [replace(deal, events=(), parts=()) for deal in deals]


async def _note(
    tx: Tx, record_type: RecordType, deals: Sequence[Deal], parts: Sequence[_Part], by: Mapping[UUID, str]
) -> None:
    """In the change log, and what happened in the audit trail."""
    log = [(deal.id, _change(record_type, deal)) for deal in deals if deal.changed]
    log += [(part.deal, creation(part.type, part.id, part.values, rule=part.rule)) for part in parts]
    await changes.append_all(tx, [(Origin(actor=by[deal_id]), change) for deal_id, change in log])
    happened = [part for part in parts if part.type is DEAL_EVENT]
    entries = [
        (by[e.deal], str(e.deal), {"event": e.values["kind"], "reason": e.values["reason_code"]}) for e in happened
    ]
    await audit.note_all(tx, action="deal_registration", entries=entries)


async def _with_opportunities(tx: Tx, deals: Sequence[Deal]) -> list[Deal]:
    settled = await settle_opportunities(tx, [_moved(deal) for deal in deals])
    return [deal.with_values(opportunity=settled[deal.id]) if deal.id in settled else deal for deal in deals]


def _moved(deal: Deal) -> Moved:
    return Moved(deal.id, deal.values, frozenset(str(event["kind"]) for event in deal.events))


async def _store_values(tx: Tx, record_type: RecordType, deals: Sequence[Deal]) -> None:
    fresh = [(deal.id, deal.changed) for deal in deals if deal.stored is None]
    changed = [(deal.id, deal.values) for deal in deals if deal.stored and deal.changed]
    for deal in deals:
        if deal.stored:
            await refuse_dead_links(tx, record_type, deal.changed)
    if fresh:
        await records.insert(tx, record_type, fresh)
    await records.update(tx, record_type, changed)


def _change(record_type: RecordType, deal: Deal) -> Change:
    if deal.stored is None:
        return creation(record_type, deal.id, deal.changed)
    return alteration(record_type, deal.stored, deal.changed)


@dataclass(frozen=True, slots=True)
class _Part:
    """A row that belongs to a registration."""

    type: RecordType
    id: UUID
    deal: UUID
    values: Values

    @property
    def rule(self) -> str:
        return RULE if self.type is DEAL_EVENT else API


async def _store_parts(tx: Tx, deals: Sequence[Deal]) -> list[_Part]:
    """New parties, proofs and events; the order of their ids is that in which they came."""
    rows = [
        (kind, deal.id, {**values, "deal": deal.id})
        for deal in deals
        for kind, values in (*deal.parts, *((DEAL_EVENT, event) for event in deal.events))
    ]
    parts = [_Part(kind, i, of, values) for i, (kind, of, values) in zip(sorted(new_ids(len(rows))), rows, strict=True)]
    for kind in (DEAL_PARTY, DEAL_EVIDENCE, DEAL_EVENT):
        if new := [(part.id, part.values) for part in parts if part.type is kind]:
            await records.insert(tx, kind, new)
    return parts


def _happening(deal: Deal, happened: Sequence[_Part]) -> Happening:
    """With its own events."""
    version = 1 if deal.stored is None else deal.stored.version + bool(deal.changed)
    events = [
        (part.id, str(part.values["kind"]), at)
        for part in happened
        if isinstance(at := part.values["happened_at"], datetime)
    ]
    return Happening(deal.id, version, deal.values, deal.stored.values if deal.stored else {}, events)


def with_clock(
    review: ReviewRow, effect: ClockEffect | None, *, calendar: BusinessCalendar, now: datetime
) -> ReviewRow:
    """The review after its clock was started, paused, resumed or stopped."""
    clock = Clock(review.allowed, review.spent, review.running_since, review.stopped)
    match effect:
        case "start":
            clock = clock.start(now)
        case "pause":
            clock = clock.pause(calendar, now)
        case "resume":
            clock = clock.resume(now)
        case "stop":
            clock = clock.stop(calendar, now)
    return replace(
        review,
        spent=clock.spent,
        running_since=clock.running_since,
        stopped=clock.stopped,
        due_at=clock.due(calendar),
    )


def _event(
    deal: Deal, kind: str, to: Status, actor: str, now: datetime, reason: str | None, note: str | None
) -> Values:
    return {
        "deal": deal.id,
        "kind": str(kind),
        "happened_at": now,
        "actor": actor[:255],
        "from_status": str(deal.status),
        "to_status": str(to),
        "reason_code": reason,
        "note": note,
    }
