"""What becomes of a decided registration: extended, amended, appealed, withdrawn, won, lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from hub.db.session import Tx
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.outcomes import Decision, Kind
from hub.domain.deals.rules.process import ExtensionParams
from hub.domain.deals.states import Action, Status
from hub.record.deals import DEAL_EVIDENCE
from hub.record.values import Values
from hub.services.deals.deciding import circumstances, last_decision, settle_others
from hub.services.deals.desk import Desk
from hub.services.deals.fields import HUB_OWNED
from hub.services.deals.screening import freeze, hold_scope, judge, params_of
from hub.services.deals.working import put_back, step, take_out
from hub.services.records import store_new
from hub.services.refusals import NotNow, invalid

Ending = Literal["withdraw", "win", "lose"]
_END: dict[Ending, Action] = {"withdraw": Action.WITHDRAW, "win": Action.WIN, "lose": Action.LOSE}


async def extend(tx: Tx, desk: Desk, *, registration_id: UUID, actor: str, note: str | None = None) -> None:
    """Prolong the protection, as often and as late as the policy allows. Raises NotNow."""
    deal = await take_out(tx, registration_id)
    deal, facts, decision = await judge(tx, desk, deal, request="extend", actor=actor)
    given = await circumstances(tx, desk, deal, facts, actor=actor, text=note)
    moved = step(deal, Action.EXTEND, given, calendar=desk.calendar)
    _refuse_by(decision, "extension")
    params, ends = params_of(desk, facts, "extension"), deal.values["protection_ends"]
    assert isinstance(params, ExtensionParams)
    assert isinstance(ends, date)
    moved = moved.with_values(protection_ends=ends + timedelta(days=params.days))
    review = replace(moved.review, extensions=moved.review.extensions + 1)
    await put_back(tx, desk, replace(moved, review=review), actor=actor)


async def amend(
    tx: Tx, desk: Desk, *, registration_id: UUID, values: Values, actor: str, note: str | None = None
) -> None:
    """Change a protected registration; what brings it into conflict puts it under review again. Raises NotNow."""
    for name in (*HUB_OWNED, "partner", "on_behalf_of"):
        if name in values:
            raise invalid(name, "cannot be amended")
    deal = await take_out(tx, registration_id)
    facts, _ = await last_decision(tx, deal)
    given = await circumstances(tx, desk, deal, facts, actor=actor, text=note)
    moved = step(deal, Action.AMEND, given, calendar=desk.calendar).with_values(**values)
    moved, facts, decision = await judge(tx, desk, moved, request="amend", actor=actor)
    if any(o.group == "conflict" and o.outcome in (Kind.BLOCK, Kind.REVIEW) for o in decision.outcomes):
        moved = step(moved, Action.HOLD, replace(given, actor="hub"), calendar=desk.calendar)
        await freeze(tx, moved, facts, decision)
    await put_back(tx, desk, moved, actor=actor)


async def appeal(
    tx: Tx, desk: Desk, *, registration_id: UUID, evidence: Sequence[Values], text: str, actor: str
) -> None:
    """Once, in time, and with evidence that was not there before. Raises NotNow."""
    deal = await take_out(tx, registration_id)
    for proof in evidence:
        await store_new(tx, DEAL_EVIDENCE, values={**proof, "deal": registration_id}, actor=actor)
    deal, facts, decision = await judge(tx, desk, deal, request="appeal", actor=actor, new_evidence=len(evidence))
    given = await circumstances(tx, desk, deal, facts, actor=actor, text=text, new_evidence=len(evidence))
    moved = step(deal, Action.APPEAL, given, calendar=desk.calendar)
    _refuse_by(decision, "appeal")
    review = replace(moved.review, appeals=moved.review.appeals + 1, approved_by=())
    await put_back(tx, desk, replace(moved, review=review), actor=actor)


async def end(
    tx: Tx,
    desk: Desk,
    *,
    registration_id: UUID,
    how: Ending,
    actor: str,
    note: str | None = None,
) -> None:
    """The partner withdraws it, or the deal is won or lost. Raises NotNow."""
    deal = await take_out(tx, registration_id)
    if deal.status is Status.DRAFT:
        given = Circumstances(now=await tx.now(), actor=actor, text=note)  # nothing was judged yet
    else:
        facts, _ = await last_decision(tx, deal)
        given = await circumstances(tx, desk, deal, facts, actor=actor, text=note)
    moved = step(deal, _END[how], given, calendar=desk.calendar)
    await hold_scope(tx, moved)
    await settle_others(tx, deal.id)
    await put_back(tx, desk, moved, actor=actor)


def _refuse_by(decision: Decision, rule: str) -> None:
    outcome = decision.of(rule)
    if outcome.outcome is not Kind.PASS:
        raise NotNow(f"{outcome.message_internal} {outcome.message_partner}")
