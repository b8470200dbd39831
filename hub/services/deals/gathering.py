"""Gathers the facts of registrations that are judged in one transaction: all that the rules may know, at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from hub.db import deal_admission
from hub.db.questions import ask
from hub.db.session import Tx
from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.facts import (
    Account,
    Facts,
    Match,
    Preference,
    Registration,
    Review,
    Standing,
)
from hub.domain.deals.states import Status
from hub.domain.matching import Verdict, Weights
from hub.record.values import Value
from hub.services.deals.candidates import Customer
from hub.services.deals.parts import Parts, protection_until, text_of
from hub.services.deals.rivals import Claimed, claimed, partner_names, rivals, sharing
from hub.services.deals.standings import OPEN, standings
from hub.services.deals.surroundings import Surroundings, surroundings
from hub.services.deals.working import Deal

_SAID = ("deal_type", "channel", "route")


@dataclass(frozen=True, slots=True)
class Subject:
    """A registration that is to be judged: its customer, and what came with it."""

    deal: Deal
    customer: Customer
    parts: Parts


@dataclass(frozen=True)
class Gathered:
    """What was found for some registrations, by their ids where it is of each one.

    They are judged one after the other: `judged` are those that were, which the next ones meet as rivals. The
    `places` are for them, in their order.
    """

    now: datetime
    calendar: BusinessCalendar
    weights: Weights
    matches: Mapping[UUID, Mapping[UUID, Match]]
    claimed: Mapping[UUID, Sequence[Claimed]]
    standings: Mapping[UUID, Standing]
    names: Mapping[Value, str]
    around: Surroundings
    places: Sequence[int]
    judged: list[Claimed] = field(default_factory=list)

    def facts(self, subject: Subject, request: Review) -> Facts:
        """As they are once those before it are judged."""
        deal, matches = subject.deal, self.matches[subject.deal.id]
        met = [other for other in self.judged if other.claims() and other.shares(subject.customer.keys)]
        return Facts(
            now=self.now,
            registration=_registration(subject, self.calendar),
            standing=self._standing(subject),
            review=request,
            relation=self.around.relation(matches, subject.customer.record_id),
            rivals=rivals(
                subject.customer, [*self.claimed.get(deal.id, ()), *met], calendar=self.calendar, weights=self.weights
            ),
            preferences=tuple(
                Preference(partner=str(deal.values["partner"]), dated_on=proof.dated_on)
                for proof in subject.parts.proofs
                if proof.kind == "customer_letter"
            ),
            exclusivities=self.around.exclusivities(deal.product_lines, text_of(deal.values["customer_country"])),
            crm=self.around.crm,
            accounts=tuple(Account(id=str(i), match=match) for i, match in matches.items()),
            **self.around.facts(matches),
        )

    def note(self, subject: Subject, deal: Deal) -> None:
        """The subject was judged, and this is what became of it."""
        self.judged.append(
            Claimed(
                id=deal.id,
                values=deal.values,
                customer=subject.customer,
                parties=subject.parts.parties,
                place=deal.review.place,
                partner_name=self.names.get(deal.values["partner"], ""),
            )
        )

    def _standing(self, subject: Subject) -> Standing:
        deal = subject.deal
        partner = deal.partner
        sanction = self.around.sanction(self.matches[deal.id], subject.customer.record_id)
        more = sum(o.values["partner"] == partner and o.values["review_status"] in OPEN for o in self.judged)
        standing = self.standings[partner]
        return replace(
            standing,
            open_registrations=standing.open_registrations + more,
            sanctioned=standing.sanctioned or sanction == "sure",
            sanction_in_doubt=sanction == "doubtful",
        )


async def gather(
    tx: Tx,
    subjects: Sequence[Subject],
    found: Sequence[Mapping[UUID, Match]],
    *,
    calendar: BusinessCalendar,
    weights: Weights,
    now: datetime,
    places: int,
) -> Gathered:
    """In a number of queries that grows neither with the subjects nor with the organisations `found` for each.

    `places`: how many new ones are taken.
    """
    today = calendar.day_of(now)
    ids = [subject.deal.id for subject in subjects]
    customers = [subject.customer for subject in subjects]
    matches = {
        i: {o: match for o, match in matched.items() if match.verdict is not Verdict.DIFFERENT}
        for i, matched in zip(ids, found, strict=True)
    }
    shared, standing, around, new_places = await ask(
        tx,
        sharing(dict(zip(ids, customers, strict=True))),
        standings({subject.deal.partner for subject in subjects}, today=today, but=ids),
        surroundings(
            _organizations(customers, matches),
            product_lines={line for subject in subjects for line in subject.deal.product_lines},
            now=now,
            today=today,
        ),
        deal_admission.places(places),
    )
    return Gathered(
        now=now,
        calendar=calendar,
        weights=weights,
        matches=matches,
        claimed=await claimed(tx, shared),
        standings=standing,
        names=await partner_names(tx, [subject.deal.values for subject in subjects]) if len(subjects) > 1 else {},
        around=around,
        places=new_places,
    )


def _organizations(customers: Sequence[Customer], matches: Mapping[UUID, Mapping[UUID, Match]]) -> set[UUID]:
    known = {customer.record_id for customer in customers if customer.record_id}
    return known.union(*matches.values())


def _registration(subject: Subject, calendar: BusinessCalendar) -> Registration:
    values: Mapping[str, Any] = subject.deal.values
    said = {name: values[name] for name in _SAID if values[name]}
    return Registration(
        id=str(subject.deal.id),
        partner=text_of(values["partner"]) or "",
        on_behalf_of=text_of(values["on_behalf_of"]),
        parties=subject.parts.parties,
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
        evidence=subject.parts.proofs,
        submitted_at=values["submitted_at"],
        eligible_at=values["eligible_at"],
        decided_at=values["decided_at"],
        priority=subject.deal.review.place,
        protection_until=protection_until(calendar, values["protection_ends"]),
        **said,
    )
