"""One field's way through a mapping: its rule with the lens, the stop words and the checks around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from hub.domain.cel import Expression, ExpressionError
from hub.mapping.conform import conformer
from hub.mapping.errors import BadValue, shorten
from hub.mapping.lenses.base import Fast, Lens
from hub.mapping.paths import ABSENT, Absent, dig
from hub.mapping.rules import FieldProblem, FieldRule
from hub.record.values import Value
from hub.sdk.records import JsonValue, RemoteFields


@dataclass(frozen=True)
class Channel:
    """A rule and how it is carried out.

    `placeholders` are remote texts that mean "nobody has said", folded; they read as absent. `default` is written
    where the remote requires a value and the record has none; it reads as null. `compute` takes the lens' place in
    the rule's one direction.
    """

    rule: FieldRule
    lens: Lens | None
    compute: Expression | None
    placeholders: frozenset[str]
    default: JsonValue | Absent

    @cached_property
    def path(self) -> tuple[str, ...]:
        """Steps to the remote value."""
        return tuple(self.rule.remotes[0].split("."))

    @cached_property
    def conform(self) -> Callable[[Value], Value]:
        return conformer(self.rule.field)

    @cached_property
    def stops(self) -> frozenset[str]:
        """Folded remote texts that are no data: placeholders and the default."""
        default = {fold(self.default)} if isinstance(self.default, str) else set()
        return self.placeholders | default

    def find(self, fields: RemoteFields) -> Value | Absent | FieldProblem:
        """The field's value in a remote record, in whatever form its lens knows."""
        remote: JsonValue = None
        try:
            if self.compute is not None:
                return self.computed(fields)
            remote = dig(fields, self.path)
            return remote if remote is None or remote is ABSENT else self.read(remote, self.extra_of(fields))
        except BadValue as exc:
            return self.problem(exc, remote)

    def problem(self, exc: BadValue, value: object) -> FieldProblem:
        return FieldProblem(self.rule.name, ", ".join(self.rule.remotes), str(exc), shorten(value))

    def read(self, remote: JsonValue, extra: JsonValue) -> Value | Absent:
        """A remote value that is neither absent nor null as the record's value; raises BadValue."""
        if type(remote) is type(self.default) and remote == self.default:
            return None
        if isinstance(remote, str) and self.stops and (word := fold(remote)) in self.stops:
            return ABSENT if word in self.placeholders else None
        assert self.lens is not None
        return self.conform(self.lens.get(remote, None if extra is ABSENT else extra))

    def computed(self, fields: RemoteFields) -> Value:
        """The value of a pulling `compute`, as the field's lens would read it; raises BadValue."""
        assert self.compute is not None
        try:
            remote = self.compute.evaluate({"remote": fields})
        except ExpressionError as exc:
            raise BadValue(str(exc)) from exc
        if remote is None or self.lens is None:
            return None
        return self.conform(self.lens.get(from_cel(remote), None))

    def write(self, value: Value) -> dict[str, JsonValue]:
        """The remote fields for a value; raises BadValue."""
        path = self.rule.remotes[0]
        if value is None:
            return {path: None if self.default is ABSENT else self.default}
        if self.compute is not None:
            try:
                return {path: from_cel(self.compute.evaluate({"value": value}))}
            except ExpressionError as exc:
                raise BadValue(str(exc)) from exc
        assert self.lens is not None
        remote = self.lens.put(value)
        if remote is None and self.default is not ABSENT:
            remote = self.default
        if self.lens.writes_extra and self.lens.extra:
            return {path: remote, self.lens.extra: self.lens.put_extra(value)}
        return {path: remote}

    def fast(self) -> Fast | None:
        """The common case of `read` as one condition, where the lens has one."""
        fast = self.lens.fast(self.rule.field) if self.lens and self.compute is None else None
        if fast is None or not (self.stops or self.default is not ABSENT):
            return fast
        if self.default is not ABSENT and not isinstance(self.default, str):
            return None
        guard = "v is not None and {fold}(v) not in {stops} and "
        return Fast(guard + f"({fast.condition})", {**fast.bindings, "fold": fold, "stops": self.stops})

    def extra_of(self, fields: RemoteFields) -> JsonValue:
        extra = self.lens.extra if self.lens else None
        return ABSENT if extra is None else dig(fields, tuple(extra.split(".")))


def fold(text: str) -> str:
    """How placeholders are compared: without case and white space around."""
    return text.strip().casefold()


def from_cel(result: object) -> JsonValue:
    """A CEL result as JSON; doubles as they print, so that 0.1 stays 0.1."""
    if isinstance(result, float):
        return Decimal(repr(result))
    if isinstance(result, str | int | bool | list | dict) or result is None:
        return result
    return str(result)
