"""Runs SOQL over the org's records: picks an index, filters, orders, and renders rows as the API shows them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.records import Records
from connectors.salesforce.sandbox.schema import Field, ObjectType, Schema
from connectors.salesforce.sandbox.soql import Comparison, Condition, Literal, Logic, Order, Query
from connectors.salesforce.stamps import format_stamp, parse_stamp
from hub.sdk.sandbox import StoredRecord

Getter = Callable[[StoredRecord], Any]
Test = Callable[[StoredRecord], bool]
Render = Callable[[StoredRecord], dict[str, Any]]

_TEXT_LIKE = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "reference", "id"})
_IDS = frozenset({"reference", "id"})
_MAX_PARENTS = 5


class QueryEngine:
    """What `/query` and `/queryAll` answer by. `now` is the org's time, for relative date literals."""

    def __init__(self, *, schema: Schema, records: Records, now: Callable[[], datetime]) -> None:
        self._schema = schema
        self._records = records
        self._now = now

    def run(self, query: Query, *, deleted_too: bool) -> list[StoredRecord]:
        """The records that the statement selects, ordered and cut as it says."""
        kind = self.type_of(query)
        test = self._condition(kind, query.where) if query.where is not None else None
        found: Iterable[StoredRecord] = self._candidates(kind, query.where)
        if not deleted_too:
            found = (record for record in found if record.deleted_at is None)
        if test is not None:
            found = filter(test, found)
        if not _follows_index(query.order):
            found = self._ordered(kind, found, query.order)
        end = None if query.limit is None else query.offset + query.limit
        return list(islice(found, query.offset, end))

    def type_of(self, query: Query) -> ObjectType:
        kind = self._schema.find(query.object)
        if kind is None:
            raise VendorError("INVALID_TYPE", f"sObject type '{query.object}' is not supported.")
        return kind

    def renderer(self, kind: ObjectType, paths: Iterable[str], version: str) -> Render:
        """A function from a record to the JSON that shows `paths`: parents nested, attributes first."""
        own: list[tuple[str, Getter]] = []
        parents: dict[str, list[str]] = {}
        for path in paths:
            head, _, rest = path.partition(".")
            if rest:
                parents.setdefault(head, []).append(rest)
            else:
                field = kind.field(path)
                own.append((field.name, self.getter(kind, path)))
        nested = [(name, self._parent_renderer(kind, name, rest, version)) for name, rest in parents.items()]
        base = f"/services/data/{version}/sobjects/{kind.name}/"

        def render(record: StoredRecord) -> dict[str, Any]:
            row: dict[str, Any] = {"attributes": {"type": kind.name, "url": base + record.id}}
            for name, get in own:
                row[name] = get(record)
            for name, show in nested:
                row[name] = show(record)
            return row

        return render

    def getter(self, kind: ObjectType, path: str) -> Getter:
        """A function from a record to the value at a field name or dotted path; null where a parent is missing."""
        head, _, rest = path.partition(".")
        if rest:
            return self._parent_getter(kind, head, rest)
        field = kind.field(path)
        system = _SYSTEM_FIELDS.get(field.name)
        if system is not None:
            return system
        name, missing = field.name, False if field.type == "boolean" else None
        return lambda record: record.fields.get(name, missing)

    def _parent_getter(self, kind: ObjectType, head: str, rest: str) -> Getter:
        field, parent = self._parent(kind, head)
        inner = self.getter(parent, rest)
        find = self._finder(field, parent)

        def get(record: StoredRecord) -> Any:
            found = find(record)
            return None if found is None else inner(found)

        return get

    def _parent_renderer(self, kind: ObjectType, head: str, rest: list[str], version: str) -> Getter:
        field, parent = self._parent(kind, head)
        show = self.renderer(parent, rest, version)
        find = self._finder(field, parent)

        def render(record: StoredRecord) -> Any:
            found = find(record)
            return None if found is None else show(found)

        return render

    def _finder(self, field: Field, parent: ObjectType) -> Callable[[StoredRecord], StoredRecord | None]:
        def find(record: StoredRecord) -> StoredRecord | None:
            merged = field.name == "MasterRecordId"
            parent_id = record.merged_into if merged else record.fields.get(field.name)
            found = self._records.seen(parent.name, parent_id) if parent_id else None
            return found if found is not None and found.live else None

        return find

    def _parent(self, kind: ObjectType, relationship: str) -> tuple[Field, ObjectType]:
        field = kind.parent(relationship)
        if field is None:
            raise VendorError(
                "INVALID_FIELD",
                f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name.",
            )
        return field, self._schema.types[field.refers_to[0]]

    # Which records are looked at

    def _candidates(self, kind: ObjectType, where: Condition | None) -> Iterator[StoredRecord]:
        since: datetime | None = None
        for part in _conjuncts(where):
            direct = self._by_value(kind, part)
            if direct is not None:
                return iter(sorted(direct, key=lambda record: (record.modified_at, record.id)))
            if part.path.lower() == "systemmodstamp" and part.op in ("=", ">", ">=") and _is_time(part):
                lower = parse_stamp(str(part.values[0].value))
                since = lower if since is None else max(since, lower)
        return self._records.by_stamp(kind.name, since)

    def _by_value(self, kind: ObjectType, part: Comparison) -> list[StoredRecord] | None:
        field = kind.find(part.path)
        if field is None or part.op not in ("=", "in") or any(value.kind != "text" for value in part.values):
            return None
        texts = [str(value.value) for value in part.values]
        if field.type == "id":
            views = (self._records.seen(kind.name, canonical_id(text)) for text in dict.fromkeys(texts))
            return [view for view in views if view is not None]
        return None

    def _ordered(
        self, kind: ObjectType, found: Iterable[StoredRecord], order: tuple[Order, ...]
    ) -> Iterable[StoredRecord]:
        rows = list(found)
        for step in reversed(order):
            get = self.getter(kind, step.path)
            rows.sort(key=lambda record, get=get: _sortable(get(record)), reverse=step.descending)  # type: ignore[misc]
            nulls = [record for record in rows if get(record) is None]
            others = [record for record in rows if get(record) is not None]
            rows = others + nulls if step.nulls_last else nulls + others
        return rows

    # Conditions

    def _condition(self, kind: ObjectType, where: Condition) -> Test:
        if isinstance(where, Comparison):
            return self._comparison(kind, where)
        parts = [self._condition(kind, part) for part in where.parts]
        if where.op == "not":
            only = parts[0]
            return lambda record: not only(record)
        if where.op == "and":
            return lambda record: all(part(record) for part in parts)
        return lambda record: any(part(record) for part in parts)

    def _comparison(self, kind: ObjectType, part: Comparison) -> Test:
        if part.path.count(".") > _MAX_PARENTS:
            raise VendorError("INVALID_FIELD", f"Relationship path too deep: {part.path}")
        field = self._field_at(kind, part.path)
        get = self.getter(kind, part.path)
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

    def _field_at(self, kind: ObjectType, path: str) -> Field:
        head, _, rest = path.partition(".")
        if not rest:
            return kind.field(head)
        return self._field_at(self._parent(kind, head)[1], rest)

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

    def _relative(self, field: Field, word: str) -> str:
        midnight = self._now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        name, _, days = word.partition(":")
        back = {"today": 0, "yesterday": 1, "last_n_days": int(days or 0)}.get(name)
        if back is None:
            raise VendorError("MALFORMED_QUERY", f"unexpected token: '{word}'")
        at = midnight - timedelta(days=back)
        return at.date().isoformat() if field.type == "date" else format_stamp(at)


