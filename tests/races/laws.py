"""What must hold after a race: nothing lost or doubled, every planted conflict found, one winner each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hub.db.session import Database
from tests.races.plan import Plan
from tests.races.submitters import Answered


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts over all submissions; `violations` are sentences, none when every law holds."""

    submissions: int
    groups: int
    conflicts_planted: int
    conflicts_found: int
    repeats: int
    violations: tuple[str, ...]


async def judge(db: Database, plan: Plan, answered: Sequence[Answered]) -> Verdict:
    """Hold what was answered and what is stored against the plan."""
    first = {a.entry.key: a for a in answered if not a.again}
    faults = [*_answers(plan, answered, first), *_stored(await _counts(db), plan.size)]
    members: dict[int, list[Answered]] = {}
    for one in first.values():
        if one.entry.group is not None:
            members.setdefault(one.entry.group, []).append(one)
        elif one.rivals:
            faults.append(f"{one.entry.key} was nobody's rival, and was told of one")
    found = 0
    for group, claims in members.items():
        winner, *others = sorted(claims, key=lambda a: a.view.get("place") or 0)
        seen = [other for other in others if winner.view.get("id") in other.rivals]
        found += len(seen)
        if winner.rivals:
            faults.append(f"group {group}: the first one, {winner.entry.key}, was told of a rival")
        faults += [f"group {group}: {o.entry.key} did not see {winner.entry.key}" for o in others if o not in seen]
    return Verdict(
        submissions=plan.size,
        groups=len(plan.groups),
        conflicts_planted=sum(plan.groups.values()) - len(plan.groups),
        conflicts_found=found,
        repeats=sum(a.again for a in answered),
        violations=tuple(faults),
    )


def _answers(plan: Plan, answered: Sequence[Answered], first: dict[str, Answered]) -> list[str]:
    faults = [f"{a.entry.key} was answered {a.status}: {a.view.get('detail')}" for a in answered if a.status > 201]
    ids = {a.view.get("id") for a in first.values()}
    places = {a.view.get("place") for a in first.values()}
    if len(ids) != plan.size:
        faults.append(f"{plan.size} submissions were answered with {len(ids)} registrations")
    if len(places - {None}) != plan.size:
        faults.append(f"{plan.size} registrations have {len(places - {None})} places")
    for again in (a for a in answered if a.again):
        one = first[again.entry.key]
        if (one.view, {one.status, again.status}) != (again.view, {200, 201}):
            faults.append(f"{again.entry.key}, sent twice at once, was answered {one.status} and {again.status}")
    return faults


async def _counts(db: Database) -> dict[str, int]:
    async with db.transaction() as tx:
        row = await tx.one(
            """
            select (select count(*) from deal_registration) as registrations,
                (select count(distinct registration_id) from deal_decision) as decisions,
                (select count(*) from deal_submission) as keys,
                (select count(*) from deal_event where kind = 'submit') as events,
                (select count(*) from audit where detail ->> 'event' = 'submit') as "entries of the audit trail",
                (select count(*) from change where record_type = 'deal_registration' and op = 'create') as changes
            """
        )
    assert row is not None
    return dict(row)


def _stored(counts: dict[str, int], wanted: int) -> list[str]:
    return [f"{wanted} submissions left {count} {what}" for what, count in counts.items() if count != wanted]
