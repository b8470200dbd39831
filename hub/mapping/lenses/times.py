"""Lenses for days and moments: date, datetime."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field as Option
from pydantic import field_validator, model_validator

from hub.mapping.errors import BadValue
from hub.mapping.lenses.base import Fast, Lens, Options, text_of
from hub.record.definition import Field
from hub.record.values import Value
from hub.sdk.records import JsonValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UTC = ZoneInfo("UTC")


# Days as they were written and read before: a few thousand different ones make up all the dates of a system.
_DAYS: dict[str, date] = {}
MAX_DAYS = 16_384


class _Zoned(Options):
    zone: str = Option("UTC", description="IANA time zone of remote times that do not name theirs.")

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise ValueError(f"{value!r} is not a time zone; write it like Europe/Berlin") from exc
        return value


class DateOptions(_Zoned):
    format: Literal["iso", "datetime", "salesforce", "epoch_ms"] = Option(
        "iso", description="How the day is written: 2026-01-31, or as midnight of the zone."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"format": value} if isinstance(value, str) else value


class DateLens(Lens):
    """A day. Where the remote keeps moments, it is the day in the zone, written as that zone's midnight."""

    fills = frozenset({"date"})

    def __init__(self, options: DateOptions) -> None:
        self._format = options.format
        self._zone = ZoneInfo(options.zone)
        self.remote_types = (  # type: ignore[misc]
            frozenset({"date", "text", "other"})
            if options.format == "iso"
            else frozenset({"datetime", "text", "other"})
        )

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        if self._format == "iso" and isinstance(remote, str) and len(remote) == 10:
            return _day(remote)
        moment = read_moment(remote, self._zone)
        if moment is None:
            return None
        if self._format == "iso":
            raise BadValue("is a moment, not a day; the lens needs format: datetime and a zone")
        return moment.astimezone(self._zone).date()

    def put(self, value: Value) -> JsonValue:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise BadValue("is not a day")
        if self._format == "iso":
            return value.isoformat()
        try:
            midnight = datetime(value.year, value.month, value.day, tzinfo=self._zone).astimezone(UTC)
        except OverflowError as exc:
            raise BadValue("is out of range") from exc
        return write_moment(midnight, self._format, seconds=False)

    def samples(self) -> tuple[Value, ...]:
        return (date(2026, 1, 31), date(2024, 2, 29), date(1999, 12, 31), date(2026, 3, 29), date(2026, 10, 25))

    def fast(self, field: Field) -> Fast | None:  # noqa: ARG002
        if self._format != "iso":
            return None
        return Fast("(w := {days}.get(v)) is not None", {"days": _DAYS})


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as exc:
        raise BadValue("is not a day like 2026-01-31") from exc
    if len(_DAYS) >= MAX_DAYS:
        _DAYS.clear()
    _DAYS[text] = day
    return day


class DatetimeOptions(_Zoned):
    format: Literal["iso", "salesforce", "epoch_ms", "day"] = Option(
        "iso", description="How the moment is written; day: the day in the zone, for direction: push."
    )
    precision: Literal["ms", "s"] = Option("ms", description="What the remote field keeps of a second.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"format": value} if isinstance(value, str) else value


class DatetimeLens(Lens):
    """A moment in UTC, cut to the remote's precision in both directions."""

    fills = frozenset({"datetime"})
    remote_types = frozenset({"datetime", "text", "other"})
    normal_form = True

    def __init__(self, options: DatetimeOptions) -> None:
        self._format = options.format
        if options.format == "day":
            self.remote_types = frozenset({"date", "text", "other"})  # type: ignore[misc]
        self._seconds = options.precision == "s"
        self._zone = ZoneInfo(options.zone)

    def get(self, remote: JsonValue, extra: JsonValue = None) -> Value:  # noqa: ARG002
        moment = read_moment(remote, self._zone)
        return None if moment is None else cut(moment, seconds=self._seconds)

    def put(self, value: Value) -> JsonValue:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise BadValue("is not a moment with a time zone")
        if self._format == "day":
            return value.astimezone(self._zone).date().isoformat()
        return write_moment(value.astimezone(UTC), self._format, seconds=self._seconds)

    def samples(self) -> tuple[Value, ...]:
        moment = datetime(2026, 3, 29, 1, 30, 5, tzinfo=UTC)
        return (moment, datetime(1970, 1, 1, tzinfo=UTC), moment if self._seconds else moment + 7 * _MILLISECOND)

    def fast(self, field: Field) -> Fast | None:  # noqa: ARG002
        if self._format in ("epoch_ms", "day"):
            return None
        step = 1_000_000 if self._seconds else 1_000
        return Fast(
            "v is not None and (w := {read}(v)).tzinfo is {utc} and not w.microsecond % {step}",
            {"read": datetime.fromisoformat, "utc": UTC, "step": step},
        )


def cut(moment: datetime, *, seconds: bool) -> datetime:
    """The moment without what is finer than a millisecond, or a second."""
    if not moment.microsecond:
        return moment
    return moment.replace(microsecond=0 if seconds else moment.microsecond // 1000 * 1000)


def read_moment(remote: JsonValue, zone: ZoneInfo) -> datetime | None:
    """ISO text or epoch milliseconds (number or text) as a moment in UTC; None for an empty text."""
    text = text_of(remote)
    if not text:
        return None
    try:
        if isinstance(remote, int | Decimal) or text.lstrip("-").isdecimal():
            return _EPOCH + int(Decimal(text)) * _MILLISECOND
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, ArithmeticError) as exc:
        raise BadValue("is not a moment like 2026-01-31T12:00:00Z") from exc


def read_instant(remote: JsonValue) -> datetime | None:
    """A moment that says itself in which zone it is, in UTC; None for anything else, such as a day."""
    try:
        moment = None if remote is None else read_moment(remote, _UTC)
    except BadValue:
        return None
    if isinstance(remote, str) and moment is not None and not remote.strip().lstrip("-").isdecimal():
        return moment if datetime.fromisoformat(remote.strip()).tzinfo else None
    return moment


def write_moment(moment: datetime, format_: str, *, seconds: bool) -> JsonValue:
    """A UTC moment in the remote's form, cut to its precision."""
    moment = cut(moment, seconds=seconds)
    if format_ == "epoch_ms":
        return (moment - _EPOCH) // _MILLISECOND
    stamp = moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{stamp}+0000" if format_ == "salesforce" else f"{stamp}Z"
