"""Limits of single fields: how far a value may move before a person has to look at it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hub.record.values import Money, Value

# How the rule of a conflict begins that a limit has raised.
LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class FieldLimit:
    """`max_change` is a share (0.2: a fifth) of the value before; `second_person`: two people decide on what is beyond.

    Only values of a kind that a limit speaks of are held to it: numbers and amounts to `max_change` and `max`, days to
    `never_earlier`.
    """

    max_change: Decimal | None = None
    max: Decimal | None = None
    never_earlier: bool = False
    second_person: bool = False


# By record type and field.
FieldLimits = Mapping[str, Mapping[str, FieldLimit]]


def limit_of(limits: FieldLimits, lineage: Iterable[str], field: str) -> FieldLimit | None:
    """What holds for a field of a record type, whose own name and bases are the `lineage`."""
    return next((found for name in lineage if (found := limits.get(name, {}).get(field))), None)


def beyond(limit: FieldLimit, *, before: Value, after: Value) -> str | None:
    """Why a person has to look at this change; None when it is within the limit. Emptying is no change of this kind."""
    if after is None or before == after:
        return None
    old, new = _number(before), _number(after)
    if new is not None:
        if limit.max is not None and abs(new) > limit.max:
            return f"more than {limit.max:f}"
        if _is_other_currency(before, after) and limit.max_change is not None:
            return "in another currency"
        if limit.max_change is not None and old is not None and abs(new - old) > limit.max_change * abs(old):
            return f"a change of more than {(limit.max_change * 100).normalize():f} %"
    if limit.never_earlier and isinstance(before, date) and isinstance(after, date) and after < before:
        return "earlier than before"
    return None


def _number(value: Value) -> Decimal | None:
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None


def _is_other_currency(before: Value, after: Value) -> bool:
    return isinstance(before, Money) and isinstance(after, Money) and before.currency != after.currency
