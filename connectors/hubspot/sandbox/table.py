"""The indexes of one object type: ids in order, unique values, and when what changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.hubspot.sandbox.answers import millis
from hub.sdk.sandbox import StoredRecord


@dataclass(frozen=True, slots=True)
class State:
    """A record as the search index holds it."""

    record: StoredRecord
    fields: dict[str, Any]
    modified_at: datetime


@dataclass(slots=True)
class Table:
    """Grows with its records; `revision` moves with every write, `settled_at` is when the last one is searchable."""

    ids: list[int] = field(default_factory=list)
    unique: dict[str, dict[str, str]] = field(default_factory=dict)
    archived: set[str] = field(default_factory=set)
    revision: int = 0
    settled_at: datetime | None = None
    _stamps: list[tuple[int, str]] = field(default_factory=list)

    def add(self, record: StoredRecord) -> None:
        self.ids.append(int(record.id))
        self.touched(record)

    def touched(self, record: StoredRecord) -> None:
        """Remember the record's new stamp; stamps nearly always arrive in order."""
        entry = (millis(record.modified_at), record.id)
        if not self._stamps or entry >= self._stamps[-1]:
            self._stamps.append(entry)
        else:
            insort(self._stamps, entry)
        self.revision += 1
        if self.settled_at is None or record.visible_at > self.settled_at:
            self.settled_at = record.visible_at

    def ids_after(self, record_id: str | None) -> Iterator[str]:
        """Ids in ascending order, from the one after `record_id`."""
        start = 0 if record_id is None else bisect_right(self.ids, int(record_id))
        return (str(self.ids[place]) for place in range(start, len(self.ids)))

    def ids_modified_from(self, stamp: int) -> list[str]:
        """Ids that carry, or once carried, a stamp of at least `stamp` milliseconds; each once."""
        start = bisect_left(self._stamps, (stamp, ""))
        return list(dict.fromkeys(record_id for _, record_id in self._stamps[start:]))


def searchable(record: StoredRecord, now: datetime) -> State | None:
    """What the search index shows of `record` at `now`: its newest state that has become visible."""
    if record.purged or record.merged_into or record.deleted_at is not None:
        return None
    if record.visible_at <= now:
        return State(record, record.fields, record.modified_at)
    for earlier in reversed(record.history):
        if earlier["visible_at"] <= now:
            return State(record, earlier["fields"], earlier["modified_at"])
    return None
