"""The search endpoint's language: filter groups, one sort, a window of 10,000, and an index that lags behind."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.hubspot.sandbox.answers import Json, invalid, millis
from connectors.hubspot.sandbox.associations import Node
from connectors.hubspot.sandbox.crm import Crm
from connectors.hubspot.sandbox.operators import CONVERT, OPERATORS, Sortable, number_of, wanted_values
from connectors.hubspot.sandbox.schema import created_property, modified_property, type_of
from connectors.hubspot.sandbox.table import State, searchable

MAX_RESULTS = 10_000
MAX_LIMIT = 200
MAX_QUERY = 3_000
# groups, filters a group, filters in all
MAXIMA = {"5/6/18": (5, 6, 18), "5/10/25": (5, 10, 25), "6 groups": (6, 6, 36)}

_Test = Callable[[State], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search; `after` is None on the last page."""

    total: int
    states: Sequence[State]
    after: str | None


class Search:
    """Searches of one account; the matches of the latest query are kept while nothing changes."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._kept: tuple[object, list[State]] | None = None
        self._stamped: tuple[object, list[int], list[State]] | None = None

    def run(self, object_type: str, body: Json) -> Found:
        limit, after = _window(body)
        rest, floor = _without_id_floor(body)
        states = self._matches(object_type, rest)
        if floor is not None:
            states = states[bisect_right(states, floor, key=lambda state: int(state.record.id)) :]
        page = states[after : after + limit]
        end = after + len(page)
        return Found(len(states), page, str(end) if end < len(states) else None)

    def _matches(self, object_type: str, body: Json) -> list[State]:
        table, now = self._crm.tables[object_type], self._crm.world.clock.now()
        settled = table.settled_at is None or table.settled_at <= now
        question = {name: value for name, value in body.items() if name not in ("after", "limit", "properties")}
        key = (object_type, table.revision, repr(question))
        if settled and self._kept is not None and self._kept[0] == key:
            return self._kept[1]
        states = self._find(object_type, body, now)
        self._kept = (key, states) if settled else None
        return states

    def _find(self, object_type: str, body: Json, now: datetime) -> list[State]:
        groups = self._groups(object_type, body.get("filterGroups") or [])
        tests = [test for _, test in groups if test is not None]
        words = str(body.get("query") or "").lower()
        if len(words) > MAX_QUERY:
            raise invalid("The query is too long", code="INVALID_QUERY")
        lower = min((stamp for stamp, _ in groups), default=0)
        found = self._from_stamp(object_type, lower, now) if lower else list(self._all(object_type, now))
        if tests:
            found = [state for state in found if any(test(state) for test in tests)]
        if words:
            found = [state for state in found if _mentions(state, words)]
        return self._sorted(object_type, found, body.get("sorts") or [], by_stamp=lower > 0)

    def _all(self, object_type: str, now: datetime) -> Iterable[State]:
        return self._states(object_type, self._crm.tables[object_type].ids_after(None), now)

    def _states(self, object_type: str, ids: Iterable[str], now: datetime) -> Iterable[State]:
        for record_id in ids:
            record = self._crm.world.get(object_type, record_id)
            if record is not None and (state := searchable(record, now)) is not None:
                yield state

    def _from_stamp(self, object_type: str, lower: int, now: datetime) -> list[State]:
        """States with a last-modified stamp of at least `lower`, in its order; kept for the run's next pages."""
        table = self._crm.tables[object_type]
        key = (object_type, table.revision)
        settled = table.settled_at is None or table.settled_at <= now
        kept = self._stamped if settled else None
        if kept is None or kept[0] != key or not kept[1] or lower < kept[1][0]:
            states = list(self._states(object_type, table.ids_modified_from(lower), now))
            states.sort(key=lambda state: state.modified_at)
            kept = (key, [millis(state.modified_at) for state in states], states)
            self._stamped = kept if settled else None
        return kept[2][bisect_left(kept[1], lower) :]

    def _groups(self, object_type: str, groups: Sequence[Json]) -> list[tuple[int, _Test | None]]:
        """Per group: the smallest last-modified stamp it can match, and its test; None when the stamp is all."""
        most_groups, most_filters, most_in_all = MAXIMA[self._crm.faults.get("filter_maxima")]
        filters = [group.get("filters") or [] for group in groups]
        if len(groups) > most_groups or any(len(each) > most_filters for each in filters):
            raise invalid("Too many filter groups or filters", code="FILTER_LIMIT")
        if sum(map(len, filters)) > most_in_all:
            raise invalid("Too many filters in all", code="FILTER_LIMIT")
        stamp = modified_property(object_type)
        if len(filters) == 1 and all(_is_lower_stamp(one, stamp) for one in filters[0]):
            return [(_lower_stamp(object_type, filters[0]), None)]
        return [(_lower_stamp(object_type, each), self._all_of(object_type, each)) for each in filters]

    def _all_of(self, object_type: str, filters: Sequence[Json]) -> _Test:
        tests = [self._test(object_type, each) for each in filters]
        return lambda state: all(test(state) for test in tests)

    def _test(self, object_type: str, one: Json) -> _Test:
        name, operator = str(one.get("propertyName") or ""), str(one.get("operator") or "")
        test = OPERATORS.get(operator)
        if test is None:
            raise invalid(f"{operator!r} is no operator", code="INVALID_OPERATOR")
        if name.startswith("associations."):
            return self._association_test(object_type, name, operator, one)
        read = self._reader(object_type, name)
        wanted = wanted_values(one, numeric=self._is_ordered_asnumber_of(object_type, name))
        if not wanted and operator not in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            raise invalid(f"{operator} needs a value", code="INVALID_FILTER", field=name)
        return lambda state: test(read(state), wanted)

    def _association_test(self, object_type: str, name: str, operator: str, one: Json) -> _Test:
        to_type = type_of(name.removeprefix("associations."))
        if to_type is None or operator not in ("EQ", "IN"):
            raise invalid(f"{name!r} cannot be searched so", code="INVALID_FILTER")
        wanted = {str(value) for value in one.get("values") or [one.get("value")]}
        links = self._crm.associations
        return lambda state: not wanted.isdisjoint(links.of(Node(object_type, state.record.id), to_type))

    def _reader(self, object_type: str, name: str) -> Callable[[State], Sortable | None]:
        if name == "hs_object_id":
            return lambda state: Decimal(state.record.id)
        if name == modified_property(object_type):
            return lambda state: Decimal(millis(state.modified_at))
        if name == created_property(object_type):
            return lambda state: Decimal(millis(state.record.created_at))
        if name not in self._crm.properties[object_type]:
            raise invalid(f'Property "{name}" does not exist', code="PROPERTY_DOESNT_EXIST", field=name)
        convert = CONVERT.get(self._crm.properties[object_type][name].type, str.lower)
        return lambda state: convert(text) if (text := state.fields.get(name)) is not None else None

    def _is_ordered_asnumber_of(self, object_type: str, name: str) -> bool:
        property = self._crm.properties[object_type].get(name)
        return property is not None and property.type in CONVERT

    def _sorted(
        self, object_type: str, states: list[State], sorts: Sequence[Json | str], *, by_stamp: bool
    ) -> list[State]:
        if len(sorts) > 1:
            raise invalid("Only one sort is allowed", code="INVALID_SORT")
        if not sorts:
            return states
        one = sorts[0] if isinstance(sorts[0], Mapping) else {"propertyName": sorts[0]}
        read = self._reader(object_type, str(one.get("propertyName")))
        backwards = one.get("direction") == "DESCENDING"
        if by_stamp and one.get("propertyName") == modified_property(object_type) and not backwards:
            return states

        def order(state: State) -> tuple[bool, Any]:
            value = read(state)
            return value is None, value if value is not None else ""

        return sorted(states, key=order, reverse=backwards)


