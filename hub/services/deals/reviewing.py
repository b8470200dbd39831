"""Judging again what waits for a person: with fresh facts, on request or because what stood in its way has ended."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from hub.db import deal_admission, deal_rechecks, deal_reviews, records
from hub.db.session import Database, Tx
from hub.domain.deals.engine import follow_up
from hub.domain.deals.outcomes import Decision, Kind
from hub.domain.deals.states import BY_ACTION, DECIDABLE, Action, Status
from hub.record.deals import DEAL_REGISTRATION
from hub.services.deals.desk import Desk
from hub.services.deals.screening import Judged, follow, freeze, in_order, judge, words_of
from hub.services.deals.working import put_back, take_out
from hub.services.refusals import Gone, NotFound, NotNow

log = structlog.get_logger()
_MOST_AT_ONCE = 1000


async def review(tx: Tx, desk: Desk, *, registration_id: UUID, actor: str, note: str | None = None) -> None:
    """Ask all rules again. It goes where they say now, except that only a person rejects what was open before.

    An appeal stays one. A registration that comes under a conflict review is to be approved anew. Raises NotNow where
    no person has to decide.
    """
    deal = await take_out(tx, registration_id)
    if deal.status not in DECIDABLE:
        raise NotNow(f"A registration that is {deal.status} waits for nobody's decision: there is nothing to review.")
    deal, facts, decision = await judge(tx, desk, deal, request="review", actor=actor)
    said = f"{note} {words_of(decision)}" if note else words_of(decision)
    deal = deal.noted("review", actor=actor, now=facts.now, note=said)
    if decision.eligible:
        deal = in_order(deal, await deal_admission.next_place(tx), now=facts.now)
    await deal_reviews.unfreeze(tx, by=deal.id)
    action = _action(deal.status, follow_up(desk.policy, decision), decision)
    if action is not None:
        deal = follow(desk, Judged(deal, facts, decision, "review", actor), action).deal
    if action is Action.HOLD:
        deal = replace(deal, review=replace(deal.review, approved_by=()))
    if deal.status is Status.CONFLICT_REVIEW:
        await freeze(tx, deal, facts, decision)
    await put_back(tx, desk, deal, actor=actor)


async def look_again(db: Database, desk: Desk) -> int:
    """Review what was asked for by registrations that ended, each in its own transaction; returns how many.

    May run in several processes at once, and stop anywhere.
    """
    for looked in range(_MOST_AT_ONCE):
        async with db.transaction() as tx:
            asked = await deal_rechecks.take(tx)
            if asked is None:
                return looked
            await _again(tx, desk, asked)
    return _MOST_AT_ONCE


async def look_again_after_reads(db: Database, desk: Desk) -> int:
    """The same, and also what was decided on an old read of a CRM that was read since: it may need no person now."""
    async with db.transaction() as tx:
        await deal_rechecks.ask_after_reads(tx)
    return await look_again(db, desk)


async def look_again_soon(db: Database, desk: Desk) -> None:
    """The same after a change was committed: what fails now is done by the worker's next round."""
    try:
        await look_again(db, desk)
    except (psycopg.Error, PoolTimeout) as exc:
        log.warning("looking_again_failed", error=type(exc).__name__, verdict="the worker does it")


async def _again(tx: Tx, desk: Desk, asked: deal_rechecks.Asked) -> None:
    try:
        await review(tx, desk, registration_id=asked.registration_id, actor="hub", note=await _reason(tx, asked))
    except (NotFound, Gone, NotNow) as exc:
        log.info("looking_again_not_needed", registration=str(asked.registration_id), because=exc.detail)


async def _reason(tx: Tx, asked: deal_rechecks.Asked) -> str:
    if asked.because_of == asked.registration_id:
        return "The CRM was read since."
    other = (await records.load(tx, DEAL_REGISTRATION, [asked.because_of])).get(asked.because_of)
    became = other.values["review_status"] if other and other.alive else "gone"
    return f"Registration {asked.because_of} is {became} now."


def _action(status: Status, wanted: Action, decision: Decision) -> Action | None:
    """The step from here; None where it stays."""
    if status is Status.APPEALED:
        return None
    if wanted is Action.REJECT:
        disputed = any(o.outcome is Kind.BLOCK and o.group == "conflict" for o in decision.outcomes)
        wanted = Action.HOLD if disputed else Action.QUEUE
    return None if BY_ACTION[wanted].target is status else wanted
