"""Protection from the other side: direct opportunities on protected customers that nobody saw when they approved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from hub.db import protections, record_lists, records
from hub.db.protections import Meeting
from hub.db.session import Tx
from hub.domain.deals.alerts import Alert, direct_on_protected
from hub.domain.deals.states import PROTECTED
from hub.domain.matching import Verdict, organization_features
from hub.record.deals import DEAL_REGISTRATION
from hub.record.identity import ORGANIZATION
from hub.record.onboard import PARTNER
from hub.record.sell import OPPORTUNITY
from hub.services.deals.candidates import Customer, customers_of, matched
from hub.services.deals.desk import Desk

_SURE, _UNSURE = Verdict.SAME, Verdict.REVIEW


async def direct_alerts(
    tx: Tx, desk: Desk, *, opportunities: Collection[UUID], registrations: Collection[UUID]
) -> list[Alert]:
    """What opportunities and registrations that changed a moment ago come to, compared with all that is stored.

    The same customer is one record, or what the matcher says of two. Where it is not sure, a person is asked. What
    those who approved were shown is no news. An opportunity says nothing of product lines, so it is about all of them.
    """
    now = await tx.now()
    today = desk.calendar.day_of(now)
    met: dict[Meeting, Verdict] = {}
    if opportunities:
        found = await protections.met_by(tx, opportunities=opportunities, statuses=PROTECTED, today=today)
        met |= await _judged(tx, desk, found)
    if registrations:
        deals = await protections.protected(tx, registrations=registrations, statuses=PROTECTED, today=today)
        met |= await _met_by_new(tx, desk, deals)
    met = {meeting: verdict for meeting, verdict in met.items() if verdict in (_SURE, _UNSURE)}
    return await _alerts(tx, desk, met, now) if met else []


async def _judged(tx: Tx, desk: Desk, found: Collection[Meeting]) -> dict[Meeting, Verdict]:
    """What shares a key is compared by the matcher."""
    accounts = await records.load(tx, ORGANIZATION, {meeting.account for meeting in found}) if found else {}
    deals = await records.load(tx, DEAL_REGISTRATION, {meeting.deal for meeting in found}) if found else {}
    customers = dict(zip(deals, await customers_of(tx, [deal.values for deal in deals.values()]), strict=True))
    theirs = {i: Customer(organization_features(account.values), (), i) for i, account in accounts.items()}
    weights = desk.candidates.weights
    return {m: matched(customers[m.deal], theirs[m.account], weights).verdict for m in found if m.account in theirs}


async def _met_by_new(tx: Tx, desk: Desk, deals: Sequence[UUID]) -> dict[Meeting, Verdict]:
    """What protections that began meet: opportunities that were opened while they were under review."""
    if not deals:
        return {}
    stored = await records.load(tx, DEAL_REGISTRATION, deals)
    customers = await customers_of(tx, [deal.values for deal in stored.values()])
    found = dict(zip(stored, await desk.candidates.organizations(tx, customers=customers), strict=True))
    verdicts = {(deal, account): match.verdict for deal, matches in found.items() for account, match in matches.items()}
    on_accounts: dict[UUID, list[UUID]] = {}
    for opportunity, account in await protections.direct_on(tx, {account for _, account in verdicts}):
        on_accounts.setdefault(account, []).append(opportunity)
    return {
        Meeting(opportunity, account, deal): verdict
        for (deal, account), verdict in verdicts.items()
        for opportunity in on_accounts.get(account, ())
        if stored[deal].values["opportunity"] != opportunity
    }


async def _alerts(tx: Tx, desk: Desk, met: Mapping[Meeting, Verdict], now: datetime) -> list[Alert]:
    deals = await records.load(tx, DEAL_REGISTRATION, {meeting.deal for meeting in met})
    opportunities = await records.load(tx, OPPORTUNITY, {meeting.opportunity for meeting in met})
    known = await protections.known(tx, deals)
    partners = {partner for deal in deals.values() if isinstance(partner := deal.values["partner"], UUID)}
    names = await record_lists.titles(tx, PARTNER, partners)
    due_at = desk.due_to_see("direct_on_protected", now)
    alerts: list[Alert] = []
    for meeting, verdict in met.items():
        if str(meeting.opportunity) in known.get(meeting.deal, ()):
            continue
        values = deals[meeting.deal].values
        partner = values["partner"]
        alerts += direct_on_protected(
            deal=meeting.deal,
            values=values,
            partner_name=names.get(partner, "") if isinstance(partner, UUID) else "",
            opportunity=meeting.opportunity,
            opportunity_name=str(opportunities[meeting.opportunity].values["name"]),
            account=meeting.account,
            sure=verdict is _SURE,
            due_at=due_at,
        )
    return alerts
