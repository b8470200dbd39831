"""Another policy over decisions that were made: who would have been decided otherwise, and by which rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from hub.db import deal_history, deal_reviews
from hub.db.session import Database
from hub.domain.deals.engine import evaluate, follow_up
from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Decision, Kind, Outcome
from hub.domain.deals.policy import Policy

_PAGE = 500
_FACTS = msgspec.json.Decoder(Facts)
_DECISION = msgspec.json.Decoder(Decision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Otherwise:
    """One decision that another policy would have made differently.

    `rules` are those that speak otherwise, was → would; `decisive` those of them that change the verdict, and `why`
    is what they say now. `status` is where the registration stands today.
    """

    registration_id: UUID
    name: str
    partner: str
    customer: str
    status: str
    at: datetime
    verdict: str
    step: str
    approvals: int
    new_verdict: str
    new_step: str
    new_approvals: int
    rules: dict[str, str]
    decisive: tuple[str, ...]
    why: str

    @property
    def way(self) -> str:
        """What followed and what would follow; where that is the same, by how many people."""
        if self.step == self.new_step:
            return f"{self.step} by {self.approvals} → by {self.new_approvals}"
        return f"{self.step} → {self.new_step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """`looked_at` first screenings and screenings of answers, and those that would be decided otherwise.

    `ways` counts them by what would follow, was → would; `causes` by decisive rule. One may have several causes.
    `same_way`: how many more get another verdict that leads to the same step.
    """

    edition: str
    looked_at: int
    same_way: int
    ways: dict[str, int]
    causes: dict[str, int]
    otherwise: tuple[Otherwise, ...]


async def replay(
    db: Database, policy: Policy, *, since: datetime, listener: Callable[[int], None] = lambda _: None
) -> Replay:
    """Judge again by the facts as they were stored; nothing is written. The listener hears how many were looked at."""
    looked_at, differ = 0, []
    async for page in _screenings(db, since):
        differ += [other for row in page if (other := _compare(policy, row)) is not None]
        looked_at += len(page)
        listener(looked_at)
    found = [one for one in differ if (one.step, one.approvals) != (one.new_step, one.new_approvals)]
    otherwise = await _named(db, found)
    return Replay(
        edition=policy.version,
        looked_at=looked_at,
        same_way=len(differ) - len(found),
        ways=_counted(o.way for o in otherwise),
        causes=_counted(rule for o in otherwise for rule in o.decisive),
        otherwise=tuple(otherwise),
    )


async def _screenings(db: Database, since: datetime) -> AsyncIterator[list[deal_reviews.Screening]]:
    after = 0
    while True:
        async with db.transaction() as tx:
            page = await deal_reviews.screenings(tx, since=since, after=after, limit=_PAGE)
        if page:
            yield page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _compare(policy: Policy, row: deal_reviews.Screening) -> Otherwise | None:
    """By the verdict and what follows; a rule that only words things differently changes nothing."""
    before = _DECISION.decode(row.decision)
    now = evaluate(policy, _FACTS.decode(row.facts))
    step = follow_up(policy, now)
    if (now.verdict, str(step), now.approvals) == (before.verdict, row.step, before.approvals):
        return None
    was = {o.rule: o for o in before.outcomes}
    there = {o.rule: o for o in now.outcomes}
    rules = {
        name: f"{_said(was.get(name))} → {_said(there.get(name))}"
        for name in dict.fromkeys([*there, *was])
        if _said(was.get(name)) != _said(there.get(name))
    }
    decisive = _decisive(before, now, rules)
    return Otherwise(
        registration_id=row.registration_id,
        name="",
        partner="",
        customer="",
        status="",
        at=row.at,
        verdict=before.verdict,
        step=row.step,
        approvals=before.approvals,
        new_verdict=now.verdict,
        new_step=step,
        new_approvals=now.approvals,
        rules=rules,
        decisive=decisive or ("on_block",),
        why=" ".join(_why(name, was.get(name), there.get(name)) for name in decisive)
        or f"The rules say the same; what follows from {now.verdict} is another step.",
    )


def _said(outcome: Outcome | None) -> str:
    """What counts of an outcome: its kind, and who has to approve."""
    if outcome is None:
        return "no such rule"
    kind = str(outcome.outcome)
    if outcome.approvals > 1:
        return f"{kind}, {outcome.approvals} approvals"
    if not outcome.auto and outcome.outcome in (Kind.PASS, Kind.NOTICE):
        return f"{kind}, a person approves"
    return kind


def _decisive(before: Decision, now: Decision, changed: Iterable[str]) -> tuple[str, ...]:
    """Of the rules that speak otherwise, those that make the new verdict or made the old one.

    Where the verdict is the same, all of them: they change who approves.
    """
    if before.verdict is now.verdict:
        return tuple(changed)
    made = {o.rule for o in before.outcomes if o.outcome is before.verdict}
    make = {o.rule for o in now.outcomes if o.outcome is now.verdict}
    graver = now.verdict.gravity > before.verdict.gravity
    tipping = [name for name in changed if name in (make if graver else made)]
    return tuple(tipping or changed)


def _why(name: str, was: Outcome | None, now: Outcome | None) -> str:
    if now is None:
        return f"{name} is not in this policy."
    if now.outcome is Kind.PASS and was is not None and was.outcome is not Kind.PASS:
        return f"{name} has nothing to say any more; it said: {was.message_internal}"
    return f"{name}: {now.message_internal}"


async def _named(db: Database, found: Iterable[Otherwise]) -> list[Otherwise]:
    """With the names by which people know them, in one query."""
    listed = list(found)
    if not listed:
        return []
    async with db.transaction() as tx:
        known = await deal_history.identities(tx, {o.registration_id for o in listed})
    return [replace(one, **known.get(one.registration_id, {})) for one in listed]


def _counted(texts: Iterable[str]) -> dict[str, int]:
    return dict(Counter(texts).most_common())
