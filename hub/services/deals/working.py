"""One registration in work: taken out under its lock, led through steps, and put back with all that happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from hub.db import audit, changes, deal_reviews, records
from hub.db.changes import Change, Origin
from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.alerts import Happening
from hub.domain.deals.calendar import BusinessCalendar, Clock
from hub.domain.deals.facts import Facts
from hub.domain.deals.guards import Circumstances, NotAllowed, take
from hub.domain.deals.states import Action, ClockEffect, Status
from hub.record.deals import DEAL_EVENT, DEAL_REGISTRATION
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import encode_json
from hub.services.deals.alerting import tell
from hub.services.deals.desk import Desk
from hub.services.deals.opportunities import Moved, settle_opportunities, show_partners_view
from hub.services.matching import new_ids
from hub.services.records import found_here, patch_record
from hub.services.refusals import NotFound, NotNow

RULE = "deal registration"


@dataclass(frozen=True, slots=True)
class Deal:
    """A registration while a use case works on it; nothing is stored before `put_back`."""

    id: UUID
    values: Mapping[str, Value]
    review: ReviewRow
    events: tuple[Values, ...] = ()
    # As it was taken out, and the facts that were gathered meanwhile.
    before: Mapping[str, Value] | None = None
    facts: Facts | None = None

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
    return Deal(registration_id, stored.values, reviews[registration_id], before=stored.values)


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


async def put_back(tx: Tx, desk: Desk, deal: Deal, *, actor: str) -> None:
    """Store values, review and events, with their changes and an entry in the audit trail for each event.

    An approved one has its opportunity from here on; sellers whom it concerns are alerted.
    """
    moved = Moved(deal.id, deal.values, frozenset(str(event["kind"]) for event in deal.events))
    if opportunity := (await settle_opportunities(tx, [moved])).get(deal.id):
        deal = deal.with_values(opportunity=opportunity)
    stored = await patch_record(tx, DEAL_REGISTRATION, record_id=deal.id, values=deal.values, version=None, actor=actor)
    await deal_reviews.save(tx, replace(deal.review, sync_state="waiting"))
    if not deal.events:
        return
    await show_partners_view(tx, [replace(moved, values=deal.values)])
    rows = list(zip(sorted(new_ids(len(deal.events))), deal.events, strict=True))
    await records.insert(tx, DEAL_EVENT, rows)
    rules = encode_json({"*": RULE})
    log = [Change(i, DEAL_EVENT.name, 1, "create", None, encode_values(values), rules) for i, values in rows]
    await changes.append(tx, origin=Origin(actor=actor), changes=log)
    await audit.note_all(
        tx,
        actor=actor,
        action="deal_registration",
        entries=[(str(deal.id), {"event": e["kind"], "reason": e["reason_code"]}) for e in deal.events],
    )
    happened = [(i, str(e["kind"]), at) for i, e in rows if isinstance(at := e["happened_at"], datetime)]
    await tell(tx, desk, [(Happening(deal.id, stored.version, deal.values, deal.before or {}, happened), deal.facts)])


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
