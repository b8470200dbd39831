"""Guards: how much one run may do unasked, and what goes beyond it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal, get_args

from hub.domain.limits import FieldLimits
from hub.domain.plan import Action, Direction
from hub.record.values import RemoteRef, Values

Effect = Literal["creates", "changes", "nulls", "deletes"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)

_EFFECT_OF: Mapping[Action, Effect] = {
    "create": "creates",
    "ambiguous": "creates",
    "restore": "creates",
    "change": "changes",
    "null": "nulls",
    "delete": "deletes",
    "merge": "deletes",
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many records, or such a `share` (0 to 1) of the linked ones, whichever is more."""

    floor: int
    share: Decimal

    def limit(self, linked: int) -> int:
        """The first number of records that is too many."""
        return max(self.floor, int(linked * self.share))


# What an effect that is not named may do is not limited.
Thresholds = Mapping[Effect, Threshold]
Effects = Mapping[Effect, int]


@dataclass(frozen=True)
class Guards:
    """The policy of one connection. `objects` overrides thresholds of single objects; `limits` are of single fields."""

    thresholds: Mapping[Direction, Thresholds]
    objects: Mapping[str, Mapping[Direction, Mapping[Effect, Threshold | None]]] = field(default_factory=dict)
    second_person: frozenset[Effect] = frozenset()
    limits: FieldLimits = field(default_factory=dict)
    look_again: timedelta = timedelta(minutes=15)

    def of(self, object_name: str, direction: Direction) -> Thresholds:
        """The thresholds of one object."""
        own = self.objects.get(object_name, {}).get(direction, {})
        found = {**self.thresholds.get(direction, {}), **own}
        return {effect: threshold for effect, threshold in found.items() if threshold is not None}


NO_GUARDS = Guards({})


@dataclass(frozen=True, slots=True)
class Excess:
    """An effect that reaches its limit: `count` records now, after `passed` in the hour before."""

    effect: Effect
    count: int
    passed: int
    limit: int
    linked: int

    @property
    def sentence(self) -> str:
        """Part of the sentence that asks a person."""
        before = f" after {self.passed:,} in the hour before" if self.passed else ""
        if self.effect == "creates":
            return f"{self.count:,} new records{before} beside {self.linked:,} linked ones (limit {self.limit:,})"
        words = _WORDS[self.effect]
        return f"{self.count:,} of {self.linked:,} linked records {words}{before} (limit {self.limit:,})"


_WORDS: Mapping[Effect, str] = {
    "changes": "would change",
    "nulls": "would lose values",
    "deletes": "would be gone",
}


def excesses(thresholds: Thresholds, *, linked: int, effects: Effects, passed: Effects) -> tuple[Excess, ...]:
    """What stops a run with these effects. What does nothing of a kind is not stopped by what passed before."""
    found = []
    for effect, threshold in thresholds.items():
        count, before, limit = effects.get(effect, 0), passed.get(effect, 0), threshold.limit(linked)
        if count and count + before >= limit:
            found.append(Excess(effect, count, before, limit, linked))
    return tuple(found)


def passes(thresholds: Thresholds, *, linked: int, records: int, passed: Effects) -> bool:
    """Whether so many records are below every limit, whatever is done to them."""
    worst = dict.fromkeys(EFFECTS, records)
    return not excesses(thresholds, linked=linked, effects=worst, passed=passed)


def effects_of(actions: Mapping[Action, int]) -> dict[Effect, int]:
    """A plan's actions as guards count them."""
    found: dict[Effect, int] = {}
    for action, n in actions.items():
        if effect := _EFFECT_OF.get(action):
            found[effect] = found.get(effect, 0) + n
    return found


def needs_second(guards: Guards, found: Iterable[Excess]) -> bool:
    """Whether two people must agree to what these stopped."""
    return any(excess.effect in guards.second_person for excess in found)


def effect_on(values: Values, shadow: Values, *, links: Collection[str]) -> Effect | None:
    """What a system says of a record, against what was last agreed on: it emptied a field, or changed one.

    References do not count while the record that they lead to is unknown, nor when it has become known.
    """
    differing = {
        name: value
        for name, value in values.items()
        if value != shadow.get(name) and not (name in links and (name not in shadow or isinstance(value, RemoteRef)))
    }
    if any(value is None for value in differing.values()):
        return "nulls"
    return "changes" if differing else None
