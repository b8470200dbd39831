"""The scope of a read in HubSpot's own language: filters, or filter groups, of its search as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from hub.sdk.errors import RecordRejected

# The smallest of the maxima that HubSpot's texts name; two filters a group are the connector's own.
MAX_GROUPS, MAX_FILTERS, MAX_IN_ALL = 5, 6, 18
_OWN_FILTERS = 2

Json = dict[str, Any]


class _Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    propertyName: str  # noqa: N815 - HubSpot's names
    operator: str
    value: str | None = None
    highValue: str | None = None  # noqa: N815
    values: tuple[str, ...] | None = None


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    filters: tuple[_Filter, ...]


def filter_groups(where: str | None, own: Sequence[Json]) -> list[Json]:
    """The groups of `where`, each with the connector's own filters added.

    `where` is a JSON list of filters that must all hold, or of groups `{"filters": [...]}` of which one must hold.
    """
    if where is None:
        return [{"filters": list(own)}] if own else []
    return [{"filters": [*group, *own]} for group in _parsed(where)]


@lru_cache(maxsize=256)
def _parsed(where: str) -> list[list[Json]]:
    try:
        groups = _groups(where)
    except msgspec.MsgspecError as exc:
        message = f"The mapping's scope is no list of HubSpot search filters: {exc}."
        raise RecordRejected(message, code="invalid_where") from exc
    sizes = [len(group.filters) + _OWN_FILTERS for group in groups]
    if len(groups) > MAX_GROUPS or max(sizes, default=0) > MAX_FILTERS or sum(sizes) > MAX_IN_ALL:
        message = "The mapping's scope has more filters than HubSpot's search takes; write fewer."
        raise RecordRejected(message, code="invalid_where")
    return [[_as_json(one) for one in group.filters] for group in groups]


def _groups(where: str) -> Sequence[_Group]:
    value = msgspec.json.decode(where)
    if isinstance(value, list) and value and isinstance(value[0], dict) and "filters" in value[0]:
        return msgspec.convert(value, tuple[_Group, ...])
    return (_Group(msgspec.convert(value, tuple[_Filter, ...])),)


def _as_json(one: _Filter) -> Json:
    return {name: value for name, value in msgspec.structs.asdict(one).items() if value is not None}
