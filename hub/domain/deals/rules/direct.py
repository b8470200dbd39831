"""What our own sellers do at the same customer, as the CRM tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.domain.deals.case import Case, surest
from hub.domain.deals.facts import Activity, Match, NamedAccount, Opportunity
from hub.domain.deals.outcomes import Evidence, Kind
from hub.domain.deals.registry import Finding, NoParams, Params, rule
from hub.domain.deals.states import PROTECTED
from hub.domain.matching import Verdict

_JUDGED = (Kind.BLOCK, Kind.REVIEW, Kind.TEAMING, Kind.NOTICE)


@rule(
    "conflict",
    gives=_JUDGED,
    reason="direct_active",
    text="We are in contact with {customer} about {lines} ourselves; we will look at how to work together.",
)
def direct_open_opportunity(case: Case, params: NoParams) -> Finding | None:
    """Our sellers have an open opportunity with this customer and scope that is not asleep."""
    return _direct(case, [o for o in _open(case) if not _asleep(case, o)])


@dataclass(frozen=True, slots=True)
class StaleParams(Params):
    """Days without any contact after which an open direct opportunity counts as asleep."""

    days: int = 90


@rule("conflict", gives=(Kind.REVIEW, Kind.NOTICE), text="We are checking with our sales team on {customer}.")
def stale_direct(case: Case, params: StaleParams) -> Finding | None:
    """An open direct opportunity on which nothing happened for long does not stand in a partner's way by itself."""
    finding = _direct(case, [o for o in _open(case) if _asleep(case, o)])
    if finding is None:
        return None
    return replace(finding, next_actions=("ask the owner to close the opportunity or to show activity",))


@dataclass(frozen=True, slots=True)
class RecentParams(Params):
    """How many days back a contact of our sellers counts."""

    days: int = 180


@rule(
    "conflict",
    gives=_JUDGED,
    reason="direct_active",
    text="We were in contact with {customer} within the last {limit} days; we will look at it together.",
)
def direct_recent_contact(case: Case, params: RecentParams) -> Finding | None:
    """A logged contact of our sellers with the customer within the period that the programme's terms name."""
    since = case.facts.now - timedelta(days=params.days)
    found = [a for a in case.facts.activities if since <= a.happened_at <= case.facts.now and _alike(a.match.verdict)]
    if not found:
        return None
    return Finding(
        internal=f"{len(found)} contacts since {since:%Y-%m-%d}, the last by {_last(found).owner or 'unknown'}.",
        kind=_told(a.match for a in found),
        unsure=_unsure(a.match for a in found),
        at_most=Kind.TEAMING if teams_up(case) else None,
        counterparts=tuple(a.id for a in found),
        evidence=tuple(_contact(a) for a in found),
        match=surest(a.match for a in found),
        limit=str(params.days),
    )


@rule(
    "conflict",
    gives=_JUDGED,
    reason="named_account",
    text="{customer} is an account that is reserved for {lines}.",
)
def named_account(case: Case, params: NoParams) -> Finding | None:
    """The customer is reserved for direct sales or for another partner."""
    mine = case.registration
    found = [
        account
        for account in case.facts.named_accounts
        if case.covers([account.product_line] if account.product_line else [])
        and _alike(account.match.verdict)
        and not (account.reserved_for == "partner" and account.partner in (mine.partner, mine.on_behalf_of))
    ]
    if not found:
        return None
    return Finding(
        internal=" ".join(_reserved(account) for account in found),
        kind=_told(account.match for account in found),
        unsure=_unsure(account.match for account in found),
        at_most=Kind.TEAMING if teams_up(case) and all(a.reserved_for == "direct" for a in found) else None,
        counterparts=tuple(account.id for account in found),
        evidence=tuple(_account(account) for account in found),
        match=surest(account.match for account in found),
    )


@rule(
    "conflict",
    gives=(Kind.TEAMING, Kind.REVIEW, Kind.NOTICE),
    text="What you add at {customer} lets us work on the deal together: teaming is proposed.",
)
def value_add_teaming(case: Case, params: NoParams) -> Finding | None:
    """Our sellers are active there, and the partner brings something of its own: teaming instead of a rejection."""
    if not case.registration.value_add:
        return None
    involved = [o.id for o in _open(case) if o.match.verdict is Verdict.SAME]
    involved += [a.id for a in case.facts.named_accounts if a.match.verdict is Verdict.SAME]
    involved += [a.id for a in case.facts.activities if a.match.verdict is Verdict.SAME]
    if not involved:
        return None
    return Finding(
        internal=f"The partner adds: {case.registration.value_add}.",
        counterparts=tuple(involved),
        evidence=(Evidence(field="value_add", value=case.registration.value_add),),
        next_actions=("agree on roles with the account owner",),
        auto=False,
    )


