"""Other registrations for the same customer: of the same partner, of the same deal, of a rival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hub.domain.deals.case import Case, Claim, ended_own, surest
from hub.domain.deals.outcomes import Evidence, Kind
from hub.domain.deals.registry import Finding, NoParams, Params, rule
from hub.domain.deals.states import PROTECTED, Status
from hub.domain.matching import Verdict

_JUDGED = (Kind.BLOCK, Kind.REVIEW, Kind.TEAMING, Kind.SPLIT, Kind.NOTICE)


@rule(
    "conflict",
    gives=_JUDGED,
    reason="duplicate_other_partner",
    text="An earlier registration covers {customer} and {lines}, in whole or in part.",
)
def duplicate_other_partner(case: Case, params: NoParams) -> Finding | None:
    """Another partner was first with the same customer, overlapping product lines and the same opportunity."""
    rivals = [c for c in case.claims if c.live and _counts_against(case, c)]
    sure = [c for c in rivals if c.prior and _certain(c)]
    unsure = [c for c in rivals if c.prior and _possible(c) and c not in sure]
    if found := [*sure, *unsure]:
        return _softened(case, replace(_finding(found, "A rival"), unsure=not sure))
    return replace(_finding(rivals, "A rival"), kind=Kind.NOTICE) if rivals else None


@rule(
    "conflict",
    gives=(Kind.REVIEW, Kind.BLOCK, Kind.NOTICE),
    reason="duplicate_same_partner",
    text="You registered {customer} for {lines} already; we propose to merge the two.",
)
def duplicate_same_partner(case: Case, params: NoParams) -> Finding | None:
    """The same selling partner has the same opportunity registered already: a proposal to merge."""
    own = [c for c in case.claims if c.live and c.same_partner and c.overlaps]
    if not (found := [c for c in own if c.likeness.verdict is not Verdict.DIFFERENT]):
        return None
    sure = any(_certain(c) for c in found)
    actions = (f"merge into {found[0].rival.id}",)
    return replace(_finding(found, "The same partner"), kind=None if sure else Kind.NOTICE, next_actions=actions)


@rule("conflict", gives=(Kind.NOTICE, Kind.PASS), text="Your distributor's entry and yours are one deal.")
def two_tier_exempt(case: Case, params: NoParams) -> Finding | None:
    """Distributor and reseller on one deal are two roles, not a conflict."""
    found = [c for c in case.claims if c.live and c.two_tier and c.overlaps]
    if not found:
        return None
    return replace(_finding(found, "Another tier of the same deal"), next_actions=("link the two entries",))


@dataclass(frozen=True, slots=True)
class CoexistenceParams(Params):
    """Pairs of deal types that may stand beside each other on one opportunity."""

    pairs: tuple[tuple[str, str], ...] = field(default=())


@rule(
    "conflict",
    gives=(Kind.SPLIT, Kind.NOTICE),
    text="Your part of the deal at {customer} can stand beside that of others; the credit is shared.",
)
def type_coexistence(case: Case, params: CoexistenceParams) -> Finding | None:
    """Different kinds of contribution, such as resale and services, may be registered on one opportunity."""
    found = [c for c in case.claims if c.live and c.overlaps and coexists(case, c) and not c.two_tier]
    return _finding(found, "A coexisting registration") if found else None


@rule(
    "conflict",
    gives=(Kind.BLOCK, Kind.REVIEW, Kind.NOTICE),
    reason="expired_before_action",
    text="Your earlier registration for {customer} ended; another one was made before you came back.",
)
def expired_gap(case: Case, params: NoParams) -> Finding | None:
    """After a partner's own registration expired, a rival that came in the gap keeps its priority."""
    ends = [c.rival.ended_at for c in ended_own(case.claims) if c.rival.ended_at]
    if not ends:
        return None
    in_gap = [
        c
        for c in case.claims
        if c.live and c.prior and _counts_against(case, c) and c.rival.eligible_at and c.rival.eligible_at > max(ends)
    ]
    sure = [c for c in in_gap if _certain(c)]
    found = sure or [c for c in in_gap if _possible(c)]
    if not found:
        return None
    return _softened(case, replace(_finding(found, "A rival that came after the expiry"), unsure=not sure))


def coexists(case: Case, claim: Claim) -> bool:
    """Whether the policy lets the two deal types stand beside each other."""
    if not case.enabled("type_coexistence"):
        return False
    pair = {case.registration.deal_type, claim.rival.deal_type}
    return any(set(allowed) == pair for allowed in case.params("type_coexistence", CoexistenceParams).pairs)


def _counts_against(case: Case, claim: Claim) -> bool:
    if claim.same_partner or (claim.two_tier and case.enabled("two_tier_exempt")):
        return False
    return not coexists(case, claim)


def _certain(claim: Claim) -> bool:
    """Same customer beyond doubt, overlapping scope, same opportunity."""
    return claim.customer is Verdict.SAME and claim.overlaps and claim.likeness.verdict is Verdict.SAME


def _possible(claim: Claim) -> bool:
    """It may be so: a person has to look. A name alone never gets further than this."""
    alike = claim.customer in (Verdict.SAME, Verdict.REVIEW) and claim.overlaps
    return alike and claim.likeness.verdict is not Verdict.DIFFERENT


def _softened(case: Case, finding: Finding) -> Finding:
    """No exclusivity, no block; and the customer's own word for this partner makes it a question for a person."""
    if not case.exclusive:
        return finding.capped(Kind.NOTICE)
    wanted = any(p.partner == case.registration.partner for p in case.facts.preferences)
    if wanted and case.enabled("customer_preference"):
        return finding.capped(Kind.REVIEW)
    return finding


def _finding(found: Sequence[Claim], who: str) -> Finding:
    return Finding(
        internal=" ".join(_sentence(who, claim) for claim in found),
        counterparts=tuple(claim.rival.id for claim in found),
        evidence=tuple(e for claim in found for e in _evidence(claim)),
        match=surest(claim.rival.match for claim in found),
    )


def _sentence(who: str, claim: Claim) -> str:
    rival = claim.rival
    since = f", eligible since {rival.eligible_at:%Y-%m-%d %H:%M}" if rival.eligible_at else ", not complete yet"
    scope = "overlapping lines" if claim.overlaps else "other lines"
    return (
        f"{who} ({rival.partner_name or rival.partner}, registration {rival.id}) is {rival.status}{since};"
        f" customer {claim.customer}, {scope}, opportunity {claim.likeness.verdict} ({claim.likeness.total:+.1f} bits)."
    )


def _evidence(claim: Claim) -> tuple[Evidence, ...]:
    rival = claim.rival
    held = {
        "partner": rival.partner_name or rival.partner,
        "status": rival.status,
        "product_lines": ", ".join(rival.product_lines),
        "amount": f"{rival.amount.amount} {rival.amount.currency}" if rival.amount else None,
        "close_date": rival.close_date,
        "eligible_at": rival.eligible_at,
        "protected": rival.protection_until if rival.status in PROTECTED else None,
        "expired": rival.ended_at if rival.status is Status.EXPIRED else None,
    }
    values = [
        Evidence(field=f"rival.{name}", value=str(value), source_id=rival.id)
        for name, value in held.items()
        if value is not None
    ]
    likeness = [
        Evidence(field=f"opportunity.{f.feature}", value=f"{f.level} ({f.weight:+.1f})", source_id=rival.id)
        for f in claim.likeness.features
    ]
    return (*values, *likeness)