def _window(body: Json) -> tuple[int, int]:
    try:
        limit, after = int(body.get("limit") or 10), int(body.get("after") or 0)
    except (TypeError, ValueError) as exc:
        raise invalid("limit and after are integers", code="INVALID_PAGING", field="after") from exc
    if not 0 < limit <= MAX_LIMIT:
        raise invalid(f"limit is at most {MAX_LIMIT}", code="INVALID_PAGING", field="limit")
    if after + limit > MAX_RESULTS:
        raise invalid(f"A search gives {MAX_RESULTS} results at most", code="INVALID_PAGING", field="after")
    return limit, after


def _without_id_floor(body: Json) -> tuple[Json, int | None]:
    """A search by id split into its question and the id after which it goes on, so that the answer is found once."""
    groups, sorts = body.get("filterGroups") or [], body.get("sorts") or []
    if len(groups) != 1 or len(sorts) != 1 or sorts[0] != {"propertyName": "hs_object_id", "direction": "ASCENDING"}:
        return body, None
    filters = groups[0].get("filters") or []
    floors = [one for one in filters if one.get("propertyName") == "hs_object_id" and one.get("operator") == "GT"]
    if len(floors) != 1 or not str(floors[0].get("value")).isdigit():
        return body, None
    rest = [one for one in filters if one is not floors[0]]
    return {**body, "filterGroups": [{"filters": rest}]}, int(floors[0]["value"])


def _lower_stamp(object_type: str, filters: Sequence[Json]) -> int:
    """The least last-modified stamp that can match: the way into the index of stamps."""
    name = modified_property(object_type)
    bounds = [
        int(number_of(one.get("value")))
        for one in filters
        if one.get("propertyName") == name and one.get("operator") in ("GT", "GTE", "EQ", "BETWEEN")
    ]
    return max(bounds, default=0)


def _is_lower_stamp(one: Json, stamp: str) -> bool:
    return one.get("propertyName") == stamp and one.get("operator") == "GTE"


def _mentions(state: State, words: str) -> bool:
    return any(words in str(text).lower() for text in state.fields.values())
