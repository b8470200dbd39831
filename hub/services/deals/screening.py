"""Screening: under the locks of their scopes, registrations are judged, take places, and go where the rules say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from hub.db import deal_admission, deal_reviews
from hub.db.deal_admission import Claim, scopes
from hub.db.deal_reviews import DecisionRow, ReviewRow
from hub.db.session import Tx
from hub.domain.deals.engine import evaluate, follow_up
from hub.domain.deals.facts import Facts, Request, Review
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.outcomes import Decision, Kind, encode_decision
from hub.domain.deals.registry import Params
from hub.domain.deals.rules.process import SlaParams, WindowParams
from hub.domain.deals.states import Action
from hub.domain.matching import Verdict
from hub.services.deals.candidates import customers_of
from hub.services.deals.desk import Desk
from hub.services.deals.gathering import Gathered, Subject, gather
from hub.services.deals.parts import Parts, stored_parts
from hub.services.deals.working import Deal, step, with_clock


@dataclass(frozen=True, slots=True)
class Judged:
    """A registration after the rules were asked; `frozen` are those that cannot use their rights because of it."""

    deal: Deal
    facts: Facts
    decision: Decision
    request: Request
    actor: str
    frozen: frozenset[UUID] = frozenset()


async def screen(tx: Tx, desk: Desk, deals: Sequence[tuple[Deal, Parts]], *, actors: Sequence[str]) -> list[Judged]:
    """From screening to what follows, one after the other as if each were alone, in as few queries as for one.

    The deals are new or held; each actor is who asked for the deal at its place. Claims, decisions and freezes are
    stored; the deals are the caller's to store. The clock is read when the locks are held: who waited came later.
    """
    subjects, gathered = await _open(tx, desk, deals, places=len(deals))
    judged = []
    for subject, actor, place in zip(subjects, actors, gathered.places, strict=True):
        one = _judge(desk, gathered, subject, request="submit", actor=actor)
        one = replace(one, deal=_placed(desk, one, place))
        one = follow(desk, one, follow_up(desk.policy, one.decision))
        gathered.note(subject, one.deal)
        judged.append(one)
    await _keep(tx, desk, subjects, judged)
    return judged


async def judge(
    tx: Tx, desk: Desk, deal: Deal, *, request: Request, actor: str, new_evidence: int = 0
) -> tuple[Deal, Facts, Decision]:
    """Hold the scope, store the claim, gather the facts, ask every rule, and keep all of it as a decision."""
    parts = await stored_parts(tx, [deal.id])
    subjects, gathered = await _open(tx, desk, [(deal, parts[deal.id])], places=0)
    judged = _judge(desk, gathered, subjects[0], request=request, actor=actor, new_evidence=new_evidence)
    await _keep(tx, desk, subjects, [judged])
    return judged.deal, judged.facts, judged.decision


async def hold_scope(tx: Tx, *deals: Deal) -> None:
    """Whoever could find one of these registrations waits until the transaction ends."""
    customers = await customers_of(tx, [deal.values for deal in deals])
    claimed = await deal_admission.claims_of(tx, [deal.id for deal in deals])
    names = (
        name
        for deal, customer in zip(deals, customers, strict=True)
        for name in scopes(keys={*customer.keys, *claimed.get(deal.id, ())}, product_lines=deal.product_lines)
    )
    await deal_admission.hold(tx, names)


def in_order(deal: Deal, place: int, *, now: datetime) -> Deal:
    """With this place, where it has none yet; its scope is held."""
    if deal.review.place is not None:
        return deal
    return replace(deal.with_values(eligible_at=now), review=replace(deal.review, place=place))


def approved(desk: Desk, deal: Deal, facts: Facts, *, now: datetime) -> Deal:
    """With the protection that the policy gives this scope."""
    window = desk.policy.settings(desk.policy.scope_of(facts))["window"].params
    days = window.protection_days if isinstance(window, WindowParams) else WindowParams().protection_days
    ends = desk.calendar.day_of(now) + timedelta(days=days)
    return deal.with_values(decided_at=now, protection_ends=ends, rejection_code=None, rejection_reason=None)


def params_of(desk: Desk, facts: Facts, rule: str) -> Params:
    """What the policy sets for a rule in the scope of these facts."""
    return desk.policy.settings(desk.policy.scope_of(facts))[rule].params


async def freeze(tx: Tx, deal: Deal, facts: Facts, decision: Decision) -> None:
    """Neither side of a conflict can use its rights until it is decided."""
    await deal_reviews.freeze(tx, [(party, deal.id) for party in _parties(deal, facts, decision)])


async def _open(
    tx: Tx, desk: Desk, deals: Sequence[tuple[Deal, Parts]], *, places: int
) -> tuple[list[Subject], Gathered]:
    """Find the organisations, hold the scopes of all registrations, then look at those that came before."""
    await tx.look_up_by_index(planned_once=True)
    customers = await customers_of(tx, [deal.values for deal, _ in deals])
    found = await desk.candidates.organizations(tx, customers=customers)
    subjects = [
        Subject(deal, customer.known_as(matches), parts)
        for (deal, parts), customer, matches in zip(deals, customers, found, strict=True)
    ]
    names = (name for s in subjects for name in scopes(keys=s.customer.keys, product_lines=s.deal.product_lines))
    now = await deal_admission.hold(tx, names)
    weights = desk.candidates.weights
    return subjects, await gather(tx, subjects, found, calendar=desk.calendar, weights=weights, now=now, places=places)


def _judge(
    desk: Desk, gathered: Gathered, subject: Subject, *, request: Request, actor: str, new_evidence: int = 0
) -> Judged:
    review = subject.deal.review
    history = Review(
        request=request,
        extensions_used=review.extensions,
        appeals_used=review.appeals,
        new_evidence=new_evidence,
        due_at=review.due_at if review.allowed else None,
    )
    facts = gathered.facts(subject, history)
    deal = replace(_recognised(subject.deal, facts), facts=facts)
    return Judged(deal, facts, evaluate(desk.policy, facts), request, actor)


def _recognised(deal: Deal, facts: Facts) -> Deal:
    """With its customer, where nobody named one and exactly one record of ours is the same beyond doubt."""
    same = [account.id for account in facts.accounts if account.match.verdict is Verdict.SAME]
    return deal.with_values(customer=UUID(same[0])) if deal.values["customer"] is None and len(same) == 1 else deal


async def _keep(tx: Tx, desk: Desk, subjects: Sequence[Subject], judged: Sequence[Judged]) -> None:
    claims = [Claim(s.deal.id, s.customer.keys, s.deal.product_lines) for s in subjects]
    await deal_admission.store_claims(tx, claims)
    await deal_reviews.store_decisions(tx, [_decision_row(desk, one) for one in judged])
    if frozen := [(party, one.deal.id) for one in judged for party in one.frozen]:
        await deal_reviews.freeze(tx, frozen)


def _decision_row(desk: Desk, one: Judged) -> DecisionRow:
    return DecisionRow(
        registration_id=one.deal.id,
        policy=one.decision.edition,
        verdict=one.decision.verdict,
        step=follow_up(desk.policy, one.decision) if one.request == "submit" else one.request,
        facts=msgspec.json.encode(one.facts),
        decision=encode_decision(one.decision),
        actor=one.actor,
        at=one.facts.now,
    )


def _placed(desk: Desk, judged: Judged, place: int) -> Deal:
    """With its deadline; with its place and times, where it is complete and eligible and was not before."""
    deal, now, decision = judged.deal, judged.facts.now, judged.decision
    deal = replace(deal, review=_with_deadline(desk, deal.review, judged.facts))
    if not decision.fields:
        deal = deal.with_values(complete_at=deal.values["complete_at"] or now)
    return in_order(deal, place, now=now) if decision.eligible else deal


def _with_deadline(desk: Desk, review: ReviewRow, facts: Facts) -> ReviewRow:
    """The hours that the policy gives for this programme, tier, region and deal type."""
    params = params_of(desk, facts, "approval_sla")
    assert isinstance(params, SlaParams)
    allowed = replace(review, allowed=timedelta(hours=params.hours))
    return with_clock(allowed, None, calendar=desk.calendar, now=facts.now)


def follow(desk: Desk, judged: Judged, action: Action) -> Judged:
    """After the step that the rules lead to, with all that belongs to it."""
    facts, decision = judged.facts, judged.decision
    given = Circumstances(now=facts.now, actor="hub", reason_code=decision.reason_code, text=_reason(decision))
    if action is not Action.REJECT:
        given = replace(given, reason_code=None, text=None)
    moved = step(judged.deal, action, given, calendar=desk.calendar, note=words_of(decision))
    match action:
        case Action.APPROVE:
            moved = approved(desk, moved, facts, now=facts.now)
        case Action.REJECT:
            moved = moved.with_values(
                decided_at=facts.now, rejection_code=decision.reason_code, rejection_reason=_reason(decision)
            )
        case Action.ASK_INFO:
            moved = replace(moved, review=replace(moved.review, asked=_asked(decision)))
        case Action.HOLD:
            return replace(judged, deal=moved, frozen=_parties(moved, facts, decision))
    return replace(judged, deal=moved)


def _parties(deal: Deal, facts: Facts, decision: Decision) -> frozenset[UUID]:
    """The sides of a conflict."""
    rivals = {rival.id for rival in facts.rivals}
    return frozenset({deal.id, *(UUID(c) for c in decision.counterparts if c in rivals)})


def _reason(decision: Decision) -> str:
    """What the partner reads when the rules reject."""
    return " ".join(o.message_partner for o in decision.outcomes if o.outcome is Kind.BLOCK)


def _asked(decision: Decision) -> tuple[str, ...]:
    """By the names of the record's fields; a rule that names none leaves it to the partner to explain."""
    named = tuple("customer_country" if name == "country" else name for name in decision.fields)
    return named or ("description", "evidence")


def words_of(decision: Decision) -> str:
    """What every rule that spoke says, for the people who decide."""
    told = " ".join(f"[{o.rule}: {o.outcome}] {o.message_internal}" for o in decision.fired())
    return f"{decision.edition}. {told}"[:32_000]
