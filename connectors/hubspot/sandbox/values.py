"""What HubSpot accepts as a property's value, and how it keeps it: always as text, or null when unset."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from connectors.hubspot.sandbox.answers import Problem, invalid, iso
from connectors.hubspot.sandbox.schema import Property

MAX_TEXT = 65_536


def stored_value(property: Property, value: object, options: Collection[str]) -> str | None:
    """The text kept for `value`; None clears. `options` are the values an enumeration allows now."""
    text = _as_text(property, value)
    if text == "":
        return None
    if property.type == "enumeration" and property.multiple:
        parts = [part for part in text.split(";") if part]
        for part in parts:
            _require_option(property, part, options)
        return ";".join(parts)
    if property.type == "enumeration":
        _require_option(property, text, options)
        return text
    return _KEPT.get(property.type, _kept_text)(property, text)


def _as_text(property: Property, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal):
        return str(value)
    raise _refused(property, value, "INVALID_VALUE")


def _require_option(property: Property, value: str, options: Collection[str]) -> None:
    if value not in options:
        raise _refused(property, value, "INVALID_OPTION")


def _kept_text(property: Property, text: str) -> str:
    if len(text) > MAX_TEXT:
        raise _refused(property, f"{text[:20]}…", "INVALID_LENGTH")
    if property.name == "email" and ("@" not in text or " " in text):
        raise _refused(property, text, "INVALID_EMAIL")
    return text


def _kept_number(property: Property, text: str) -> str:
    try:
        Decimal(text)
    except InvalidOperation as exc:
        raise _refused(property, text, "INVALID_NUMBER") from exc
    return text


def _kept_bool(property: Property, text: str) -> str:
    if text.lower() not in ("true", "false"):
        raise _refused(property, text, "INVALID_BOOLEAN")
    return text.lower()


def _kept_datetime(property: Property, text: str) -> str:
    try:
        moment = _from_millis(text) if text.lstrip("-").isdigit() else datetime.fromisoformat(text)
    except (ValueError, OverflowError) as exc:
        raise _refused(property, text, "INVALID_DATE") from exc
    return iso(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))


def _kept_date(property: Property, text: str) -> str:
    try:
        if not text.lstrip("-").isdigit():
            return date.fromisoformat(text).isoformat()
        moment = _from_millis(text)
    except (ValueError, OverflowError) as exc:
        raise _refused(property, text, "INVALID_DATE") from exc
    if (moment.hour, moment.minute, moment.second) != (0, 0, 0):
        raise _refused(property, text, "INVALID_DATE")  # a date is midnight UTC, nothing else
    return moment.date().isoformat()


def _from_millis(text: str) -> datetime:
    return datetime.fromtimestamp(int(text) / 1000, UTC)


_KEPT: dict[str, Callable[[Property, str], str]] = {
    "number": _kept_number,
    "bool": _kept_bool,
    "datetime": _kept_datetime,
    "date": _kept_date,
}


def _refused(property: Property, value: object, code: str) -> Problem:
    return invalid(f"Property {property.name!r} does not take the value {value!r}.", code=code, field=property.name)
