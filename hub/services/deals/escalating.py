"""What is late is handed on, each once: decisions that are due soon or overdue, and alerts that nobody has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub.db import audit, changes, deal_clocks, deal_reviews, records, seller_alerts
from hub.db.changes import Origin
from hub.db.deal_clocks import Due
from hub.db.session import Database, Tx
from hub.domain.deals.alerts import Alert
from hub.domain.deals.calendar import add_business, business_between
from hub.domain.deals.facts import Facts
from hub.domain.deals.overdue import decision_due, decision_overdue, not_acknowledged
from hub.domain.deals.policy import RuleSetting
from hub.domain.deals.rules.process import EscalationParams, SlaParams
from hub.domain.deals.states import IN_REVIEW
from hub.record.deals import DEAL_EVENT, DEAL_REGISTRATION
from hub.record.values import Values
from hub.services.deals.acknowledging import note_stamps
from hub.services.deals.alerting import ACTOR, raise_alerts
from hub.services.deals.desk import Desk
from hub.services.deals.working import RULE
from hub.services.matching import new_ids
from hub.services.records import creation

_PAGE = 500


async def escalate(db: Database, desk: Desk) -> dict[str, int]:
    """Warn of and hand on what is late by now, a page a transaction; may run twice or stop anywhere."""
    counts = {"warned": 0, "overdue": 0, "unseen": 0}
    after: tuple[datetime, UUID] | None = None
    while True:
        async with db.transaction() as tx:
            now = await tx.now()
            page = await deal_clocks.due_by(tx, until=_horizon(desk, now), statuses=IN_REVIEW, after=after, limit=_PAGE)
            await _decisions(tx, desk, page, now, counts)
        if len(page) < _PAGE:
            break
        after = page[-1].due_at, page[-1].registration_id
    while True:
        async with db.transaction() as tx:
            handed_on = await _unseen(tx, desk)
        counts["unseen"] += handed_on
        if handed_on < _PAGE:
            return counts


async def _decisions(tx: Tx, desk: Desk, page: Sequence[Due], now: datetime, counts: dict[str, int]) -> None:
    """Of registrations whose clocks are held: one alert before the deadline, and an event with another after it."""
    ids = [due.registration_id for due in page]
    facts = await deal_reviews.last_facts(tx, ids) if ids else {}
    known = [due for due in page if due.registration_id in facts]
    warned = [due for due in known if not due.warned and _is_near(desk, facts[due.registration_id], due, now)]
    late = [due for due in known if not due.escalated and _is_late(desk, facts[due.registration_id], due, now)]
    if not warned and not late:
        return
    stored = await records.load(tx, DEAL_REGISTRATION, {due.registration_id for due in (*warned, *late)})
    values = {i: record.values for i, record in stored.items()}
    alerts = [_warning(due, values, facts) for due in warned if due.due_at > now]
    alerts += [_escalation(desk, due, values, facts) for due in late]
    counts["warned"] += len(warned)
    counts["overdue"] += len(late)
    await raise_alerts(tx, alerts)
    await _note_escalated(tx, late, values, now)
    await deal_clocks.mark(tx, warned=[d.registration_id for d in warned], escalated=[d.registration_id for d in late])


async def _unseen(tx: Tx, desk: Desk) -> int:
    """Alerts past their time go to who is next; that is seen on them."""
    found = await seller_alerts.escalate_unseen(tx, limit=_PAGE)
    await note_stamps(tx, [stamped for stamped, _ in found], rule="escalation")
    rule = desk.policy.rules["escalation"].base
    params = _escalation_params(rule)
    told = [not_acknowledged(stamped.id, row, to=params.to, mail=params.mail) for stamped, row in found]
    await raise_alerts(tx, told)
    return len(found)


def _horizon(desk: Desk, now: datetime) -> datetime:
    """Of what is due later than this nobody is warned yet, in any scope."""
    rule = desk.policy.rules["approval_sla"]
    settings = (rule.base, *(variant.setting for variant in rule.variants))
    return add_business(desk.calendar, now, timedelta(hours=max(_sla_params(s).warn_hours for s in settings)))


def _is_near(desk: Desk, facts: Facts, due: Due, now: datetime) -> bool:
    setting = _setting(desk, facts, "approval_sla")
    left = business_between(desk.calendar, now, due.due_at)
    return setting.enabled and left <= timedelta(hours=_sla_params(setting).warn_hours)


def _is_late(desk: Desk, facts: Facts, due: Due, now: datetime) -> bool:
    setting = _setting(desk, facts, "escalation")
    if not setting.enabled or now < due.due_at:
        return False
    late = business_between(desk.calendar, due.due_at, now)
    return late >= timedelta(hours=_escalation_params(setting).after_hours)


def _warning(due: Due, values: Mapping[UUID, Values], facts: Mapping[UUID, Facts]) -> Alert:
    deal = due.registration_id
    return decision_due(deal=deal, values=values[deal], partner_name=facts[deal].standing.name, due=due.due_at)


def _escalation(desk: Desk, due: Due, values: Mapping[UUID, Values], facts: Mapping[UUID, Facts]) -> Alert:
    deal = due.registration_id
    params = _escalation_params(_setting(desk, facts[deal], "escalation"))
    return decision_overdue(
        deal=deal,
        values=values[deal],
        partner_name=facts[deal].standing.name,
        due=due.due_at,
        to=params.to,
        mail=params.mail,
    )


async def _note_escalated(tx: Tx, late: Sequence[Due], values: Mapping[UUID, Values], now: datetime) -> None:
    """Their events, with changes and entries in the audit trail."""
    if not late:
        return
    rows: list[tuple[UUID, Values]] = []
    for event_id, due in zip(sorted(new_ids(len(late))), late, strict=True):
        status = values[due.registration_id]["review_status"]
        event: Values = {
            "deal": due.registration_id,
            "kind": "escalated",
            "happened_at": now,
            "actor": ACTOR,
            "from_status": status,
            "to_status": status,
            "note": f"It should have been decided by {due.due_at:%Y-%m-%d %H:%M} UTC.",
        }
        rows.append((event_id, event))
    await records.insert(tx, DEAL_EVENT, rows)
    log = [creation(DEAL_EVENT, event_id, event, rule=RULE) for event_id, event in rows]
    await changes.append(tx, origin=Origin(actor=ACTOR), changes=log)
    entries = [(ACTOR, str(due.registration_id), {"event": "escalated"}) for due in late]
    await audit.note_all(tx, action="deal_registration", entries=entries)


def _setting(desk: Desk, facts: Facts, rule: str) -> RuleSetting:
    return desk.policy.settings(desk.policy.scope_of(facts))[rule]


def _sla_params(setting: RuleSetting) -> SlaParams:
    assert isinstance(setting.params, SlaParams)
    return setting.params


def _escalation_params(setting: RuleSetting) -> EscalationParams:
    assert isinstance(setting.params, EscalationParams)
    return setting.params
