"""What people type: values that a mapping can carry, most of them never typed before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from hub.mapping.channel import Channel
from hub.mapping.errors import BadValue
from hub.mapping.model import FieldProblem
from hub.mapping.model import Mapping as ObjectMapping
from hub.mapping.paths import Absent, nest
from hub.record.definition import Field
from hub.record.values import Money, Value
from hub.sdk.capabilities import RemoteField
from hub.sdk.records import JsonValue

_SYLLABLES = ("ba", "co", "di", "fu", "ga", "he", "jo", "ki", "lu", "me", "na", "po", "ri", "so", "tu", "va", "we")
_COUNTRIES = ("DE", "FR", "NL", "US")


@dataclass(frozen=True)
class Typed:
    """A value as the hub knows it and the remote fields that hold it; `fresh` when nobody has typed it before."""

    value: Value
    fields: Mapping[str, JsonValue]
    fresh: bool


class Pen:
    """Makes values; numbered, so that no two are alike where a field's kind has enough of them."""

    def __init__(self) -> None:
        self._number = 0

    def write(
        self, mapping: ObjectMapping, name: str, described: Mapping[str, RemoteField], chance: Random
    ) -> Typed | None:
        """A value for a field of the mapping; None where people have nothing to type (links, computed values)."""
        channel = next(c for c in mapping.channels if c.rule.name == name)
        if channel.lens is None or channel.compute is not None or channel.rule.field.kind == "link":
            return None
        self._number += 1
        words = _values(channel, self._number, title=name == mapping.record.title)
        fitting = [t for value, fresh in words if (t := typed(channel, value, described, fresh=fresh)) is not None]
        fresh = next((t for t in fitting if t.fresh), None)
        return fresh or (chance.choice(fitting) if fitting else None)

    def copy(
        self, mapping: ObjectMapping, name: str, value: Value, described: Mapping[str, RemoteField]
    ) -> Typed | None:
        """A value that stands elsewhere, typed once more."""
        channel = next(c for c in mapping.channels if c.rule.name == name)
        return typed(channel, value, described, fresh=False) if channel.lens is not None else None

    def value(self, field: Field, chance: Random) -> tuple[Value, bool]:
        """A value for the hub's own record, and whether nobody has typed it before; (None, False) for links."""
        self._number += 1
        if field.kind in ("choice", "choices", "bool"):
            return chance.choice(list(_by_kind(field, self._number))), False
        return next(iter(_by_kind(field, self._number)), None), True


def typed(channel: Channel, value: Value, described: Mapping[str, RemoteField], *, fresh: bool) -> Typed | None:
    """The remote form of a value, where the mapping gives it back as it was and the remote system takes it."""
    try:
        remote = channel.write(value)
    except BadValue:
        return None
    back = channel.find(nest(remote))
    if isinstance(back, Absent | FieldProblem) or back != value:
        return None
    if not all(_takes(described.get(path), part) for path, part in remote.items()):
        return None
    return Typed(value, remote, fresh)


def _takes(field: RemoteField | None, value: JsonValue) -> bool:
    if field is None:
        return True
    if field.values and field.type in ("picklist", "multipicklist"):
        items = value.split(";") if field.type == "multipicklist" and isinstance(value, str) else [value]
        return all(item in field.values for item in items)
    return field.writable and not (field.max_length and isinstance(value, str) and len(value) > field.max_length)


def _values(channel: Channel, number: int, *, title: bool) -> Iterator[tuple[Value, bool]]:
    """Candidates, fresh ones first."""
    field = channel.rule.field
    if field.kind in ("text", "longtext"):
        stem = field.name.rpartition(".")[2]
        yield from ((text, True) for text in ([_name(number)] if title else []))
        if channel.lens is not None and channel.lens.remote_values() is None:
            texts = (f"{stem}-{number}", f"firm{number}.com", f"p{number}@firm{number}.com", f"+49221{number:07}")
            yield from ((text, True) for text in texts)
        yield from ((country, False) for country in _COUNTRIES)
    elif field.kind not in ("choice", "choices", "bool"):
        yield from ((value, True) for value in _by_kind(field, number))
    else:
        yield from ((value, False) for value in _by_kind(field, number))
    yield from ((value, False) for value in (channel.lens.samples() if channel.lens else ()))


def _by_kind(field: Field, number: int) -> Iterator[Value]:
    match field.kind:
        case "text" | "longtext":
            yield f"{field.name.rpartition('.')[2]}-{number}"
        case "int":
            yield 1000 + number
        case "decimal":
            yield Decimal(number) + Decimal("0.25")
        case "money":
            yield Money(Decimal(number) + Decimal("0.25"), "EUR")
        case "bool":
            yield from (True, False)
        case "date":
            yield date(2030, 1, 1) + timedelta(days=number)
        case "datetime":
            yield datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        case "choice":
            yield from field.choices
        case "choices":
            yield from ((choice,) for choice in field.choices)
        case "texts":
            yield (f"{field.name}-{number}",)


def _name(number: int) -> str:
    """A name unlike all others: what is alike would be matched."""
    chance = Random(number)
    words = ["".join(chance.choice(_SYLLABLES) for _ in range(4)) for _ in range(2)]
    return f"{words[0].title()} {words[1].title()} {number}"
