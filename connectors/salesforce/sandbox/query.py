"""Runs SOQL over the org's records: picks an index, filters, orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.aggregates import grouped
from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.conditions import Conditions
from connectors.salesforce.sandbox.paths import Paths
from connectors.salesforce.sandbox.records import Records
from connectors.salesforce.sandbox.schema import ObjectType, Schema
from connectors.salesforce.sandbox.soql import Comparison, Condition, Logic, Order, Query
from connectors.salesforce.stamps import parse_stamp
from hub.sdk.sandbox import StoredRecord


class QueryEngine:
    """What `/query` and `/queryAll` answer by.

    `now` is the org's time, for relative date literals; `user_of` gives the id of the user behind `StoredRecord.by`.
    """

    def __init__(
        self, *, schema: Schema, records: Records, now: Callable[[], datetime], user_of: Callable[[str], str]
    ) -> None:
        self._schema = schema
        self._records = records
        self.paths = Paths(schema=schema, records=records, user_of=user_of)
        self._conditions = Conditions(paths=self.paths, now=now)

    def run(self, query: Query, *, deleted_too: bool) -> list[StoredRecord]:
        """The records that the statement selects, ordered and cut as it says."""
        kind = self.type_of(query)
        test = self._conditions.compile(kind, query.where) if query.where is not None else None
        found: Iterable[StoredRecord] = self._candidates(kind, query.where)
        if not deleted_too:
            found = (record for record in found if record.deleted_at is None)
        if test is not None:
            found = filter(test, found)
        if not _follows_index(query.order):
            found = self._ordered(kind, found, query.order)
        end = None if query.limit is None else query.offset + query.limit
        return list(islice(found, query.offset, end))

    def aggregate(self, query: Query, *, deleted_too: bool) -> list[dict[str, Any]]:
        """The rows of an aggregate statement, cut as it says."""
        kind = self.type_of(query)
        plain = Query(query.object, (), query.where, (), None, 0)
        rows = grouped(query, kind, self.paths, self.run(plain, deleted_too=deleted_too))
        end = None if query.limit is None else query.offset + query.limit
        return rows[query.offset : end]

    def type_of(self, query: Query) -> ObjectType:
        kind = self._schema.find(query.object)
        if kind is None:
            raise VendorError("INVALID_TYPE", f"sObject type '{query.object}' is not supported.")
        return kind

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
            get = self.paths.getter(kind, step.path)
            rows.sort(key=lambda record, get=get: _sortable(get(record)), reverse=step.descending)  # type: ignore[misc]
            nulls = [record for record in rows if get(record) is None]
            others = [record for record in rows if get(record) is not None]
            rows = others + nulls if step.nulls_last else nulls + others
        return rows


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


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, str):
        return (1, value)
    return (0, Decimal(value)) if value is not None else (-1, 0)
