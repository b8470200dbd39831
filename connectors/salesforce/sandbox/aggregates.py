"""GROUP BY: rows of an aggregate query, with the date functions (in UTC) and the aggregate functions of SOQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.paths import Getter, Paths
from connectors.salesforce.sandbox.schema import ObjectType
from connectors.salesforce.sandbox.soql import Column, Query
from connectors.salesforce.stamps import parse_stamp
from hub.sdk.sandbox import StoredRecord

_DATE_FUNCTIONS: dict[str, Callable[[datetime], Any]] = {
    "calendar_year": lambda at: at.year,
    "calendar_quarter": lambda at: (at.month + 2) // 3,
    "calendar_month": lambda at: at.month,
    "day_in_month": lambda at: at.day,
    "day_in_week": lambda at: at.isoweekday() % 7 + 1,
    "day_in_year": lambda at: at.timetuple().tm_yday,
    "day_only": lambda at: at.date().isoformat(),
    "hour_in_day": lambda at: at.hour,
}
_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len(set(values)),
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "sum": lambda values: sum(map(Decimal, values)) if values else None,
    "avg": lambda values: sum(map(Decimal, values)) / len(values) if values else None,
}


def grouped(query: Query, kind: ObjectType, paths: Paths, records: Sequence[StoredRecord]) -> list[dict[str, Any]]:
    """One row a group, in the order of the group's values; a statement without GROUP BY has one row."""
    keys = [_key(group, kind, paths) for group in query.groups]
    members: dict[tuple[Any, ...], list[StoredRecord]] = {} if keys else {(): []}
    for record in records:
        members.setdefault(tuple(key(record) for key in keys), []).append(record)
    shown = _shown(query, kind, paths)
    rows = []
    for values in sorted(members, key=lambda key: [(value is not None, value) for value in key]):
        row: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for alias, show in shown:
            row[alias] = show(values, members[values])
        rows.append(row)
    return rows


Show = Callable[[tuple[Any, ...], list[StoredRecord]], Any]


def _shown(query: Query, kind: ObjectType, paths: Paths) -> list[tuple[str, Show]]:
    """Alias and value of each column; columns without an alias are named by their field, or expr0, expr1 …"""
    groups = [(group.function, group.path.lower()) for group in query.groups]
    shown: list[tuple[str, Show]] = []
    unnamed = 0
    for column in query.columns:
        alias = column.alias or (column.path.rpartition(".")[2] if column.function is None else None)
        if alias is None:
            alias, unnamed = f"expr{unnamed}", unnamed + 1
        place = (column.function, column.path.lower())
        if place in groups:
            shown.append((alias, _group_value(groups.index(place))))
        elif column.function in _AGGREGATES:
            shown.append((alias, _aggregate(column, kind, paths)))
        else:
            raise VendorError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {column.path}")
    return shown


def _group_value(place: int) -> Show:
    return lambda values, _: values[place]


def _aggregate(column: Column, kind: ObjectType, paths: Paths) -> Show:
    get, compute = paths.getter(kind, column.path), _AGGREGATES[str(column.function)]
    return lambda _, records: compute([value for record in records if (value := get(record)) is not None])


def _key(group: Column, kind: ObjectType, paths: Paths) -> Getter:
    get = paths.getter(kind, group.path)
    if group.function is None:
        return get
    take = _DATE_FUNCTIONS.get(group.function)
    if take is None:
        raise VendorError("MALFORMED_QUERY", f"unexpected token: '{group.function}'")
    if paths.field_at(kind, group.path).type not in ("datetime", "date"):
        raise VendorError("INVALID_FIELD", f"field {group.path} does not support the function {group.function}")

    def key(record: StoredRecord) -> Any:
        value = get(record)
        return None if value is None else take(_moment(str(value)))

    return key


def _moment(text: str) -> datetime:
    return parse_stamp(text) if "T" in text else datetime.fromisoformat(text).replace(tzinfo=UTC)
