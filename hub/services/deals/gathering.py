"""Gathers the facts of one registration: everything that the rules may know, as of one moment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.db import deal_facts, deal_reviews, record_lists, records
from hub.db.deal_reviews import ReviewRow
from hub.db.session import Tx
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.facts import (
    Account,
    Activity,
    Authorisation,
    Facts,
    Freshness,
    Incumbent,
    Lead,
    Match,
    NamedAccount,
    Opportunity,
    Party,
    Preference,
    Proof,
    Registration,
    Relation,
    Review,
    Rival,
    Source,
    Standing,
    Tender,
)
from hub.domain.deals.states import IN_REVIEW, PROTECTED, Status
from hub.domain.matching import Verdict
from hub.record.deals import DEAL_REGISTRATION
from hub.record.onboard import PARTNER
from hub.record.values import Money, Value
from hub.services.deals.candidates import Candidates, Customer

_LOOK_BACK = timedelta(days=400)
_SUPPLY = timedelta(days=730)
_LIVE = tuple(IN_REVIEW | PROTECTED)
_SAID = ("deal_type", "channel", "route")


@dataclass(frozen=True, slots=True)
class Subject:
    """The registration that facts are gathered for."""

    id: UUID
    values: Mapping[str, Value]
    review: ReviewRow
    customer: Customer


async def gather(
    tx: Tx, subject: Subject, *, calendar: BusinessCalendar, candidates: Candidates, request: Review, now: datetime
) -> Facts:
    """In a number of queries that does not grow with what is found."""
    today = calendar.day_of(now)
    registrations = await candidates.registrations(tx, customer=subject.customer, but=subject.id)
    found = await candidates.organizations(tx, customer=subject.customer)
    matches = {i: match for i, match in found.items() if match.verdict is not Verdict.DIFFERENT}
    parties = await _parties(tx, {subject.id, *registrations})
    proofs = await deal_facts.proofs(tx, subject.id)
    partner = _id(subject.values["partner"])
    return Facts(
        now=now,
        registration=_registration(subject, calendar, parties.get(subject.id, ()), proofs),
        standing=await _standing(tx, partner, today, subject.id),
        review=request,
        relation=await _relation(tx, subject.customer, matches, today),
        rivals=await _rivals(tx, registrations, parties, calendar) if registrations else (),
        preferences=tuple(
            Preference(partner=str(partner), dated_on=p["dated_on"]) for p in proofs if p["kind"] == "customer_letter"
        ),
        crm=tuple(Freshness(system=r["name"], observed_at=r["at"]) for r in await deal_facts.last_reads(tx)),
        accounts=tuple(Account(id=str(i), match=match) for i, match in matches.items()),
        **(await _around(tx, matches, now=now, today=today) if matches else {}),
    )


async def _around(tx: Tx, matches: Mapping[UUID, Match], *, now: datetime, today: date) -> dict[str, Any]:
    """What direct sales, tenders, leads and orders say of these customers."""
    since = now - _LOOK_BACK
    return {
        "opportunities": tuple(_opportunity(r, matches) for r in await deal_facts.opportunities(tx, matches)),
        "activities": tuple(_activity(r, matches) for r in await deal_facts.activities(tx, matches, since=since)),
        "named_accounts": tuple(_named(r, matches) for r in await deal_facts.named_accounts(tx, matches, today=today)),
        "tenders": tuple(_tender(r, matches) for r in await deal_facts.tenders(tx, matches)),
        "incumbents": tuple(
            _incumbent(r, matches) for r in await deal_facts.supplied(tx, matches, since=today - _SUPPLY)
        ),
        "leads": tuple(_lead(r, matches) for r in await deal_facts.leads(tx, matches, since=since)),
    }


def _registration(
    subject: Subject, calendar: BusinessCalendar, parties: tuple[Party, ...], proofs: list[dict[str, Any]]
) -> Registration:
    values: Mapping[str, Any] = subject.values
    said = {name: values[name] for name in _SAID if values[name]}
    return Registration(
        id=str(subject.id),
        partner=_text(values["partner"]) or "",
        on_behalf_of=_text(values["on_behalf_of"]),
        parties=parties,
        status=Status(values["review_status"] or "draft"),
        customer_name=values["customer_name"] or "",
        customer_domain=values["customer_domain"],
        country=values["customer_country"],
        product_lines=values["product_lines"] or (),
        amount=values["amount"],
        close_date=values["close_date"],
        public_sector=bool(values["public_sector"]),
        renewal=bool(values["renewal"]),
        value_add=values["value_add"],
        contact_name=values["contact_name"],
        contact_email=values["contact_email"],
        contact_role=values["contact_role"],
        description=values["description"],
        evidence=tuple(Proof(**{**p, "kind": p["kind"] or "other"}) for p in proofs),
        submitted_at=values["submitted_at"],
        eligible_at=values["eligible_at"],
        decided_at=values["decided_at"],
        priority=subject.review.place,
        protection_until=protection_until(calendar, values["protection_ends"]),
        **said,
    )


def protection_until(calendar: BusinessCalendar, last_day: object) -> datetime | None:
    """The protection holds to the end of its last day."""
    return calendar.midnight(last_day + timedelta(days=1)) if isinstance(last_day, date) else None


async def _standing(tx: Tx, partner: UUID, today: date, but: UUID) -> Standing:
    stored = (await records.load(tx, PARTNER, [partner])).get(partner)
    held: Mapping[str, Any] = stored.values if stored else {}
    member = await deal_facts.membership(tx, partner=partner, today=today) or {}
    signed, until = await deal_facts.signed_until(tx, partner=partner)
    rights = await deal_facts.authorisations(tx, partner=partner, today=today)
    return Standing(
        name=held.get("legal_name") or "",
        status=held.get("status") or "unknown",
        program=member.get("program"),
        tier=member.get("tier") or held.get("tier"),
        contract_signed=signed or held.get("contract_end") is not None,
        contract_until=until if signed else held.get("contract_end"),
        authorised=None
        if rights is None
        else tuple(Authorisation(product_line=line, countries=tuple(countries)) for line, countries in rights),
        open_registrations=await deal_facts.open_registrations(tx, partner=partner, statuses=_LIVE, but=but),
    )


async def _relation(tx: Tx, customer: Customer, matches: Mapping[UUID, Match], today: date) -> Relation:
    same = [i for i, match in matches.items() if match.verdict is Verdict.SAME]
    known = customer.record_id or (same[0] if same else None)
    if known is None:
        return "unknown"
    last = await deal_facts.last_order(tx, known)
    if last is None:
        return "new"
    return "existing" if last >= today - _SUPPLY else "former"


async def _rivals(
    tx: Tx, found: Mapping[UUID, Match], parties: Mapping[UUID, tuple[Party, ...]], calendar: BusinessCalendar
) -> tuple[Rival, ...]:
    stored = await records.load(tx, DEAL_REGISTRATION, found)
    reviews = await deal_reviews.load(tx, found)
    partners = {partner for r in stored.values() if isinstance(partner := r.values["partner"], UUID)}
    names = await record_lists.titles(tx, PARTNER, partners)
    return tuple(
        _rival(i, stored[i].values, match, reviews.get(i), parties.get(i, ()), names, calendar)
        for i, match in found.items()
        if i in stored and stored[i].values["review_status"] and stored[i].values["partner"]
    )


def _rival(
    rival_id: UUID,
    values: Mapping[str, Any],
    match: Match,
    review: ReviewRow | None,
    parties: tuple[Party, ...],
    names: Mapping[UUID, str],
    calendar: BusinessCalendar,
) -> Rival:
    until = protection_until(calendar, values["protection_ends"])
    status = Status(values["review_status"])
    return Rival(
        id=str(rival_id),
        match=match,
        partner=str(values["partner"]),
        partner_name=names.get(values["partner"], ""),
        on_behalf_of=_text(values["on_behalf_of"]),
        parties=parties,
        status=status,
        deal_type=values["deal_type"] or "resale",
        customer_name=values["customer_name"] or "",
        product_lines=values["product_lines"] or (),
        amount=values["amount"],
        close_date=values["close_date"],
        contact_name=values["contact_name"],
        contact_email=values["contact_email"],
        submitted_at=values["submitted_at"],
        eligible_at=values["eligible_at"],
        ended_at=until if status is Status.EXPIRED else None,
        priority=review.place if review else None,
        protection_until=until,
    )


async def _parties(tx: Tx, deals: Collection[UUID]) -> dict[UUID, tuple[Party, ...]]:
    found: dict[UUID, tuple[Party, ...]] = {}
    for row in await deal_facts.parties(tx, deals):
        party = Party(
            partner=str(row["partner"]),
            role=row["role"],
            credit=row["credit"],
            on_behalf_of=_text(row["on_behalf_of"]),
        )
        found[row["deal"]] = (*found.get(row["deal"], ()), party)
    return found


def _opportunity(row: dict[str, Any], matches: Mapping[UUID, Match]) -> Opportunity:
    amount = Money(row["amount"], row["amount_currency"]) if row["amount"] is not None else None
    return Opportunity(
        id=str(row["id"]),
        match=matches[row["account"]],
        name=row["name"],
        owner=row["owner_name"],
        stage=row["stage"],
        amount=amount,
        close_date=row["close_date"],
        is_direct=row["is_direct"] is not False and row["partner"] is None,
        partner=_text(row["partner"]),
        last_activity=row["last_activity_on"],
        created_at=row["created_at"],
        source=Source(system=row["system"] or "hub", id=row["remote_id"] or "", observed_at=row["as_of"]),
    )


def _activity(row: dict[str, Any], matches: Mapping[UUID, Match]) -> Activity:
    return Activity(
        id=str(row["id"]),
        match=matches[row["account"]],
        kind=row["kind"],
        happened_at=row["happened_at"],
        owner=row["owner_name"],
    )


def _named(row: dict[str, Any], matches: Mapping[UUID, Match]) -> NamedAccount:
    return NamedAccount(
        id=str(row["id"]),
        match=matches[row["organization"]],
        reserved_for=row["reserved_for"],
        partner=_text(row["partner"]),
        product_line=row["line"],
        owner=row["owner_name"],
    )


def _tender(row: dict[str, Any], matches: Mapping[UUID, Match]) -> Tender:
    return Tender(
        id=str(row["id"]),
        match=matches[row["buyer"]],
        reference=row["reference"] or "",
        published_on=row["published_on"],
        closes_on=row["closes_on"],
        product_lines=tuple(row["product_lines"] or ()),
    )


def _incumbent(row: dict[str, Any], matches: Mapping[UUID, Match]) -> Incumbent:
    return Incumbent(
        id=f"{row['customer']}/{row['line']}",
        match=matches[row["customer"]],
        partner=_text(row["partner"]),
        product_line=row["line"],
    )


def _lead(row: dict[str, Any], matches: Mapping[UUID, Match]) -> Lead:
    return Lead(
        id=str(row["id"]),
        match=matches[row["customer"]],
        partner=str(row["partner"]),
        received_at=row["received_at"],
    )


def _id(value: object) -> UUID:
    assert isinstance(value, UUID)
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
