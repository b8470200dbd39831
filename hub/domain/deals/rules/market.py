"""How the deal came about and who serves the customer already: incumbents, renewals, tenders, leads, areas, routes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hub.domain.deals.case import Case, surest
from hub.domain.deals.facts import Incumbent
from hub.domain.deals.outcomes import Evidence, Kind
from hub.domain.deals.registry import Finding, NoParams, Params, rule
from hub.domain.matching import Verdict

_JUDGED = (Kind.BLOCK, Kind.REVIEW, Kind.TEAMING, Kind.NOTICE)


@rule(
    "conflict", gives=_JUDGED, reason="existing_customer", text="{customer} is supplied with {lines} by somebody else."
)
def incumbency(case: Case, params: NoParams) -> Finding | None:
    """Somebody else supplies the customer with these lines today."""
    others = [i for i in _supplying(case) if not _is_mine(case, i)]
    return _incumbents(others, "supplies the customer")


@dataclass(frozen=True, slots=True)
class RenewalParams(Params):
    """Days before the end of a running term within which a new deal on the same line may be its renewal."""

    days: int = 120


@rule(
    "conflict",
    gives=_JUDGED,
    reason="renewal",
    text="The deal at {customer} renews what runs there; renewals stay with who supplies it.",
)
def renewal(case: Case, params: RenewalParams) -> Finding | None:
    """A renewal belongs to whoever supplies the customer; a new deal near the end of a term may be one."""
    supplying = _supplying(case)
    others = [i for i in supplying if not _is_mine(case, i)]
    if case.registration.renewal or case.registration.deal_type == "renewal":
        if not supplying:
            return Finding(internal="It is called a renewal, but nothing is known to run there.", kind=Kind.REVIEW)
        return _incumbents(others, "supplies what would be renewed")
    soon = case.calendar.day_of(case.facts.now + timedelta(days=params.days))
    ending = [i for i in others if i.until and i.until <= soon]
    finding = _incumbents(ending, f"has a term that ends within {params.days} days")
    return finding.capped(Kind.REVIEW) if finding else None


@rule(
    "conflict",
    gives=(Kind.NOTICE, Kind.REVIEW, Kind.BLOCK),
    reason="tender_published",
    text="A public call for bids covers this deal: a registration does not keep others out.",
)
def tender_published(case: Case, params: NoParams) -> Finding | None:
    """A published call for bids takes away exclusivity."""
    if not (found := case.tenders):
        return None
    sure = any(t.match.verdict is Verdict.SAME for t in found)
    return Finding(
        internal=" ".join(f"Call {t.reference or t.id} was published on {t.published_on}." for t in found),
        kind=None if sure else Kind.NOTICE,
        counterparts=tuple(t.id for t in found),
        evidence=tuple(Evidence(field="tender", value=t.reference or t.id, source_id=t.id) for t in found),
        match=surest(t.match for t in found),
        auto=False,
    )


@dataclass(frozen=True, slots=True)
class PublicParams(Params):
    """How many partners may register for one public buyer before somebody looks."""

    most: int = 3


@rule(
    "conflict",
    gives=(Kind.NOTICE, Kind.REVIEW),
    text="{customer} is a public buyer: several partners may register for it.",
)
def public_sector_multi(case: Case, params: PublicParams) -> Finding | None:
    """Public buyers may be registered by several partners, up to a number."""
    if not case.registration.public_sector:
        return None
    rivals = [c for c in case.claims if c.live and c.overlaps and not c.same_partner and c.customer is Verdict.SAME]
    partners = {c.rival.partner for c in rivals}
    if not partners:
        return None
    return Finding(
        internal=f"{len(partners)} other partners registered for this public buyer.",
        kind=Kind.REVIEW if len(partners) >= params.most else None,
        counterparts=tuple(c.rival.id for c in rivals),
        match=surest(c.rival.match for c in rivals),
        auto=False,
    )


@rule(
    "conflict",
    gives=(Kind.BLOCK, Kind.REVIEW, Kind.NOTICE),
    reason="outside_territory",
    text="{lines} in {country} is reserved by a sole right.",
)
def territory_exclusive(case: Case, params: NoParams) -> Finding | None:
    """Another partner has the sole right to a line of the deal in the customer's country."""
    mine = case.registration
    found = [
        right
        for right in case.facts.exclusivities
        if right.country == mine.country
        and right.product_line in mine.product_lines
        and right.partner not in (mine.partner, mine.on_behalf_of)
    ]
    if not found:
        return None
    return Finding(
        internal=" ".join(f"{r.partner} has the sole right to {r.product_line} in {r.country}." for r in found),
        counterparts=tuple(r.partner for r in found),
        evidence=tuple(Evidence(field="sole_right", value=f"{r.product_line} {r.country} {r.partner}") for r in found),
    )


