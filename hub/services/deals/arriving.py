"""Arrivals: what came in by a system is judged once, and edits of judged registrations are led through the review."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.db import deal_admission, deal_arrivals, deal_reviews, links, rereads
from hub.db.deal_arrivals import Arrival, HeldEdit
from hub.db.deal_reviews import ReviewRow
from hub.db.records import StoredRecord
from hub.db.session import Database, Tx
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.rules.process import WindowParams
from hub.domain.deals.states import PROTECTED, Action, Status
from hub.record.codec import decode_values
from hub.record.deals import DEAL_REGISTRATION
from hub.record.values import Value
from hub.services.deals.changing import Ending, amend, end
from hub.services.deals.desk import Desk
from hub.services.deals.fields import DECIDED_STAGES, JUDGED, LIFECYCLE, SUBMITTED_STAGES
from hub.services.deals.parts import stored_parts
from hub.services.deals.screening import judge, params_of, screen
from hub.services.deals.submitting import Submission, answer_info
from hub.services.deals.working import Deal, put_back, step, take_out
from hub.services.records import found_here
from hub.services.refusals import Gone, NotNow, Refusal, invalid

ACTOR = "hub"
_LATER = timedelta(minutes=1)
_ENDS: dict[str, Ending] = {"withdrawn": "withdraw", "won": "win", "lost": "lose"}
_AGAIN = "the review took over an edit that was made there"


async def take_in_arrivals(db: Database, desk: Desk, *, stop: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Take up what is due, each registration in its own transaction; may run in several processes, or stop anywhere.

    Counts judged, taken_over, drafts, edited, gone, and refused: those wait for somebody to edit them. An error that
    is none of the registration's puts that one off for a minute and goes up.
    """
    counts: Counter[str] = Counter()
    while not stop() and (what := await _take_next(db, desk)) is not None:
        counts[what] += 1
    return counts


async def _take_next(db: Database, desk: Desk) -> str | None:
    arrival: Arrival | None = None
    try:
        async with db.transaction() as tx:
            arrival = await deal_arrivals.claim(tx)
            return None if arrival is None else await _take_in(tx, desk, arrival)
    except Refusal as exc:
        assert arrival is not None
        async with db.transaction() as tx:
            await deal_arrivals.put_off(tx, arrival, problem=exc.detail)
        return "refused"
    except Exception as exc:
        if arrival is not None:
            async with db.transaction() as tx:
                await deal_arrivals.put_off(tx, arrival, problem=f"{type(exc).__name__}: {exc}", delay=_LATER)
        raise


async def _take_in(tx: Tx, desk: Desk, arrival: Arrival) -> str:
    try:
        stored = await found_here(tx, DEAL_REGISTRATION, arrival.registration_id)
    except Gone:
        return "gone"
    if await deal_reviews.handed_in(tx, [stored.id]):
        await _follow(tx, desk, arrival)
        return "edited"
    stage = stored.values["stage"]
    if stage in DECIDED_STAGES and arrival.takes_over:
        await _take_over(tx, desk, arrival, stored)
        return "taken_over"
    if stage in DECIDED_STAGES or stage in SUBMITTED_STAGES:
        await _submit(tx, desk, arrival, stored)
        return "judged"
    return "drafts"


async def _submit(tx: Tx, desk: Desk, arrival: Arrival, stored: StoredRecord) -> None:
    """As through every other door; what a system says of the review does not count."""
    if stored.values["partner"] is None:
        raise invalid("partner", "is missing: a registration is somebody's")
    now = await tx.now()
    said = {**stored.values, **dict.fromkeys(LIFECYCLE), "channel": _channel(arrival, stored)}
    review = ReviewRow(stored.id, timedelta(0), arrival.actor)
    deal = Deal(stored.id, {**said, "review_status": "draft", "stage": "draft"}, review, stored=stored)
    given = Circumstances(now=now, actor=arrival.actor)
    deal = step(deal, Action.SUBMIT, given, calendar=desk.calendar, note=_where(arrival)).with_values(submitted_at=now)
    deal = step(deal, Action.SCREEN, replace(given, actor=ACTOR), calendar=desk.calendar)
    parts = await stored_parts(tx, [stored.id])
    [judged] = await screen(tx, desk, [(deal, parts[stored.id])], actors=[arrival.actor])
    await put_back(tx, desk, judged.deal, actor=arrival.actor)


