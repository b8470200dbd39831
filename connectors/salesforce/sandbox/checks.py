"""What the platform demands of a value before it saves it, and the form in which it keeps it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from connectors.salesforce.ids import canonical_id, is_id
from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.schema import Field
from connectors.salesforce.stamps import format_stamp

_NUMBERS = frozenset({"int", "double", "currency", "percent"})
_TEXTS = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "reference", "id"})
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def stored_value(field: Field, value: Any) -> Any:
    """`value` as the platform keeps it: empty text is null, times are UTC. Raises VendorError when it will not do."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in _NUMBERS:
        return _number(field, value)
    if field.type in _TEXTS:
        return _text(field, value)
    if field.type == "date":
        return _date(field, value)
    if field.type == "datetime":
        return _datetime(field, value)
    return value


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise _unreadable("boolean", value, field)
    return value


def _number(field: Field, value: Any) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _unreadable("double", value, field)
    try:
        number = Decimal(str(value))
    except ArithmeticError as exc:
        raise _unreadable("double", value, field) from exc
    if not number.is_finite() or abs(number) >= Decimal(10) ** field.digits:
        raise VendorError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label or field.name}: value outside of valid range on numeric field: {value}",
            fields=(field.name,),
        )
    if field.type == "int":
        return int(number)
    return int(number) if number == number.to_integral_value() and not isinstance(value, Decimal) else number


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _unreadable("string", value, field)
    if len(value) > field.length:
        raise VendorError(
            "STRING_TOO_LONG",
            f"{field.label or field.name}: data value too large: {value[:255]} (max length={field.length})",
            fields=(field.name,),
        )
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise VendorError(
            "INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {value}", fields=(field.name,)
        )
    if field.restricted:
        chosen = value.split(";") if field.type == "multipicklist" else [value]
        _check_values(field, value, chosen)
    if field.type == "reference":
        return _reference(field, value)
    return value


def _check_values(field: Field, value: str, chosen: list[str]) -> None:
    if not set(chosen) <= set(field.values):
        raise VendorError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label or field.name}: bad value for restricted picklist field: {value}",
            fields=(field.name,),
        )


def _reference(field: Field, value: str) -> str:
    if not is_id(value):
        raise VendorError(
            "MALFORMED_ID",
            f"{field.label or field.name}: id value of incorrect type: {value}",
            fields=(field.name,),
        )
    return canonical_id(value)


def _date(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as exc:
        raise _unreadable("date", value, field) from exc


def _datetime(field: Field, value: Any) -> str:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as exc:
        raise _unreadable("datetime", value, field) from exc
    return format_stamp(at if at.tzinfo else at.replace(tzinfo=UTC))


def _unreadable(kind: str, value: Any, field: Field) -> VendorError:
    return VendorError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from value {value!r} at [field {field.name}]",
        fields=(field.name,),
    )