@rule(
    "conflict",
    gives=(Kind.NOTICE, Kind.REVIEW),
    text="Your registration for {customer} is protected.",
)
def protection_active(case: Case, params: NoParams) -> Finding | None:
    """A direct opportunity was opened on a customer and scope that this registration protects."""
    mine = case.registration
    runs = mine.protection_until is not None and mine.protection_until > case.facts.now
    if mine.status not in PROTECTED or not runs or mine.decided_at is None:
        return None
    opened = [o for o in _open(case) if o.created_at and o.created_at > mine.decided_at and _alike(o.match.verdict)]
    if not opened:
        return None
    return Finding(
        internal=" ".join(f"{o.owner or 'Somebody'} opened {o.name or o.id} on a protected customer." for o in opened),
        counterparts=tuple(o.id for o in opened),
        evidence=tuple(_opportunity(o) for o in opened),
        match=surest(o.match for o in opened),
        next_actions=("alert the opportunity's owner and the partner's manager",),
    )


def teams_up(case: Case) -> bool:
    """Whether the policy offers teaming here instead of a block."""
    return case.enabled("value_add_teaming") and bool(case.registration.value_add)


def _open(case: Case) -> list[Opportunity]:
    """Open direct opportunities on the same scope; one that names this partner is no conflict."""
    mine = case.registration
    return [
        o
        for o in case.facts.opportunities
        if o.is_open
        and o.is_direct
        and (o.partner is None or o.partner not in (mine.partner, mine.on_behalf_of))
        and case.covers(o.product_lines)
        and _alike(o.match.verdict)
    ]


def _asleep(case: Case, opportunity: Opportunity) -> bool:
    """Not while the rule on sleeping ones is switched off, nor where nobody knows of the last contact."""
    if opportunity.last_activity is None or not case.enabled("stale_direct"):
        return False
    days = case.params("stale_direct", StaleParams).days
    return opportunity.last_activity < case.calendar.day_of(case.facts.now - timedelta(days=days))


def _direct(case: Case, found: list[Opportunity]) -> Finding | None:
    if not found:
        return None
    finding = Finding(
        internal=" ".join(_sentence(o) for o in found),
        kind=_told(o.match for o in found),
        unsure=_unsure(o.match for o in found),
        counterparts=tuple(o.id for o in found),
        evidence=tuple(_opportunity(o) for o in found),
        match=surest(o.match for o in found),
    )
    if not case.exclusive:
        return finding.capped(Kind.NOTICE)
    return finding.capped(Kind.TEAMING) if teams_up(case) else finding


def _told(matches: Iterable[Match]) -> Kind | None:
    """Of other firms of the same group it is only told."""
    return Kind.NOTICE if all(match.verdict is Verdict.FAMILY for match in matches) else None


def _unsure(matches: Iterable[Match]) -> bool:
    return not any(match.verdict is Verdict.SAME for match in matches)


def _alike(verdict: Verdict) -> bool:
    return verdict is not Verdict.DIFFERENT


def _last(found: list[Activity]) -> Activity:
    return max(found, key=lambda activity: activity.happened_at)


def _sentence(o: Opportunity) -> str:
    last = f", last contact {o.last_activity}" if o.last_activity else ""
    return f"{o.name or o.id} of {o.owner or 'unknown'} is open in stage {o.stage or 'unknown'}{last}."


def _reserved(account: NamedAccount) -> str:
    holder = f"partner {account.partner}" if account.reserved_for == "partner" else account.owner or "direct sales"
    return f"The customer is reserved for {holder}."


def _opportunity(o: Opportunity) -> Evidence:
    amount = f", {o.amount.amount} {o.amount.currency}" if o.amount else ""
    return Evidence(
        field="opportunity",
        value=f"{o.name or o.id}, {o.stage or 'unknown stage'}{amount}, {o.owner or 'unknown owner'}",
        system=o.source.system,
        source_id=o.source.id or o.id,
        observed_at=o.source.observed_at,
    )


def _contact(a: Activity) -> Evidence:
    return Evidence(
        field="activity",
        value=f"{a.kind or 'contact'} on {a.happened_at:%Y-%m-%d} by {a.owner or 'unknown'}",
        system=a.source.system,
        source_id=a.source.id or a.id,
        observed_at=a.source.observed_at,
    )


def _account(account: NamedAccount) -> Evidence:
    return Evidence(
        field="named_account",
        value=_reserved(account),
        system=account.source.system,
        source_id=account.source.id or account.id,
        observed_at=account.source.observed_at,
    )
