"""WHERE clauses as functions from a record to yes or no."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.paths import Getter, Paths
from connectors.salesforce.sandbox.schema import Field, ObjectType
from connectors.salesforce.sandbox.soql import Comparison, Condition, Literal
from connectors.salesforce.stamps import format_stamp
from hub.sdk.sandbox import StoredRecord

Test = Callable[[StoredRecord], bool]

_MAX_PARENTS = 5
_TEXT_LIKE = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "reference", "id"})
_IDS = frozenset({"reference", "id"})
_LITERAL_KINDS = {
    "datetime": ("datetime",),
    "date": ("date",),
    "boolean": ("bool",),
    "int": ("number",),
    "double": ("number",),
    "currency": ("number",),
    "percent": ("number",),
}


class Conditions:
    """Compiles conditions. `now` is the org's time, for relative date literals."""

    def __init__(self, *, paths: Paths, now: Callable[[], datetime]) -> None:
        self._paths = paths
        self._now = now

    def compile(self, kind: ObjectType, where: Condition) -> Test:
        if isinstance(where, Comparison):
            return self._comparison(kind, where)
        parts = [self.compile(kind, part) for part in where.parts]
        if where.op == "not":
            only = parts[0]
            return lambda record: not only(record)
        return _all(parts) if where.op == "and" else _any(parts)

    def _comparison(self, kind: ObjectType, part: Comparison) -> Test:
        if part.path.count(".") > _MAX_PARENTS:
            raise VendorError("INVALID_FIELD", f"Relationship path too deep: {part.path}")
        field = self._paths.field_at(kind, part.path)
        get = self._paths.getter(kind, part.path)
        if part.op == "=" and part.values[0].kind == "relative":
            return self._in_days(get, str(part.values[0].value))
        wanted = [self._comparable(field, part, value) for value in part.values]
        fold = _fold_for(field)
        if part.op in ("in", "not in", "=", "!="):
            among = frozenset(fold(value) for value in wanted)
            negated = part.op in ("not in", "!=")
            return lambda record: (fold(get(record)) in among) is not negated
        if part.op == "like":
            pattern = _like(str(wanted[0]))
            return lambda record: (value := get(record)) is not None and pattern.fullmatch(str(value)) is not None
        if part.op in ("includes", "excludes"):
            return _includes(get, [str(value) for value in wanted], negated=part.op == "excludes")
        return _ordering(get, part.op, fold(wanted[0]), fold)

    def _comparable(self, field: Field, part: Comparison, literal: Literal) -> Any:
        if literal.kind == "null":
            return None
        if literal.kind == "relative" and field.type in ("date", "datetime"):
            return self._relative(field, str(literal.value))
        expected = _LITERAL_KINDS.get(field.type, ("text",))
        if literal.kind not in expected:
            raise VendorError(
                "INVALID_FIELD",
                f"value of filter criterion for field '{part.path}' must be of type {field.type} and should "
                f"{'' if expected == ('text',) else 'not '}be enclosed in quotes",
            )
        return canonical_id(str(literal.value)) if field.type in _IDS else literal.value

    def _in_days(self, get: Getter, word: str) -> Test:
        """`= TODAY` and its like: any moment of those days."""
        first = self._first_day(word)
        last = first if word in ("today", "yesterday") else self._first_day("today")
        return lambda record: first.isoformat() <= str(get(record) or "")[:10] <= last.isoformat()

    def _relative(self, field: Field, word: str) -> str:
        first = self._first_day(word)
        midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
        return first.isoformat() if field.type == "date" else format_stamp(midnight)

    def _first_day(self, word: str) -> date:
        name, _, days = word.partition(":")
        back = {"today": 0, "yesterday": 1, "last_n_days": int(days or 0)}.get(name)
        if back is None:
            raise VendorError("MALFORMED_QUERY", f"unexpected token: '{word}'")
        return self._now().astimezone(UTC).date() - timedelta(days=back)


def _all(parts: list[Test]) -> Test:
    first, *others = parts
    if not others:
        return first
    rest = _all(others)
    return lambda record: first(record) and rest(record)


def _any(parts: list[Test]) -> Test:
    first, *others = parts
    if not others:
        return first
    rest = _any(others)
    return lambda record: first(record) or rest(record)


def _fold_for(field: Field) -> Callable[[Any], Any]:
    if field.type in _TEXT_LIKE and field.type not in _IDS and not field.case_sensitive:
        return lambda value: value.lower() if isinstance(value, str) else value
    return lambda value: value


def _ordering(get: Getter, op: str, wanted: Any, fold: Callable[[Any], Any]) -> Test:
    compare: Callable[[Any], bool] = {
        "<": lambda value: value < wanted,
        "<=": lambda value: value <= wanted,
        ">": lambda value: value > wanted,
        ">=": lambda value: value >= wanted,
    }[op]

    def test(record: StoredRecord) -> bool:
        value = fold(get(record))
        return value is not None and wanted is not None and compare(value)

    return test


def _includes(get: Getter, wanted: list[str], *, negated: bool) -> Test:
    """Each wanted text is `A` or `A;B`: all of its values must be chosen."""
    groups = [frozenset(text.split(";")) for text in wanted]

    def test(record: StoredRecord) -> bool:
        chosen = frozenset(str(get(record) or "").split(";"))
        return any(group <= chosen for group in groups) is not negated

    return test


def _like(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    translated = (".*" if p == "%" else "." if p == "_" else re.escape(p[-1]) for p in parts)
    return re.compile("".join(translated), re.IGNORECASE | re.DOTALL)
