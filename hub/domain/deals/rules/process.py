"""Time and procedure: windows, extensions, deadlines, and when a machine or one person alone may not approve."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from hub.domain.deals.calendar import add_business, business_between
from hub.domain.deals.case import Case
from hub.domain.deals.outcomes import Evidence, Kind
from hub.domain.deals.registry import Finding, Params, rule
from hub.domain.deals.states import IN_REVIEW
from hub.record.values import Money


@dataclass(frozen=True, slots=True)
class WindowParams(Params):
    """Days for which an approved registration is protected, and the farthest close date that can be registered."""

    protection_days: int = 90
    farthest_close_days: int = 365


@rule(
    "process", gives=(Kind.NEEDS_INFO, Kind.REVIEW, Kind.NOTICE), text="Please give a close date within {limit} days."
)
def window(case: Case, params: WindowParams) -> Finding | None:
    """The deal is expected to close between today and the farthest day that the programme takes."""
    close, today = case.registration.close_date, case.calendar.day_of(case.facts.now)
    if close is None or today <= close <= today + timedelta(days=params.farthest_close_days):
        return None
    return Finding(
        internal=f"The close date {close} lies outside the window.",
        evidence=(Evidence(field="close_date", value=str(close)),),
        fields=("close_date",),
        limit=str(params.farthest_close_days),
    )


@dataclass(frozen=True, slots=True)
class ExtensionParams(Params):
    """How often, by how many days, and how many days before the end at the earliest a protection is extended."""

    times: int = 1
    days: int = 60
    earliest_days: int = 30


@rule(
    "process",
    gives=(Kind.BLOCK, Kind.REVIEW),
    reason="expired_before_action",
    text="The protection cannot be extended now: at most {limit} times, and before it ends.",
)
def extension(case: Case, params: ExtensionParams) -> Finding | None:
    """Asked for before the end, not too early, and not too often."""
    review, now, until = case.facts.review, case.facts.now, case.registration.protection_until
    if review.request != "extend":
        return None
    limit = str(params.times)
    if until is None or now >= until:
        return Finding(internal="The protection has ended.", limit=limit)
    if review.extensions_used >= params.times:
        return Finding(internal=f"It was extended {review.extensions_used} times.", limit=limit)
    if now < until - timedelta(days=params.earliest_days):
        internal = f"It is asked for more than {params.earliest_days} days before the end."
        return Finding(internal=internal, kind=Kind.REVIEW, limit=limit)
    return None


@dataclass(frozen=True, slots=True)
class SlaParams(Params):
    """Business hours within which a registration is decided, and before their end those who decide are alerted."""

    hours: int = 16
    warn_hours: int = 4


@rule("process", gives=(Kind.NOTICE, Kind.PASS), text="We are late with our decision and will hurry.")
def approval_sla(case: Case, params: SlaParams) -> Finding | None:
    """When it has to be decided, by the business calendar; overdue ones are told of."""
    due = _due(case, params)
    late = case.registration.status in IN_REVIEW and case.facts.now > due
    return Finding(
        internal=f"Due {due:%Y-%m-%d %H:%M} UTC{', which has passed' if late else ''}.",
        kind=None if late else Kind.PASS,
        deadline=due,
    )


@dataclass(frozen=True, slots=True)
class EscalationParams(Params):
    """Business hours after the deadline at which it goes to whom, and their mail address in the CRM."""

    after_hours: int = 8
    to: str = "the head of partner sales"
    mail: str | None = None


@rule("process", gives=(Kind.NOTICE,), text="Your registration was handed on to have it decided soon.")
def escalation(case: Case, params: EscalationParams) -> Finding | None:
    """A review that is long overdue goes to somebody else."""
    due = _due(case, case.params("approval_sla", SlaParams))
    late = business_between(case.calendar, due, case.facts.now)
    if case.registration.status not in IN_REVIEW or late < timedelta(hours=params.after_hours):
        return None
    return Finding(internal=f"Overdue by {late}.", next_actions=(f"hand it to {params.to}",), deadline=due)


@dataclass(frozen=True, slots=True)
class AutoParams(Params):
    """What a machine may approve: by tier, by the most amount in each currency, by relation to the customer."""

    tiers: tuple[str, ...] = ()
    most: dict[str, Decimal] = field(default_factory=dict)


@rule("process", gives=(Kind.NOTICE,), text="Your registration is being looked at by a person.")
def auto_approve(case: Case, params: AutoParams) -> Finding | None:
    """Small deals of trusted tiers need no person, when all other rules agree."""
    mine, tier = case.registration, case.facts.standing.tier
    if tier in params.tiers and _within(mine.amount, params.most):
        return None
    return Finding(internal="The policy lets only a person approve this one.", auto=False)


@dataclass(frozen=True, slots=True)
class StaleCrmParams(Params):
    """How old the newest read of a CRM may be."""

    minutes: int = 60


@rule("process", gives=(Kind.NOTICE, Kind.REVIEW), text="Your registration is being looked at by a person.")
def stale_crm_guard(case: Case, params: StaleCrmParams) -> Finding | None:
    """While what we know of direct sales is old, or there is none, nothing is approved by a machine."""
    limit = case.facts.now - timedelta(minutes=params.minutes)
    old = [f for f in case.facts.crm if f.observed_at is None or f.observed_at < limit]
    if case.facts.crm and not old:
        return None
    seen = ", ".join(f"{f.system} read {_when(f.observed_at)}" for f in old) or "no CRM is connected"
    evidence = tuple(Evidence(field="crm", value=f.system, system=f.system, observed_at=f.observed_at) for f in old)
    return Finding(internal=f"The CRM may have changed since: {seen}.", evidence=evidence, auto=False)


@dataclass(frozen=True, slots=True)
class FourEyesParams(Params):
    """The amount in each currency from which two people approve; a currency that is not named always needs them."""

    least: dict[str, Decimal] = field(default_factory=dict)


@rule("process", gives=(Kind.NOTICE,), text="Your registration is being looked at by two people.")
def four_eyes(case: Case, params: FourEyesParams) -> Finding | None:
    """Large deals are approved by two people."""
    amount = case.registration.amount
    if amount is None or (amount.currency in params.least and amount.amount < params.least[amount.currency]):
        return None
    evidence = (Evidence(field="amount", value=f"{amount.amount} {amount.currency}"),)
    return Finding(internal="Two people have to approve.", evidence=evidence, auto=False, approvals=2)


@dataclass(frozen=True, slots=True)
class AppealParams(Params):
    """How often, and within how many days after the decision, an appeal may be made."""

    times: int = 1
    days: int = 30


@rule(
    "process",
    gives=(Kind.BLOCK, Kind.REVIEW),
    reason="not_substantiated",
    text="An appeal can be made {limit} times, in time and with new evidence.",
)
def appeal(case: Case, params: AppealParams) -> Finding | None:
    """One appeal, in time, with evidence that was not there before."""
    review, decided = case.facts.review, case.registration.decided_at
    if review.request != "appeal":
        return None
    limit = str(params.times)
    if review.appeals_used >= params.times:
        return Finding(internal="There was an appeal already.", limit=limit)
    if review.new_evidence < 1:
        return Finding(internal="There is no new evidence.", limit=limit)
    if decided is None or case.facts.now > decided + timedelta(days=params.days):
        return Finding(internal=f"More than {params.days} days have passed since the decision.", limit=limit)
    return None


def _due(case: Case, params: SlaParams) -> datetime:
    """As the clock of the review says, or counted from the submission."""
    started = case.registration.submitted_at or case.facts.now
    return case.facts.review.due_at or add_business(case.calendar, started, timedelta(hours=params.hours))


def _within(amount: Money | None, most: dict[str, Decimal]) -> bool:
    return amount is not None and amount.currency in most and amount.amount <= most[amount.currency]


def _when(moment: datetime | None) -> str:
    return f"last at {moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
