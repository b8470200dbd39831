"""Screening: under the locks of its scope, a registration is judged, takes its place, and goes where the rules say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from hub.db import deal_admission, deal_reviews
from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.engine import evaluate, follow_up
from hub.domain.deals.facts import Facts, Request, Review
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.outcomes import Decision, Kind
from hub.domain.deals.registry import Params
from hub.domain.deals.rules.process import SlaParams, WindowParams
from hub.domain.deals.states import Action
from hub.services.deals.candidates import customer_of
from hub.services.deals.desk import Desk
from hub.services.deals.gathering import Subject, gather
from hub.services.deals.working import Deal, step, with_clock


async def screen(tx: Tx, desk: Desk, deal: Deal, *, actor: str) -> Deal:
    """From screening to what follows. The clock is read when the locks are held: who waited came later."""
    deal, facts, decision = await judge(tx, desk, deal, request="submit", actor=actor)
    now = facts.now
    deal = replace(deal, review=_with_deadline(desk, deal.review, facts))
    if not decision.fields:
        deal = deal.with_values(complete_at=deal.values["complete_at"] or now)
    if decision.eligible and deal.review.place is None:
        deal = deal.with_values(eligible_at=now)
        deal = replace(deal, review=replace(deal.review, place=await deal_admission.next_place(tx)))
    return await _follow(tx, desk, deal, facts, decision)


async def judge(
    tx: Tx, desk: Desk, deal: Deal, *, request: Request, actor: str, new_evidence: int = 0
) -> tuple[Deal, Facts, Decision]:
    """Hold the scope, store the claim, gather the facts, ask every rule, and keep all of it as a decision."""
    customer = await customer_of(tx, deal.values)
    lines = deal.values["product_lines"]
    scope = tuple(map(str, lines)) if isinstance(lines, tuple) else ()
    await deal_admission.lock_scope(tx, keys=customer.keys, product_lines=scope)
    await deal_admission.store_claim(tx, registration_id=deal.id, keys=customer.keys, product_lines=scope)
    now = await tx.now()
    history = Review(
        request=request,
        extensions_used=deal.review.extensions,
        appeals_used=deal.review.appeals,
        new_evidence=new_evidence,
        due_at=deal.review.due_at if deal.review.allowed else None,
    )
    subject = Subject(deal.id, deal.values, deal.review, customer)
    facts = await gather(tx, subject, calendar=desk.calendar, candidates=desk.candidates, request=history, now=now)
    decision = evaluate(desk.policy, facts)
    await deal_reviews.store_decision(
        tx,
        registration_id=deal.id,
        policy=decision.edition,
        verdict=decision.verdict,
        step=follow_up(desk.policy, decision) if request == "submit" else request,
        facts=msgspec.json.encode(facts),
        decision=msgspec.json.encode(decision),
        actor=actor,
        at=now,
    )
    return replace(deal, facts=facts), facts, decision


def approved(desk: Desk, deal: Deal, facts: Facts, *, now: datetime) -> Deal:
    """With the protection that the policy gives this scope."""
    window = desk.policy.settings(desk.policy.scope_of(facts))["window"].params
    days = window.protection_days if isinstance(window, WindowParams) else WindowParams().protection_days
    ends = desk.calendar.day_of(now) + timedelta(days=days)
    return deal.with_values(decided_at=now, protection_ends=ends, rejection_code=None, rejection_reason=None)


def params_of(desk: Desk, facts: Facts, rule: str) -> Params:
    """What the policy sets for a rule in the scope of these facts."""
    return desk.policy.settings(desk.policy.scope_of(facts))[rule].params


def _with_deadline(desk: Desk, review: ReviewRow, facts: Facts) -> ReviewRow:
    """The hours that the policy gives for this programme, tier, region and deal type."""
    params = params_of(desk, facts, "approval_sla")
    assert isinstance(params, SlaParams)
    allowed = replace(review, allowed=timedelta(hours=params.hours))
    return with_clock(allowed, None, calendar=desk.calendar, now=facts.now)


async def _follow(tx: Tx, desk: Desk, deal: Deal, facts: Facts, decision: Decision) -> Deal:
    action = follow_up(desk.policy, decision)
    given = Circumstances(now=facts.now, actor="hub", reason_code=decision.reason_code, text=_reason(decision))
    if action is not Action.REJECT:
        given = replace(given, reason_code=None, text=None)
    moved = step(deal, action, given, calendar=desk.calendar, note=_note(decision))
    match action:
        case Action.APPROVE:
            return approved(desk, moved, facts, now=facts.now)
        case Action.REJECT:
            return moved.with_values(
                decided_at=facts.now, rejection_code=decision.reason_code, rejection_reason=_reason(decision)
            )
        case Action.ASK_INFO:
            return replace(moved, review=replace(moved.review, asked=decision.fields))
        case Action.HOLD:
            await freeze(tx, moved, facts, decision)
    return moved


async def freeze(tx: Tx, deal: Deal, facts: Facts, decision: Decision) -> None:
    """Neither side of a conflict can use its rights until it is decided."""
    rivals = {rival.id for rival in facts.rivals}
    parties = {UUID(counterpart) for counterpart in decision.counterparts if counterpart in rivals}
    await deal_reviews.freeze(tx, by=deal.id, parties=parties | {deal.id})


def _reason(decision: Decision) -> str:
    """What the partner reads when the rules reject."""
    return " ".join(o.message_partner for o in decision.outcomes if o.outcome is Kind.BLOCK)


def _note(decision: Decision) -> str:
    told = " ".join(f"[{o.rule}: {o.outcome}] {o.message_internal}" for o in decision.fired())
    return f"{decision.edition}. {told}"[:32_000]
