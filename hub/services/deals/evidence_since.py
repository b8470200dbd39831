"""Facts as of a decision beside the same facts now: what stayed, changed, came and went."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from hub.domain.deals.facts import Feature, Match, Opportunity
from hub.domain.deals.opportunity import Likeness
from hub.services.deals.evidence_pack import Changed, FeatureView, MatchView, RowView, Since

READ_AT = "read_at"
"""When a value was read; that alone is no change of it."""


class Known(Protocol):
    """A fact with an id of its own."""

    @property
    def id(self) -> str: ...


F = TypeVar("F", bound=Known)


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Fields of both that are another value now."""
    return tuple(
        Changed(name, value, now[name])
        for name, value in then.items()
        if name != READ_AT and name in now and now[name] != value
    )


def rows_since(
    then: Iterable[F],
    now: Iterable[F],
    values_of: Callable[[F], dict[str, Any]],
    *,
    elsewhere: Mapping[str, dict[str, Any]] | None = None,
) -> tuple[RowView, ...]:
    """Facts of the decision first, then those that came since, then those of `elsewhere` (values by id).

    `elsewhere` are facts as they are now that no decision rests on, such as opportunities that were closed.
    """
    current = {fact.id: values_of(fact) for fact in now}
    other = dict(elsewhere or {})
    found = []
    for fact in then:
        values, today = values_of(fact), current.pop(fact.id, None) or other.pop(fact.id, None)
        changed = changes(values, today) if today is not None else ()
        since: Since = "gone" if today is None else "changed" if changed else "same"
        found.append(RowView(id=fact.id, values=values, since=since, changes=changed))
    found += [RowView(id=i, values=values, since="new") for i, values in current.items()]
    found += [RowView(id=i, values=values, since="unrecorded") for i, values in other.items() if i not in current]
    return tuple(found)


def row_since(row_id: str, then: dict[str, Any], now: dict[str, Any]) -> RowView:
    """One fact that there always is."""
    changed = changes(then, now)
    return RowView(id=row_id, values=then, since="changed" if changed else "same", changes=changed)


def match_view(match: Match) -> MatchView:
    """How sure it is that two customers are one, feature by feature."""
    return MatchView(match.verdict, match.score, _features(match.features))


def likeness_view(likeness: Likeness) -> MatchView:
    """How sure it is that two opportunities are one, feature by feature."""
    return MatchView(likeness.verdict, likeness.total, _features(likeness.features))


def opportunity_values(fact: Opportunity, partners: Mapping[str, str]) -> dict[str, Any]:
    """`partners`: names by id."""
    return {
        "name": fact.name,
        "owner": fact.owner,
        "stage": fact.stage,
        "open": fact.is_open,
        "direct": fact.is_direct,
        "partner": partners.get(fact.partner, fact.partner) if fact.partner else None,
        "amount": fact.amount,
        "close_date": fact.close_date,
        "last_activity": fact.last_activity,
        "product_lines": fact.product_lines,
        "customer": str(fact.match.verdict),
        "source": f"{fact.source.system} {fact.source.id}".strip(),
        READ_AT: fact.source.observed_at,
    }


def _features(features: Iterable[Feature]) -> tuple[FeatureView, ...]:
    ordered = sorted(features, key=lambda f: -abs(f.weight))
    return tuple(FeatureView(f.feature, f.level, f.weight, f.theirs, f.ours) for f in ordered)
