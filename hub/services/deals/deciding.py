"""What people decide: approve, alone or with a second one, as teaming, reject, revoke."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from hub.db import deal_admission, deal_rechecks, deal_reviews
from hub.db.session import Tx
from hub.domain.deals.facts import Facts
from hub.domain.deals.guards import Circumstances
from hub.domain.deals.outcomes import Decision
from hub.domain.deals.rules.process import AppealParams, ExtensionParams
from hub.domain.deals.states import Action
from hub.record.deals import REASON_CODES
from hub.services.deals.desk import Desk
from hub.services.deals.parts import protection_until
from hub.services.deals.screening import approved, hold_scope, in_order, params_of
from hub.services.deals.working import Deal, put_back, step, take_out
from hub.services.refusals import NotNow, invalid


async def approve(
    tx: Tx, desk: Desk, *, registration_id: UUID, actor: str, teaming: bool = False, note: str | None = None
) -> None:
    """Approve; where the rules want two people, the first approval is noted and the second one counts.

    Raises NotNow where the actor has an interest, approved already, or the status does not allow it.
    """
    deal = await take_out(tx, registration_id)
    facts, decision = await last_decision(tx, deal)
    action = Action.APPROVE_TEAMING if teaming else Action.APPROVE
    given = await circumstances(tx, desk, deal, facts, actor=actor, text=note)
    moved = step(deal, action, given, calendar=desk.calendar, note=note)  # refuses before anything is noted
    if actor in deal.review.approved_by:
        raise NotNow(f"{actor} approved already: somebody else has to.")
    by = (*deal.review.approved_by, actor)
    if len(by) < decision.approvals:
        waiting = deal.noted("approval_given", actor=actor, now=given.now, note=note)
        await put_back(tx, desk, replace(waiting, review=replace(deal.review, approved_by=by)), actor=actor)
        return
    await hold_scope(tx, moved)
    await settle_others(tx, deal.id)
    # What a person approves keeps others out from now on, also where the rules had found it ineligible.
    place = await deal_admission.next_place(tx)
    done = in_order(approved(desk, moved, facts, now=given.now), place, now=given.now)
    await put_back(tx, desk, replace(done, review=replace(done.review, approved_by=by)), actor=actor)


async def reject(tx: Tx, desk: Desk, *, registration_id: UUID, reason_code: str, text: str | None, actor: str) -> None:
    """Reject with a reason code. Raises NotNow, Invalid."""
    await _end(tx, desk, registration_id, Action.REJECT, reason_code=reason_code, text=text, actor=actor)


async def revoke(tx: Tx, desk: Desk, *, registration_id: UUID, reason_code: str, text: str | None, actor: str) -> None:
    """Take an approval back, with a reason code. Raises NotNow, Invalid."""
    await _end(tx, desk, registration_id, Action.REVOKE, reason_code=reason_code, text=text, actor=actor)


async def _end(
    tx: Tx, desk: Desk, registration_id: UUID, action: Action, *, reason_code: str, text: str | None, actor: str
) -> None:
    if reason_code not in REASON_CODES:
        raise invalid("reason_code", f"must be one of {', '.join(REASON_CODES)}")
    deal = await take_out(tx, registration_id)
    facts, _ = await last_decision(tx, deal)
    given = await circumstances(tx, desk, deal, facts, actor=actor, reason_code=reason_code, text=text)
    moved = step(deal, action, given, calendar=desk.calendar)
    await hold_scope(tx, moved)
    await settle_others(tx, deal.id)
    values: dict[str, Any] = {"decided_at": given.now, "rejection_code": reason_code, "rejection_reason": text}
    await put_back(tx, desk, moved.with_values(**values), actor=actor)


async def settle_others(tx: Tx, registration_id: UUID) -> None:
    """It is decided or has ended: whom its conflict review froze is free, and who waited for it is looked at again.

    Its scope is held: who is judged at this moment would meet it as it was, and nobody would look at that one again.
    """
    await deal_reviews.unfreeze(tx, by=registration_id)
    await deal_rechecks.ask(tx, because_of=registration_id)


async def last_decision(tx: Tx, deal: Deal) -> tuple[Facts, Decision]:
    """What the rules said last, with the facts they were told."""
    rows = await deal_reviews.decisions(tx, deal.id)
    if not rows:
        raise NotNow("The registration was not screened yet.")
    facts = msgspec.json.decode(rows[0]["facts"], type=Facts)
    return facts, msgspec.json.decode(rows[0]["decision"], type=Decision)


async def circumstances(
    tx: Tx,
    desk: Desk,
    deal: Deal,
    facts: Facts,
    *,
    actor: str,
    reason_code: str | None = None,
    text: str | None = None,
    new_evidence: int = 0,
) -> Circumstances:
    """What the guards look at, as it is now."""
    extension, appeal = params_of(desk, facts, "extension"), params_of(desk, facts, "appeal")
    assert isinstance(extension, ExtensionParams)
    assert isinstance(appeal, AppealParams)
    decided = deal.values["decided_at"]
    frozen = await deal_reviews.frozen_by(tx, deal.id)
    return Circumstances(
        now=await tx.now(),
        actor=actor,
        interested=interested(deal, facts),
        reason_code=reason_code,
        text=text,
        frozen_by=tuple(map(str, frozen)),
        protection_until=protection_until(desk.calendar, deal.values["protection_ends"]),
        extensions_left=extension.times - deal.review.extensions,
        appeals_left=appeal.times - deal.review.appeals,
        new_evidence=new_evidence,
        appeal_until=decided + timedelta(days=appeal.days) if isinstance(decided, datetime) else None,
    )


def interested(deal: Deal, facts: Facts) -> frozenset[str]:
    """Who submitted it, and our sellers on the other side, by the names under which they act here."""
    owners = {o.owner for o in facts.opportunities if o.owner}
    owners |= {a.owner for a in facts.named_accounts if a.owner} | {a.owner for a in facts.activities if a.owner}
    submitter = deal.review.submitted_by
    return frozenset({submitter, f"key {submitter}", *owners, *(f"key {owner}" for owner in owners)})
