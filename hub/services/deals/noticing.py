"""Notices in the change log what alerts follow from, whoever changed it: a system, a person or a program.

A direct opportunity on a protected customer, a registration amended past its review, an alert that was seen.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from hub.db import deal_reviews, log_readers, records
from hub.db.log_readers import Noticed
from hub.db.session import Database, Tx
from hub.domain.deals.alerts import WATCHED, Alert, Happening, alerts_of
from hub.domain.deals.states import IN_REVIEW, PROTECTED
from hub.record.codec import decode_values
from hub.record.deals import DEAL_REGISTRATION
from hub.record.sell import OPPORTUNITY, SELLER_ALERT
from hub.services.deals.acknowledging import stamp
from hub.services.deals.alerting import raise_alerts
from hub.services.deals.desk import Desk
from hub.services.deals.protecting import direct_alerts

READER = "alerts"
_PAGE = 2000
_OPENS = frozenset({"account", "is_closed", "is_direct", "partner"})
_PROTECTS = frozenset({"review_status", "customer", "customer_name", "customer_domain"})


async def notice(db: Database, desk: Desk) -> int:
    """Read on to the end of the log; returns how many alerts were raised. What another process reads is left to it."""
    raised = 0
    while True:
        async with db.transaction() as tx:
            found = await _notice_page(tx, desk)
        if found is None:
            return raised
        raised += found


async def _notice_page(tx: Tx, desk: Desk) -> int | None:
    """The position moves together with what follows from the page. None at the end of the log."""
    position = await log_readers.take(tx, name=READER)
    if position is None:
        return None
    page, position = await log_readers.noticed(tx, after=position, limit=_PAGE)
    if not page:
        return None
    # Of an opportunity and a protection the one that came last is read when both stand: no meeting is missed.
    direct = await direct_alerts(
        tx,
        desk,
        opportunities=_wrote(page, OPPORTUNITY.name, _OPENS),
        registrations=_wrote(page, DEAL_REGISTRATION.name, _PROTECTS),
    )
    raised = await raise_alerts(tx, [*direct, *await _amended(tx, desk, page)])
    await stamp(tx, [c for c in page if c.record_type == SELLER_ALERT.name and "status" in c.fields])
    await log_readers.move(tx, name=READER, position=position)
    return raised


def _wrote(page: Sequence[Noticed], record_type: str, fields: Collection[str]) -> set[UUID]:
    """Records of a type that came in whole or of which one of these fields was written."""
    return {
        c.record_id
        for c in page
        if c.record_type == record_type and (c.op != "update" or not c.fields.isdisjoint(fields))
    }


async def _amended(tx: Tx, desk: Desk, page: Sequence[Noticed]) -> list[Alert]:
    """Amounts, dates and scopes that were not changed by a step of the review: those told of themselves."""
    written = [
        c
        for c in page
        if c.record_type == DEAL_REGISTRATION.name
        and c.op == "update"
        and not c.fields.isdisjoint(WATCHED)
        and "review_status" not in c.fields
    ]
    if not written:
        return []
    ids = {c.record_id for c in written}
    stored, facts = await records.load(tx, DEAL_REGISTRATION, ids), await deal_reviews.last_facts(tx, ids)
    alerts: list[Alert] = []
    for change in written:
        record, known = stored[change.record_id], facts.get(change.record_id)
        if known is None or record.values["review_status"] not in IN_REVIEW | PROTECTED:
            continue
        before = {**record.values, **decode_values(DEAL_REGISTRATION, change.old or "{}")}
        after = {**record.values, **decode_values(DEAL_REGISTRATION, change.new or "{}")}
        step = Happening(record.id, change.version, after, before, [(record.id, "amend", change.at)])
        alerts += alerts_of(step, known, desk.due_to_see)
    return alerts
