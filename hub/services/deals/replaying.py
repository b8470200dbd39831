"""Another policy over decisions that were made: who would have been decided otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from hub.db import deal_reviews
from hub.db.session import Database
from hub.domain.deals.engine import evaluate, follow_up
from hub.domain.deals.facts import Facts
from hub.domain.deals.outcomes import Decision
from hub.domain.deals.policy import Policy

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Otherwise:
    """One decision that another policy would have made differently; `rules` are those that speak otherwise."""

    registration_id: UUID
    at: datetime
    verdict: str
    step: str
    new_verdict: str
    new_step: str
    rules: dict[str, str]


@dataclass(frozen=True, slots=True)
class Replay:
    """`looked_at` first screenings and screenings of answers; those that would come out otherwise."""

    edition: str
    looked_at: int
    otherwise: tuple[Otherwise, ...]


async def replay(db: Database, policy: Policy, *, since: datetime) -> Replay:
    """Judge again by the facts as they were stored; nothing is written."""
    looked_at, found = 0, []
    async for row in _screenings(db, since):
        looked_at += 1
        if (other := _compare(policy, row)) is not None:
            found.append(other)
    return Replay(policy.version, looked_at, tuple(found))


async def _screenings(db: Database, since: datetime) -> AsyncIterator[deal_reviews.Screening]:
    after = 0
    while True:
        async with db.transaction() as tx:
            page = await deal_reviews.screenings(tx, since=since, after=after, limit=_PAGE)
        for row in page:
            yield row
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _compare(policy: Policy, row: deal_reviews.Screening) -> Otherwise | None:
    """By the verdict and what follows; a rule that only words things differently changes nothing."""
    before = msgspec.json.decode(row.decision, type=Decision)
    now = evaluate(policy, msgspec.json.decode(row.facts, type=Facts))
    step = follow_up(policy, now)
    if (now.verdict, str(step), now.approvals) == (before.verdict, row.step, before.approvals):
        return None
    was = {o.rule: o.outcome for o in before.outcomes}
    rules = {
        o.rule: f"{was.get(o.rule, 'no such rule')} → {o.outcome}"
        for o in now.outcomes
        if was.get(o.rule) is not o.outcome
    }
    return Otherwise(row.registration_id, row.at, before.verdict, row.step, now.verdict, step, rules)
