"""Protections that end: the partner is reminded before, each time once, and the registration expires."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from hub.db import deal_rechecks, deal_reviews
from hub.db.session import Database, Tx
from hub.domain.deals.guards import REMIND_BEFORE, Circumstances, reminder_due
from hub.domain.deals.states import PROTECTED, Action
from hub.services.deals.desk import Desk
from hub.services.deals.parts import protection_until
from hub.services.deals.screening import hold_scope
from hub.services.deals.working import put_back, step, take_out

MOST = 500
ACTOR = "hub"


async def end_protections(db: Database, desk: Desk) -> dict[str, int]:
    """Remind of and end what is due, each registration in its own transaction; may run twice or stop anywhere."""
    counts = {"expired": 0, "reminded": 0}
    while ending := await _ending(db, desk):
        done = 0
        for registration_id, last_day in ending:
            async with db.transaction() as tx:
                if what := await _end_or_remind(tx, desk, registration_id, last_day):
                    counts[what] += 1
                    done += 1
        if not done:  # what is left is somebody else's, or comes a little later
            break
    return counts


async def _ending(db: Database, desk: Desk) -> list[tuple[UUID, date]]:
    async with db.transaction() as tx:
        today = desk.calendar.day_of(await tx.now())
        return await deal_reviews.ending(tx, today=today, remind_before=REMIND_BEFORE, statuses=PROTECTED, limit=MOST)


async def _end_or_remind(tx: Tx, desk: Desk, registration_id: UUID, last_day: date) -> str | None:
    deal = await take_out(tx, registration_id)
    if deal.status not in PROTECTED or deal.values["protection_ends"] != last_day:
        return None  # changed since it was listed
    now, until = await tx.now(), protection_until(desk.calendar, last_day)
    assert until is not None
    if now >= until:
        given = Circumstances(now=now, actor=ACTOR, protection_until=until)
        await hold_scope(tx, deal)
        await put_back(tx, desk, step(deal, Action.EXPIRE, given, calendar=desk.calendar), actor=ACTOR)
        await deal_rechecks.ask(tx, because_of=registration_id)
        return "expired"
    sent = await deal_reviews.reminders(tx, registration_id=registration_id, protection_ends=last_day)
    days = reminder_due(now=now, protection_until=until, sent=sent)
    if days is None or not await deal_reviews.note_reminder(
        tx, registration_id=registration_id, protection_ends=last_day, days=days
    ):
        return None
    note = f"The protection ends on {last_day}."
    await put_back(tx, desk, deal.noted(f"reminded_{days}_days", actor=ACTOR, now=now, note=note), actor=ACTOR)
    return "reminded"
