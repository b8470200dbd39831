"""The operators of a search, over numbers (times are epoch milliseconds) and lower-case text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.hubspot.sandbox.answers import Json, invalid, millis

Sortable = Decimal | str


def number_of(value: object) -> Decimal:
    """A number, or a time as epoch milliseconds; Problem when it is neither."""
    text = str(value)
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(_moment_millis(text))


def _moment_millis(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise invalid(f"{text!r} is no number and no time", code="INVALID_FILTER_VALUE") from exc
    return millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


CONVERT: dict[str, Callable[[str], Sortable]] = {
    "number": Decimal,
    "datetime": lambda text: Decimal(_moment_millis(text)),
    "date": lambda text: Decimal(_moment_millis(text)),
}


def wanted_values(one: Json, *, numeric: bool) -> list[Sortable]:
    """The operands of one filter, as they are compared."""
    values = [one[name] for name in ("value", "highValue") if one.get(name) is not None] + list(one.get("values") or [])
    return [number_of(value) if numeric else str(value).lower() for value in values]


def _multi(value: Sortable | None, wanted: list[Sortable]) -> bool:
    """Whether one of the wanted values is the value, or one of a checkbox's values."""
    if value is None:
        return False
    return value in wanted or (isinstance(value, str) and any(part in wanted for part in value.split(";")))


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[[Sortable | None, list[Sortable]], bool]:
    return lambda value, wanted: value is not None and holds(value, wanted[0])


def _has_token(value: Sortable | None, wanted: list[Sortable]) -> bool:
    return value is not None and str(wanted[0]).strip("*") in str(value)


OPERATORS: dict[str, Callable[[Sortable | None, list[Sortable]], bool]] = {
    "EQ": _multi,
    "NEQ": lambda value, wanted: not _multi(value, wanted),
    "LT": _compare(lambda value, wanted: value < wanted),
    "LTE": _compare(lambda value, wanted: value <= wanted),
    "GT": _compare(lambda value, wanted: value > wanted),
    "GTE": _compare(lambda value, wanted: value >= wanted),
    "BETWEEN": lambda value, wanted: value is not None and wanted[0] <= value <= wanted[1],  # type: ignore[operator]
    "IN": _multi,
    "NOT_IN": lambda value, wanted: not _multi(value, wanted),
    "HAS_PROPERTY": lambda value, _: value is not None,
    "NOT_HAS_PROPERTY": lambda value, _: value is None,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda value, wanted: not _has_token(value, wanted),
}
