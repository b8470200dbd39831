"""Gathers the evidence pack: the facts stored with a decision, compared with the same facts gathered now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from hub.db import audit, deal_history, deal_reviews, record_lists, records
from hub.db.session import Tx
from hub.domain.deals.facts import Facts, Review
from hub.domain.deals.outcomes import Decision, Outcome
from hub.domain.matching import Verdict, Weights
from hub.record.deals import DEAL_REGISTRATION
from hub.record.onboard import PARTNER
from hub.services.deals.candidates import Customer, customers_of, matched
from hub.services.deals.deciding import interested
from hub.services.deals.desk import Desk
from hub.services.deals.evidence_around import around
from hub.services.deals.evidence_claims import claims_side_by_side
from hub.services.deals.evidence_pack import DecisionView, EvidencePack, PastDecision, ProofView, RuleView, SourceView
from hub.services.deals.gathering import Subject, gather
from hub.services.deals.parts import stored_parts
from hub.services.deals.working import Deal
from hub.services.refusals import NotFound, NotNow

MOST = {
    "claims": 13,
    "accounts": 10,
    "opportunities": 50,
    "contacts": 50,
    "proofs": 50,
    "previous": 50,
    "decisions": 50,
}
"""How much of each list is given; how much more there is, is told."""
_LOOKED_AT = 200
_NOTE = 500


async def evidence_pack(
    tx: Tx,
    desk: Desk,
    *,
    registration_id: UUID,
    actor: str,
    form: Literal["json", "html"],
    decision_id: int | None = None,
) -> EvidencePack:
    """For the last decision of the rules, or an earlier one. That it was opened goes into the audit trail.

    It names rivals, their prices and contacts: it is for those who decide. Raises NotFound, and NotNow for a draft.
    """
    deal, rows = await _load(tx, registration_id)
    row = rows[0] if decision_id is None else next((r for r in rows if r["id"] == decision_id), None)
    if row is None:
        raise NotFound(f"Registration {registration_id} has no decision {decision_id}.")
    then = msgspec.json.decode(row["facts"], type=Facts)
    decision = msgspec.json.decode(row["decision"], type=Decision)
    [customer] = await customers_of(tx, [deal.values])
    now = await _facts_now(tx, desk, deal, customer)
    beside = await around(tx, then=then, now=now, decided=row["at"])
    lists: dict[str, Sequence[Any]] = {
        "claims": await claims_side_by_side(
            tx, then=then, now=now, decision=decision, step=row["step"], calendar=desk.calendar
        ),
        "accounts": beside.accounts,
        "opportunities": beside.opportunities,
        "contacts": beside.contacts,
        "proofs": await _proofs(tx, deal.id, row["at"]),
        "previous": await _previous(tx, customer, deal.id, desk.candidates.weights),
        "decisions": [_decision_view(r) for r in rows],
    }
    await _note_opened(tx, registration_id, actor=actor, form=form, decision_id=row["id"])
    return EvidencePack(
        registration_id=registration_id,
        name=str(deal.values["name"]),
        made_at=now.now,
        decision=_decision_view(row),
        due_at=deal.review.due_at,
        approvals=decision.approvals,
        approved_by=deal.review.approved_by,
        may_not_decide=_names_of(interested(deal, then)),
        frozen_by=await deal_reviews.frozen_by(tx, registration_id),
        rules=tuple(_rule_view(outcome) for outcome in decision.fired()),
        reservations=beside.reservations,
        tenders=beside.tenders,
        incumbents=beside.incumbents,
        relation=beside.relation,
        standing=beside.standing,
        sources=_sources(then, now),
        left_out={name: len(found) - MOST[name] for name, found in lists.items() if len(found) > MOST[name]},
        **{name: tuple(found[: MOST[name]]) for name, found in lists.items()},
    )


async def _load(tx: Tx, registration_id: UUID) -> tuple[Deal, list[dict[str, Any]]]:
    stored = (await records.load(tx, DEAL_REGISTRATION, [registration_id])).get(registration_id)
    review = (await deal_reviews.load(tx, [registration_id])).get(registration_id)
    if stored is None or review is None:
        raise NotFound(f"There is no registration {registration_id} that was submitted through the hub.")
    rows = await deal_reviews.decisions(tx, registration_id)
    if not rows:
        raise NotNow("A draft was not judged yet: there is no evidence before it is submitted.")
    return Deal(registration_id, stored.values, review), rows


async def _facts_now(tx: Tx, desk: Desk, deal: Deal, customer: Customer) -> Facts:
    """As for a decision, but nothing is held and nothing is stored."""
    history = Review(
        request="review",
        extensions_used=deal.review.extensions,
        appeals_used=deal.review.appeals,
        due_at=deal.review.due_at,
    )
    found = await desk.candidates.organizations(tx, customers=[customer])
    subject = Subject(deal, customer.known_as(found[0]), (await stored_parts(tx, [deal.id]))[deal.id])
    now = await tx.now()
    weights = desk.candidates.weights
    gathered = await gather(tx, [subject], found, calendar=desk.calendar, weights=weights, now=now, places=0)
    return gathered.facts(subject, history)


async def _proofs(tx: Tx, deal: UUID, decided: datetime) -> list[ProofView]:
    rows = await deal_history.proofs(tx, deal, limit=_LOOKED_AT)
    return [
        ProofView(**{k: v for k, v in row.items() if k != "stored_at"}, since=_came(row["stored_at"], decided))
        for row in rows
    ]


def _came(stored_at: datetime, decided: datetime) -> Literal["new", "same"]:
    return "new" if stored_at > decided else "same"


async def _previous(tx: Tx, customer: Customer, but: UUID, weights: Weights) -> list[PastDecision]:
    """Decisions on other registrations whose customer is, or may be, this one."""
    ids = await deal_history.sharing_ever(tx, keys=customer.keys, but=but, limit=_LOOKED_AT)
    stored = await records.load(tx, DEAL_REGISTRATION, ids)
    others = await customers_of(tx, [record.values for record in stored.values()])
    verdicts = {i: matched(customer, other, weights).verdict for i, other in zip(stored, others, strict=True)}
    alike = [i for i, verdict in verdicts.items() if verdict is not Verdict.DIFFERENT]
    rows = await deal_history.decided_events(tx, alike, limit=_LOOKED_AT)
    names = await record_lists.titles(tx, PARTNER, {row["partner"] for row in rows if row["partner"]})
    return [
        PastDecision(
            registration_id=row["deal"],
            name=row["name"],
            partner=names.get(row["partner"], ""),
            customer=f"{row['customer_name'] or ''} ({verdicts[row['deal']]})".strip(),
            kind=row["kind"],
            at=row["happened_at"],
            by=row["actor"],
            reason_code=row["reason_code"],
            note=(row["note"] or "")[:_NOTE] or None,
        )
        for row in rows
    ]


async def _note_opened(tx: Tx, registration_id: UUID, *, actor: str, form: str, decision_id: int) -> None:
    detail = {"form": form, "decision": decision_id}
    await audit.note(tx, actor=actor, action="deal_evidence_opened", subject=str(registration_id), detail=detail)


def _names_of(interested: frozenset[str]) -> tuple[str, ...]:
    """Each once: a seller acts under the name and under a key of that name."""
    return tuple(sorted(name for name in interested if name.removeprefix("key ") not in interested - {name}))


def _decision_view(row: dict[str, Any]) -> DecisionView:
    return DecisionView(**{name: row[name] for name in DecisionView.__dataclass_fields__})


def _rule_view(outcome: Outcome) -> RuleView:
    return RuleView(
        rule=outcome.rule,
        outcome=outcome.outcome,
        group=outcome.group,
        internal=outcome.message_internal,
        partner=outcome.message_partner,
        reason_code=outcome.reason_code,
        next_actions=outcome.next_actions,
        counterparts=outcome.counterparts,
        evidence=tuple(msgspec.to_builtins(value) for value in outcome.evidence),
    )


def _sources(then: Facts, now: Facts) -> tuple[SourceView, ...]:
    before = {f.system: f.observed_at for f in then.crm}
    today = {f.system: f.observed_at for f in now.crm}
    return tuple(
        SourceView(system, before.get(system), today.get(system)) for system in sorted(before.keys() | today.keys())
    )
