"""Dotted paths into a remote record: `Owner.Email` is the field Email of the object under Owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.sdk.records import JsonValue, RemoteFields


class Absent:
    """The value of a key that is not there; there is only one."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()


def dig(fields: RemoteFields, path: tuple[str, ...]) -> JsonValue:
    """The value at the path; ABSENT when a key is missing, None when anything on the way is null."""
    value: JsonValue = fields
    for key in path:
        if value is None:
            return None
        if not isinstance(value, Mapping) or key not in value:
            return ABSENT
        value = value[key]
    return value


def nest(fields: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Fields by dotted path as the nested record that a read would return."""
    result: dict[str, JsonValue] = {}
    for path, value in fields.items():
        *parents, last = path.split(".")
        inner = result
        for key in parents:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return result