async def _take_over(tx: Tx, desk: Desk, arrival: Arrival, stored: StoredRecord) -> None:
    """With the decision that was made there, and a claim and a place by which it is a rival of others."""
    values, now = stored.values, await tx.now()
    if values["partner"] is None:
        raise invalid("partner", "is missing: a registration is somebody's")
    status = DECIDED_STAGES[str(values["stage"])]
    there = values["submitted_at"] or values["decided_at"] or now
    said: dict[str, Value] = {
        "review_status": str(status),
        "submitted_at": there,
        "complete_at": values["complete_at"] or there,
        "eligible_at": values["eligible_at"] or there,
        "channel": _channel(arrival, stored),
    }
    review = ReviewRow(stored.id, timedelta(0), arrival.actor, stopped=True)
    deal = Deal(stored.id, {**values, **said}, review, stored=stored)
    deal, facts, _ = await judge(tx, desk, deal, request="review", actor=ACTOR)
    if status in PROTECTED and values["protection_ends"] is None:
        window = params_of(desk, facts, "window")
        assert isinstance(window, WindowParams)
        from_day = desk.calendar.day_of(_moment(values["decided_at"]) or _moment(there) or now)
        deal = deal.with_values(protection_ends=from_day + timedelta(days=window.protection_days))
    place = await deal_admission.next_place(tx)
    deal = replace(deal, review=replace(deal.review, place=place))
    await put_back(tx, desk, deal.noted("taken_over", actor=ACTOR, now=now, note=_where(arrival)), actor=ACTOR)


async def _follow(tx: Tx, desk: Desk, arrival: Arrival) -> None:
    """What the review allows of edits made elsewhere is done; the rest stays a conflict for a person."""
    if arrival.asked_stage:
        await _follow_stage(tx, desk, arrival)
    deal = await take_out(tx, arrival.registration_id)
    edits = _agreed(deal, await deal_arrivals.held_edits(tx, deal.id, fields=JUDGED))
    if deal.status is Status.NEEDS_INFO:
        edits = {name: edit for name, edit in edits.items() if name in deal.review.asked}
    elif deal.status in PROTECTED:
        edits = {name: edit for name, edit in edits.items() if name not in ("partner", "on_behalf_of")}
    else:
        return
    if edits and await _taken(tx, desk, deal, arrival, {name: edit.value for name, edit in edits.items()}):
        await _meet_again(tx, [row for edit in edits.values() for row in edit.rows])


async def _taken(tx: Tx, desk: Desk, deal: Deal, arrival: Arrival, values: dict[str, Value]) -> bool:
    """As an answer or an amendment; why not is told as an event."""
    try:
        async with tx.savepoint():
            if deal.status is Status.NEEDS_INFO:
                sent = Submission(values)
                await answer_info(tx, desk, registration_id=deal.id, sent=sent, actor=arrival.actor)
            else:
                note = _where(arrival)
                await amend(tx, desk, registration_id=deal.id, values=values, actor=arrival.actor, note=note)
    except NotNow as exc:
        await _tell(tx, desk, arrival, "edit_not_taken", f"{', '.join(values)}: {exc.detail}")
        return False
    return True


async def _follow_stage(tx: Tx, desk: Desk, arrival: Arrival) -> None:
    """Somebody withdrew, won or lost it there; other stages are the review's."""
    stage = str(arrival.asked_stage)
    why = "The review decides: the stage there is set back."
    if how := _ENDS.get(stage):
        where, actor = arrival.registration_id, arrival.actor
        try:
            async with tx.savepoint():
                await end(tx, desk, registration_id=where, how=how, actor=actor, note=_where(arrival))
            return
        except NotNow as exc:
            why = exc.detail
    await _tell(tx, desk, arrival, "stage_asked_for", f"{stage} {_where(arrival)}. {why}")


async def _tell(tx: Tx, desk: Desk, arrival: Arrival, kind: str, note: str) -> None:
    deal = await take_out(tx, arrival.registration_id)
    told = deal.noted(kind, actor=arrival.actor, now=await tx.now(), note=note)
    await put_back(tx, desk, told, actor=arrival.actor)


@dataclass(frozen=True, slots=True)
class _Edit:
    """What a field was set to elsewhere, and the conflicts that say so."""

    value: Value
    rows: Sequence[HeldEdit]


def _agreed(deal: Deal, held: Sequence[HeldEdit]) -> dict[str, _Edit]:
    """By field; what two systems want otherwise is for a person."""
    found: dict[str, list[HeldEdit]] = {}
    for edit in held:
        found.setdefault(edit.field, []).append(edit)
    edits: dict[str, _Edit] = {}
    for name, rows in found.items():
        values = {edit.theirs for edit in rows}
        value = decode_values(DEAL_REGISTRATION, f'{{"{name}": {rows[0].theirs}}}')[name]
        if len(values) == 1 and value != deal.values[name]:
            edits[name] = _Edit(value, rows)
    return edits


async def _meet_again(tx: Tx, rows: Sequence[HeldEdit]) -> None:
    """Both sides hold the same now: the next read sees it, and the conflict is settled."""
    for connection_id in sorted({row.connection_id for row in rows}):
        keys = sorted({(row.object, row.remote_id) for row in rows if row.connection_id == connection_id})
        await links.forget_hashes(tx, connection_id=connection_id, keys=keys)
        await rereads.ask(tx, connection_id=connection_id, keys=keys, reason=_AGAIN)


def _where(arrival: Arrival) -> str:
    return f"in {arrival.origin}" if arrival.origin else "as a record"


def _channel(arrival: Arrival, stored: StoredRecord) -> Value:
    return stored.values["channel"] or ("crm" if arrival.origin else "api")


def _moment(value: Value) -> datetime | None:
    return value if isinstance(value, datetime) else None