@dataclass(frozen=True, slots=True)
class LeadParams(Params):
    """How many days a lead that we gave to a partner stays that partner's."""

    days: int = 90


@rule(
    "conflict",
    gives=(Kind.REVIEW, Kind.BLOCK, Kind.NOTICE),
    reason="not_substantiated",
    text="The opportunity at {customer} came from a lead of ours.",
)
def lead_distributed_by_vendor(case: Case, params: LeadParams) -> Finding | None:
    """We gave the lead: to another partner, then it is that one's for a while; to this one, then it is not its own."""
    since = case.facts.now - timedelta(days=params.days)
    leads = [e for e in case.facts.leads if e.match.verdict is not Verdict.DIFFERENT and e.received_at >= since]
    mine = (case.registration.partner, case.registration.on_behalf_of)
    theirs = [lead for lead in leads if lead.partner not in mine]
    found = theirs or leads
    if not found:
        return None
    sure = any(lead.match.verdict is Verdict.SAME for lead in found)
    return Finding(
        internal=" ".join(f"Lead {e.id} was given to {e.partner} on {e.received_at:%Y-%m-%d}." for e in found),
        kind=None if theirs else Kind.NOTICE,
        unsure=not sure,
        counterparts=tuple(lead.id for lead in found),
        evidence=tuple(Evidence(field="lead", value=f"{e.partner}, {e.received_at:%Y-%m-%d}") for e in found),
        match=surest(lead.match for lead in found),
    )


@rule(
    "conflict",
    gives=(Kind.NOTICE, Kind.REVIEW, Kind.BLOCK),
    reason="wrong_channel",
    text="Deals by way of the marketplace have terms of their own and no registration discount.",
)
def marketplace_route(case: Case, params: NoParams) -> Finding | None:
    """The customer buys by way of a marketplace."""
    if case.registration.route != "marketplace":
        return None
    return Finding(internal="The order goes by way of the marketplace.", auto=False)


@rule(
    "conflict",
    gives=(Kind.REVIEW, Kind.NOTICE),
    text="We are clarifying with {customer} whom it wants to work with.",
)
def customer_preference(case: Case, params: NoParams) -> Finding | None:
    """The customer wrote whom it wants: another partner is a question, this one softens what stands against it."""
    mine = (case.registration.partner, case.registration.on_behalf_of)
    others = [p for p in case.facts.preferences if p.partner not in mine]
    if not case.facts.preferences:
        return None
    shown = others or case.facts.preferences
    return Finding(
        internal=" ".join(f"The customer wrote that it prefers {p.partner}." for p in shown),
        kind=None if others else Kind.NOTICE,
        counterparts=tuple(p.partner for p in others),
        evidence=tuple(Evidence(field="preference", value=f"{p.partner}, {p.dated_on or 'undated'}") for p in shown),
    )


def _supplying(case: Case) -> list[Incumbent]:
    today = case.calendar.day_of(case.facts.now)
    return [
        i
        for i in case.facts.incumbents
        if i.product_line in case.registration.product_lines
        and (i.until is None or i.until >= today)
        and i.match.verdict in (Verdict.SAME, Verdict.REVIEW)
    ]


def _is_mine(case: Case, incumbent: Incumbent) -> bool:
    mine = case.registration
    return incumbent.partner is not None and incumbent.partner in (mine.partner, mine.on_behalf_of)


def _incumbents(found: list[Incumbent], does: str) -> Finding | None:
    if not found:
        return None
    return Finding(
        internal=" ".join(f"{i.partner or 'We ourselves'} {does} ({i.product_line})." for i in found),
        unsure=not any(i.match.verdict is Verdict.SAME for i in found),
        counterparts=tuple(i.id for i in found),
        evidence=tuple(
            Evidence(field="incumbent", value=f"{i.partner or 'direct'}, {i.product_line}, until {i.until or 'open'}")
            for i in found
        ),
        match=surest(i.match for i in found),
    )
