"""Lenses for numbers: int, decimal, money."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from typing import Literal

from babel.numbers import list_currencies
from pydantic import Field as Option
from pydantic import model_validator

from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import Fast, Lens, Options, json_type, text_of
from hub.record.definition import Field
from hub.record.values import Money, Value
from hub.sdk.records import JsonValue

MAX_INT = 2**63 - 1
MAX_DIGITS = 15  # before the point
MAX_SCALE = 10  # after it
_COMMON = 10**12
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
Form = Literal["number", "text"]


class IntOptions(Options):
    as_: Form = Option("number", alias="as", description="How the number is written.")


class IntLens(Lens):
    """A whole number; reads numbers and number texts."""

    fills = frozenset({"int"})
    remote_types = frozenset({"number", "text", "picklist", "other"})

    def __init__(self, options: IntOptions) -> None:
        self._as_text = options.as_ == "text"

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        number = read_decimal(remote)
        if number is None:
            return None
        if number != number.to_integral_value() or abs(number) > MAX_INT:
            raise BadValue("is not a whole number")
        return int(number)

    def put(self, value: Value) -> JsonValue:
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_INT:
            raise BadValue("is not a whole number")
        return str(value) if self._as_text else value

    def samples(self) -> tuple[Value, ...]:
        return (0, 1, -7, 1_234_567, 2**31)

    def fast(self, field: Field) -> Fast:  # noqa: ARG002
        return Fast("(w := v).__class__ is int and -{most} <= v <= {most}", {"most": 10**MAX_DIGITS - 1})


class DecimalOptions(Options):
    scale: int | None = Option(None, ge=0, le=MAX_SCALE, description="Digits after the point in the remote field.")
    as_: Form = Option("number", alias="as", description="How the number is written.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"scale": value} if isinstance(value, int) else value


class DecimalLens(Lens):
    """A decimal number without trailing zeros; with a scale, reading rounds to it and writing holds to it."""

    fills = frozenset({"decimal"})
    remote_types = frozenset({"number", "money", "text", "other"})

    def __init__(self, options: DecimalOptions) -> None:
        self._scale = options.scale
        self._as_text = options.as_ == "text"

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        number = read_decimal(remote)
        return None if number is None else rounded(number, self._scale)

    def put(self, value: Value) -> JsonValue:
        if not isinstance(value, Decimal):
            raise BadValue("is not a decimal number")
        return write_decimal(value, scale=self._scale, as_text=self._as_text)

    def samples(self) -> tuple[Value, ...]:
        return (Decimal(0), Decimal(1_000_000), Decimal("-12.5") if self._scale != 0 else Decimal(-12))

    def fast(self, field: Field) -> Fast | None:  # noqa: ARG002
        return Fast("(w := {read}(v)) is not None", {"read": common_decimal}) if self._scale is None else None


class MoneyOptions(Options):
    currency: str | None = Option(None, description="Remote path that holds the currency code.")
    code: str | None = Option(None, pattern="^[A-Z]{3}$", description="The currency, where the remote has one only.")
    default: str | None = Option(
        None, pattern="^[A-Z]{3}$", description="The currency of amounts whose currency field is empty."
    )
    scale: int | None = Option(None, ge=0, le=4, description="Digits after the point in the remote field.")
    as_: Form = Option("number", alias="as", description="How the amount is written.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"currency": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_source(self) -> MoneyOptions:
        if (self.currency is None) == (self.code is None):
            raise ValueError("money needs either currency (a remote field) or code (a fixed currency)")
        return self


class MoneyLens(Lens):
    """An amount with its currency, from two remote fields or from one and a fixed currency."""

    fills = frozenset({"money"})
    remote_types = frozenset({"money", "number", "text", "other"})

    def __init__(self, options: MoneyOptions) -> None:
        self.extra = options.currency
        self._code = options.code
        self._default = options.default
        self._scale = options.scale
        self._as_text = options.as_ == "text"

    @property
    def writes_extra(self) -> bool:  # type: ignore[override]
        return self.extra is not None

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:
        number = read_decimal(remote)
        if number is None:
            return None
        return Money(rounded(number, self._scale), self._currency(extra))

    def _currency(self, extra: JsonValue) -> str:
        if self._code is not None:
            return self._code
        text = text_of(extra).upper() if isinstance(extra, str) else ""
        if not text:
            if self._default is None:
                raise BadValue(f"has no currency: {self.extra} is empty")
            return self._default
        if len(text) != 3 or not text.isascii() or not text.isalpha():
            raise BadValue(f"has the currency {text[:12]!r}, which is not a three-letter code")
        return text

    def put(self, value: Value) -> JsonValue:
        money = self._money(value)
        return write_decimal(money.amount, scale=self._scale, as_text=self._as_text)

    def put_extra(self, value: Value) -> JsonValue:
        return self._money(value).currency

    def _money(self, value: Value) -> Money:
        if not isinstance(value, Money):
            raise BadValue("is not an amount with a currency")
        if self._code is not None and value.currency != self._code:
            raise BadValue(f"is in {value.currency}; the remote field holds {self._code} only")
        return value

    def samples(self) -> tuple[Value, ...]:
        codes = (self._code,) if self._code else ("EUR", "USD")
        return tuple(Money(Decimal(text), code) for code in codes for text in ("0", "1234.56", "-0.01", "25000000"))

    def fast(self, field: Field) -> Fast | None:  # noqa: ARG002
        if self._scale is not None:
            return None
        known = frozenset(list_currencies())
        if self._code is not None:
            return Fast(
                "(n := {read}(v)) is not None and (w := {money}(n, {code}))",
                {"read": common_decimal, "money": Money, "code": self._code},
            )
        return Fast(
            "u in {known} and (n := {read}(v)) is not None and (w := {money}(n, u))",
            {"read": common_decimal, "known": known, "money": Money},
        )


def read_decimal(remote: JsonValue) -> Decimal | None:
    """A number or number text as Decimal; None for an empty text. Raises BadValue, also outside the bounds."""
    if isinstance(remote, bool | list | dict | tuple):
        raise BadValue(f"is {json_type(remote)}, not a number")
    try:
        number = Decimal(remote.strip() if isinstance(remote, str) else remote)
    except (DecimalException, ValueError, TypeError) as exc:
        if isinstance(remote, str) and not remote.strip():
            return None
        raise BadValue("is not a number") from exc
    if not number.is_finite() or (number and number.adjusted() >= MAX_DIGITS):
        raise BadValue(f"is not a number of at most {MAX_DIGITS} digits")
    return number


def common_decimal(remote: JsonValue) -> Decimal | None:
    """The number in its one form when that takes no thought, as for most amounts; None when it does."""
    if remote.__class__ is int:
        return Decimal(remote) if -_COMMON < remote < _COMMON else None
    if remote.__class__ is not Decimal:
        return _common_text(remote)
    text = str(remote)
    if len(text) > 12 or "." not in text or "E" in text or text[0] == "-":
        return None
    number: Decimal = remote
    if text[-1] != "0":
        return number
    return number.normalize() if text[-2] not in "0." else plain(number)


def _common_text(remote: JsonValue) -> Decimal | None:
    """Digits only, as most number texts are."""
    return Decimal(remote) if isinstance(remote, str) and remote.isdecimal() and len(remote) <= 12 else None


def rounded(number: Decimal, scale: int | None) -> Decimal:
    """The one form of a number: at most `scale` digits after the point, none of them a trailing zero."""
    places = MAX_SCALE if scale is None else scale
    _, _, exponent = number.as_tuple()
    if isinstance(exponent, int) and exponent < -places:
        number = number.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return plain(number)


def plain(number: Decimal) -> Decimal:
    """Without trailing zeros and without an exponent above zero; minus zero is zero."""
    if not number:
        return Decimal(0)
    _, digits, exponent = number.as_tuple()
    if exponent == 0 or (isinstance(exponent, int) and exponent < 0 and digits[-1]):
        return number
    shorter = number.normalize(_EXACT)
    return shorter.quantize(Decimal(1), context=_EXACT) if shorter.as_tuple().exponent > 0 else shorter  # type: ignore[operator]


def write_decimal(number: Decimal, *, scale: int | None, as_text: bool) -> JsonValue:
    """The remote form of a number; BadValue when it has more digits than the remote field holds."""
    if not number.is_finite() or (number and number.adjusted() >= MAX_DIGITS):
        raise BadValue(f"is not a number of at most {MAX_DIGITS} digits")
    if rounded(number, scale) != number:
        raise BadValue(f"has more than {MAX_SCALE if scale is None else scale} digits after the point")
    number = plain(number)
    return f"{number:f}" if as_text else number
