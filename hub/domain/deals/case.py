"""One registration before the rules: its facts, what the policy says for it, and its rivals as claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

from hub.domain.deals.calendar import BusinessCalendar
from hub.domain.deals.facts import Facts, Match, Party, Registration, Rival, Tender
from hub.domain.deals.opportunity import Likeness, same_opportunity
from hub.domain.deals.registry import Params
from hub.domain.deals.states import IN_REVIEW, PROTECTED, Status
from hub.domain.matching import Verdict

P = TypeVar("P", bound=Params)
SELLING_ROLES = ("reseller", "referrer", "influencer", "services")


class Setting(Protocol):
    """What the policy says of one rule for this registration."""

    @property
    def enabled(self) -> bool: ...

    @property
    def params(self) -> Params: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A rival, and how it stands to the registration.

    `prior`: it was complete and eligible first. `two_tier`: the two are the distributor's and the reseller's entry of
    one deal. `same_partner`: one and the same selling partner.
    """

    rival: Rival
    likeness: Likeness
    overlaps: bool
    prior: bool
    same_partner: bool
    two_tier: bool

    @property
    def live(self) -> bool:
        return self.rival.status in IN_REVIEW | PROTECTED

    @property
    def customer(self) -> Verdict:
        return self.rival.match.verdict


@dataclass(frozen=True)
class Case:
    """What a rule is given."""

    facts: Facts
    settings: Mapping[str, Setting]
    calendar: BusinessCalendar

    def enabled(self, rule: str) -> bool:
        return self.settings[rule].enabled

    def params(self, rule: str, kind: type[P]) -> P:
        """Another rule's parameters."""
        params = self.settings[rule].params
        assert isinstance(params, kind)
        return params

    @property
    def registration(self) -> Registration:
        return self.facts.registration

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Rivals that may have the same customer, other roles of the same deal included."""
        mine = self.registration
        return tuple(
            _claim(mine, rival)
            for rival in self.facts.rivals
            if rival.id != mine.id and rival.match.verdict is not Verdict.DIFFERENT
        )

    @cached_property
    def tenders(self) -> tuple[Tender, ...]:
        """Calls of this customer on this scope that are published and not closed."""
        today = self.calendar.day_of(self.facts.now)
        return tuple(
            tender
            for tender in self.facts.tenders
            if self.covers(tender.product_lines)
            and tender.match.verdict in (Verdict.SAME, Verdict.REVIEW)
            and (tender.published_on is None or tender.published_on <= today)
            and (tender.closes_on is None or tender.closes_on >= today)
        )

    @cached_property
    def exclusive(self) -> bool:
        """Whether a registration keeps others out: not after a published call, nor for public buyers."""
        called = self.enabled("tender_published") and any(t.match.verdict is Verdict.SAME for t in self.tenders)
        return not called and not (self.enabled("public_sector_multi") and self.registration.public_sector)

    def covers(self, lines: Iterable[str]) -> bool:
        """Whether lines overlap with the registration's; a side that names none is about all of them."""
        named, mine = set(lines), set(self.registration.product_lines)
        return not named or not mine or bool(named & mine)


def selling_partner(partner: str, on_behalf_of: str | None, parties: Iterable[Party]) -> str:
    """Who sells to the customer: a distributor that registers for a reseller is not the one."""
    if on_behalf_of:
        return on_behalf_of
    sellers = [party.partner for party in parties if party.role in SELLING_ROLES]
    acted_for = [party.on_behalf_of for party in parties if party.partner == partner and party.on_behalf_of]
    if acted_for:
        return acted_for[0]
    return sellers[0] if sellers and partner not in sellers else partner


def _claim(mine: Registration, rival: Rival) -> Claim:
    ours = selling_partner(mine.partner, mine.on_behalf_of, mine.parties)
    theirs = selling_partner(rival.partner, rival.on_behalf_of, rival.parties)
    return Claim(
        rival=rival,
        likeness=same_opportunity(mine, rival),
        overlaps=bool(set(mine.product_lines) & set(rival.product_lines)),
        prior=_prior(mine, rival),
        same_partner=ours == theirs and mine.partner == rival.partner,
        two_tier=mine.partner != rival.partner and (ours == theirs or _named_on(mine, rival)),
    )


def _named_on(mine: Registration, rival: Rival) -> bool:
    """Each side names the other as distributor or fulfiller of its own deal, or one of them does."""
    supplies = {p.partner for p in mine.parties if p.role in ("distributor", "fulfil")}
    supplied = {p.partner for p in rival.parties if p.role in ("distributor", "fulfil")}
    return rival.partner in supplies or mine.partner in supplied


def _prior(mine: Registration, rival: Rival) -> bool:
    """First is who was complete and eligible first; by place where both have one, else by time."""
    if rival.priority is not None and mine.priority is not None:
        return rival.priority < mine.priority
    if rival.eligible_at is None:
        return False
    return mine.eligible_at is None or rival.eligible_at < mine.eligible_at


def surest(matches: Iterable[Match]) -> Match | None:
    """The surest of several matches."""
    ordered = sorted(matches, key=lambda m: _ORDER[m.verdict])
    return ordered[0] if ordered else None


_ORDER = {Verdict.SAME: 0, Verdict.REVIEW: 1, Verdict.FAMILY: 2, Verdict.DIFFERENT: 3}


def ended_own(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Earlier registrations of the same selling partner that expired."""
    return (c for c in claims if c.same_partner and c.rival.status is Status.EXPIRED and c.overlaps)
