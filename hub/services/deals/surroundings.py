"""What direct sales, tenders, leads and orders say of customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hub.db import deal_facts
from hub.db.session import Tx
from hub.domain.deals.facts import (
    Activity,
    Incumbent,
    Lead,
    Match,
    NamedAccount,
    Opportunity,
    Relation,
    Sanction,
    Source,
    Tender,
)
from hub.domain.matching import Verdict
from hub.record.values import Money
from hub.services.deals.parts import text_of

_LOOK_BACK = timedelta(days=400)
_SUPPLY = timedelta(days=730)
_MOST_ACTIVITIES = 100
_Row = dict[str, Any]
_F = TypeVar("_F")
Matches = Mapping[UUID, Match]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Rows about organisations, under the field that names the organisation."""

    today: date
    opportunities: list[_Row]
    activities: list[_Row]
    named_accounts: list[_Row]
    tenders: list[_Row]
    supplied: list[_Row]
    leads: list[_Row]
    last_orders: Mapping[UUID, date | None]
    on_hold: Collection[UUID]

    def facts(self, matches: Matches) -> dict[str, Any]:
        """Fields of Facts about the organisations that a registration's customer matches."""
        if not matches:
            return {}
        return {
            "opportunities": _of(self.opportunities, "account", matches, _opportunity),
            "activities": _of(self.activities, "account", matches, _activity)[:_MOST_ACTIVITIES],
            "named_accounts": _of(self.named_accounts, "organization", matches, _named),
            "tenders": _of(self.tenders, "buyer", matches, _tender),
            "incumbents": _of(self.supplied, "customer", matches, _incumbent),
            "leads": _of(self.leads, "customer", matches, _lead),
        }

    def sanction(self, matches: Matches, record_id: UUID | None) -> Sanction:
        """Whether business is forbidden with an organisation that the customer is, or may be."""
        held = [match.verdict for i, match in matches.items() if i in self.on_hold]
        if record_id in self.on_hold or Verdict.SAME in held:
            return "sure"
        return "doubtful" if Verdict.REVIEW in held else "none"

    def relation(self, matches: Matches, record_id: UUID | None) -> Relation:
        """Of the customer's record; else of the first organisation that it surely is."""
        same = (i for i, match in matches.items() if match.verdict is Verdict.SAME)
        known = record_id or next(same, None)
        if known is None:
            return "unknown"
        last = self.last_orders.get(known)
        if last is None:
            return "new"
        return "existing" if last >= self.today - _SUPPLY else "former"


async def surroundings(tx: Tx, organizations: Collection[UUID], *, now: datetime, today: date) -> Surroundings:
    """As they are stored now."""
    if not organizations:
        return Surroundings(today, [], [], [], [], [], [], {}, ())
    since = now - _LOOK_BACK
    return Surroundings(
        today=today,
        opportunities=await deal_facts.opportunities(tx, organizations),
        activities=await deal_facts.activities(tx, organizations, since=since, most=_MOST_ACTIVITIES),
        named_accounts=await deal_facts.named_accounts(tx, organizations, today=today),
        tenders=await deal_facts.tenders(tx, organizations),
        supplied=await deal_facts.supplied(tx, organizations, since=today - _SUPPLY, today=today),
        leads=await deal_facts.leads(tx, organizations, since=since),
        last_orders=await deal_facts.last_orders(tx, organizations),
        on_hold=await deal_facts.on_hold(tx, organizations),
    )


def _of(rows: list[_Row], column: str, matches: Matches, read: Callable[[_Row, Match], _F]) -> tuple[_F, ...]:
    return tuple(read(row, matches[row[column]]) for row in rows if row[column] in matches)


def _opportunity(row: _Row, match: Match) -> Opportunity:
    amount = Money(row["amount"], row["amount_currency"]) if row["amount"] is not None else None
    return Opportunity(
        id=str(row["id"]),
        match=match,
        name=row["name"],
        owner=row["owner_name"],
        stage=row["stage"],
        amount=amount,
        close_date=row["close_date"],
        is_direct=row["is_direct"] is not False and row["partner"] is None,
        partner=text_of(row["partner"]),
        last_activity=row["last_activity_on"],
        created_at=row["created_at"],
        source=Source(system=row["system"] or "hub", id=row["remote_id"] or "", observed_at=row["as_of"]),
    )


def _activity(row: _Row, match: Match) -> Activity:
    return Activity(
        id=str(row["id"]),
        match=match,
        kind=row["kind"],
        happened_at=row["happened_at"],
        owner=row["owner_name"],
    )


def _named(row: _Row, match: Match) -> NamedAccount:
    return NamedAccount(
        id=str(row["id"]),
        match=match,
        reserved_for=row["reserved_for"],
        partner=text_of(row["partner"]),
        product_line=row["line"],
        owner=row["owner_name"],
    )


def _tender(row: _Row, match: Match) -> Tender:
    return Tender(
        id=str(row["id"]),
        match=match,
        reference=row["reference"] or "",
        published_on=row["published_on"],
        closes_on=row["closes_on"],
        product_lines=tuple(row["product_lines"] or ()),
    )


def _incumbent(row: _Row, match: Match) -> Incumbent:
    return Incumbent(
        id=f"{row['customer']}/{row['line']}",
        match=match,
        partner=text_of(row["partner"]),
        product_line=row["line"],
        until=row["until"],
    )


def _lead(row: _Row, match: Match) -> Lead:
    return Lead(
        id=str(row["id"]),
        match=match,
        partner=str(row["partner"]),
        received_at=row["received_at"],
    )
