"""What direct sales, tenders, leads and orders say of customers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hub.db import deal_surroundings
from hub.db.deal_surroundings import (
    ActivityRow,
    LeadRow,
    NamedAccountRow,
    OpportunityRow,
    SupplyRow,
    SurroundingRows,
    TenderRow,
)
from hub.db.questions import Question
from hub.domain.deals.facts import (
    Activity,
    Exclusivity,
    Freshness,
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
_R = TypeVar("_R")
_F = TypeVar("_F")
Matches = Mapping[UUID, Match]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is stored around organisations, as the facts of each registration's customer."""

    today: date
    rows: SurroundingRows

    def facts(self, matches: Matches) -> dict[str, Any]:
        """Fields of Facts about the organisations that a registration's customer matches."""
        if not matches:
            return {}
        return {
            "opportunities": _of(self.rows.opportunities, "account", matches, _opportunity),
            "activities": _of(self.rows.activities, "account", matches, _activity)[:_MOST_ACTIVITIES],
            "named_accounts": _of(self.rows.named_accounts, "organization", matches, _named),
            "tenders": _of(self.rows.tenders, "buyer", matches, _tender),
            "incumbents": _of(self.rows.supplied, "customer", matches, _incumbent),
            "leads": _of(self.rows.leads, "customer", matches, _lead),
        }

    @property
    def crm(self) -> tuple[Freshness, ...]:
        """When each system that mirrors direct sales was last read through."""
        return tuple(Freshness(system=read.name, observed_at=read.at) for read in self.rows.last_reads)

    def exclusivities(self, product_lines: Collection[str], country: str | None) -> tuple[Exclusivity, ...]:
        """Those to one of the lines in a country; a right without countries holds in all."""
        return tuple(
            Exclusivity(partner=str(right.partner), product_line=right.line, country=country)
            for right in self.rows.sole_rights
            if country and right.line in product_lines and (not right.countries or country in right.countries)
        )

    def sanction(self, matches: Matches, record_id: UUID | None) -> Sanction:
        """Whether business is forbidden with an organisation that the customer is, or may be."""
        held = [match.verdict for i, match in matches.items() if i in self.rows.on_hold]
        if record_id in self.rows.on_hold or Verdict.SAME in held:
            return "sure"
        return "doubtful" if Verdict.REVIEW in held else "none"

    def relation(self, matches: Matches, record_id: UUID | None) -> Relation:
        """Of the customer's record; else of the first organisation that it surely is."""
        same = (i for i, match in matches.items() if match.verdict is Verdict.SAME)
        known = record_id or next(same, None)
        if known is None:
            return "unknown"
        last = next((order.ordered_on for order in self.rows.last_orders if order.customer == known), None)
        if last is None:
            return "new"
        return "existing" if last >= self.today - _SUPPLY else "former"


def surroundings(
    organizations: Collection[UUID], *, product_lines: Collection[str], now: datetime, today: date
) -> Question[Surroundings]:
    """As they are stored now; of sole rights those to one of the product lines."""
    rows = deal_surroundings.surroundings(
        organizations,
        product_lines=product_lines,
        since=now - _LOOK_BACK,
        supplied_since=today - _SUPPLY,
        today=today,
        most_activities=_MOST_ACTIVITIES,
    )
    return rows.then(lambda found: Surroundings(today, found))


def _of(rows: Iterable[_R], name: str, matches: Matches, read: Callable[[_R, Match], _F]) -> tuple[_F, ...]:
    return tuple(read(row, matches[of]) for row in rows if (of := getattr(row, name)) in matches)


def _opportunity(row: OpportunityRow, match: Match) -> Opportunity:
    amount = None
    if row.amount is not None and row.amount_currency is not None:  # the table has both or none
        amount = Money(row.amount, row.amount_currency)
    return Opportunity(
        id=str(row.id),
        match=match,
        name=row.name,
        owner=row.owner_name,
        stage=row.stage,
        amount=amount,
        close_date=row.close_date,
        is_direct=row.is_direct is not False and row.partner is None,
        partner=text_of(row.partner),
        last_activity=row.last_activity_on,
        created_at=row.created_at,
        source=Source(system=row.system or "hub", id=row.remote_id or "", observed_at=row.as_of),
    )


def _activity(row: ActivityRow, match: Match) -> Activity:
    return Activity(
        id=str(row.id),
        match=match,
        kind=row.kind,
        happened_at=row.happened_at,
        owner=row.owner_name,
    )


def _named(row: NamedAccountRow, match: Match) -> NamedAccount:
    return NamedAccount(
        id=str(row.id),
        match=match,
        reserved_for=row.reserved_for,
        partner=text_of(row.partner),
        product_line=row.line,
        owner=row.owner_name,
    )


def _tender(row: TenderRow, match: Match) -> Tender:
    return Tender(
        id=str(row.id),
        match=match,
        reference=row.reference or "",
        published_on=row.published_on,
        closes_on=row.closes_on,
        product_lines=tuple(row.product_lines or ()),
    )


def _incumbent(row: SupplyRow, match: Match) -> Incumbent:
    return Incumbent(
        id=f"{row.customer}/{row.line}",
        match=match,
        partner=text_of(row.partner),
        product_line=row.line,
        until=row.until,
    )


def _lead(row: LeadRow, match: Match) -> Lead:
    return Lead(
        id=str(row.id),
        match=match,
        partner=str(row.partner),
        received_at=row.received_at,
    )
