"""How records are found without looking at all of them: by stamp, and by unique value."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.salesforce.sandbox.schema import Field, ObjectType
from hub.sdk.sandbox import StoredRecord


class Index:
    """Ids by (SystemModstamp, Id), deleted records too; ids of live records by the value of a unique field."""

    def __init__(self) -> None:
        self._by_stamp: dict[str, list[tuple[datetime, str]]] = {}
        self._unique: dict[tuple[str, str], dict[str, set[str]]] = {}

    def since(self, object_name: str, since: datetime | None) -> list[str]:
        """Ids in the order of (stamp, id), from `since` on."""
        stamps = self._by_stamp.get(object_name, [])
        start = bisect_left(stamps, (since, "")) if since is not None else 0
        return [record_id for _, record_id in stamps[start:]]

    def with_value(self, object_name: str, field: Field, value: Any) -> set[str]:
        """Ids of live records that hold `value`; case counts only where the field says so."""
        return self._unique.get((object_name, field.name), {}).get(_folded(field, value), set())

    def add(self, kind: ObjectType, record: StoredRecord) -> None:
        insort(self._by_stamp.setdefault(kind.name, []), (record.modified_at, record.id))
        if not record.live:
            return
        for field, value in _unique_values(kind, record.fields):
            self._unique.setdefault((kind.name, field.name), {}).setdefault(value, set()).add(record.id)

    def remove(self, kind: ObjectType, record: StoredRecord) -> None:
        stamps = self._by_stamp.get(kind.name, [])
        place = bisect_left(stamps, (record.modified_at, record.id))
        if place < len(stamps) and stamps[place][1] == record.id:
            del stamps[place]
        for field, value in _unique_values(kind, record.fields):
            self._unique.get((kind.name, field.name), {}).get(value, set()).discard(record.id)


def _unique_values(kind: ObjectType, fields: Mapping[str, Any]) -> list[tuple[Field, str]]:
    return [
        (field, _folded(field, fields[field.name]))
        for field in kind.fields.values()
        if (field.unique or field.external_id) and fields.get(field.name) is not None
    ]


def _folded(field: Field, value: Any) -> str:
    return str(value) if field.case_sensitive else str(value).lower()