_SYSTEM_FIELDS: dict[str, Getter] = {
    "Id": lambda record: record.id,
    "CreatedDate": lambda record: format_stamp(record.created_at),
    "LastModifiedDate": lambda record: format_stamp(record.modified_at),
    "SystemModstamp": lambda record: format_stamp(record.modified_at),
    "IsDeleted": lambda record: record.deleted_at is not None,
    "MasterRecordId": lambda record: record.merged_into,
}
_LITERAL_KINDS = {
    "datetime": ("datetime",),
    "date": ("date",),
    "boolean": ("bool",),
    "int": ("number",),
    "double": ("number",),
    "currency": ("number",),
    "percent": ("number",),
}


def _conjuncts(where: Condition | None) -> Iterator[Comparison]:
    if isinstance(where, Comparison):
        yield where
    elif isinstance(where, Logic) and where.op == "and":
        for part in where.parts:
            yield from _conjuncts(part)


def _is_time(part: Comparison) -> bool:
    return part.values[0].kind == "datetime"


def _follows_index(order: tuple[Order, ...]) -> bool:
    """Whether records come out of the index in this order already (any order is right where none is asked for)."""
    names = tuple(step.path.lower() for step in order)
    return not any(step.descending for step in order) and names in ((), ("systemmodstamp",), ("systemmodstamp", "id"))


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


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, str):
        return (1, value)
    return (0, Decimal(value)) if value is not None else (-1, 0)
