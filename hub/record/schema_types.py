"""The pydantic type of each kind of field: strict and limited on the way in, plain on the way out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
)

from hub.record.definition import Field as RecordField
from hub.record.definition import Kind

_DIGITS = 38
_MAX_ITEMS = 1000
_INT64 = 2**63
_literal: Any = Literal  # these two are subscripted with what is known at run time only
_tuple: Any = tuple
_DECIMAL_SCHEMA = {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["12.30"]}


def _refuse_float(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError('send decimal numbers as text, such as "12.30", so that no digit is lost')
    return value


def _plain_notation(value: Decimal) -> str:
    return format(value, "f")


def _refuse_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("send dates and times as text in ISO 8601")
    return value


def _sorted_set(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


DecimalOut = Annotated[Decimal, PlainSerializer(_plain_notation, when_used="json"), WithJsonSchema(_DECIMAL_SCHEMA)]
DecimalIn = Annotated[
    Decimal,
    BeforeValidator(_refuse_float),
    Field(max_digits=_DIGITS, allow_inf_nan=False),
    PlainSerializer(_plain_notation, when_used="json"),
    WithJsonSchema(_DECIMAL_SCHEMA),
]


class MoneyIn(BaseModel):
    """An amount of money as a caller sends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: DecimalIn = Field(description="Amount as text, such as 12.30.")
    currency: str = Field(pattern="^[A-Z]{3}$", description="ISO 4217 code.")


class MoneyOut(BaseModel):
    """An amount of money."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    amount: DecimalOut = Field(description="Amount as text, such as 12.30.")
    currency: str = Field(description="ISO 4217 code.")


_INPUT: dict[Kind, Any] = {
    "int": Annotated[int, Field(strict=True, ge=-_INT64, lt=_INT64)],
    "decimal": DecimalIn,
    "money": MoneyIn,
    "bool": StrictBool,
    "date": Annotated[date, BeforeValidator(_refuse_number)],
    "datetime": Annotated[AwareDatetime, BeforeValidator(_refuse_number), AfterValidator(_to_utc)],
    "link": UUID,
}
_OUTPUT: dict[Kind, Any] = {
    "text": str,
    "longtext": str,
    "int": int,
    "decimal": DecimalOut,
    "money": MoneyOut,
    "bool": bool,
    "date": date,
    "datetime": datetime,
    "choice": str,
    "choices": tuple[str, ...],
    "texts": tuple[str, ...],
    "link": UUID,
}


def input_type(field: RecordField) -> Any:
    """What a caller may send for the field, null aside."""
    if field.kind == "choice":
        return _literal[field.choices]
    if field.kind == "choices":
        return Annotated[_tuple[_literal[field.choices], ...], AfterValidator(_sorted_set)]
    if field.kind == "texts":
        return Annotated[_tuple[_text(field), ...], Field(max_length=_MAX_ITEMS)]
    if field.kind in ("text", "longtext"):
        return _text(field)
    return _INPUT[field.kind]


def output_type(field: RecordField) -> Any:
    """What the API gives for the field, null aside."""
    return _OUTPUT[field.kind]


def _text(field: RecordField) -> Any:
    # PostgreSQL cannot store the character 0; line breaks belong in longtext.
    allowed = r"^[^\x00]*$" if field.kind == "longtext" else r"^[^\x00\r\n]*$"
    shortest = 1 if field.required else None
    return Annotated[str, StringConstraints(max_length=field.length_limit, min_length=shortest, pattern=allowed)]
