"""The state behind a sandbox: records with stamps, visibility, deletion and merge, on a clock of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


class SandboxClock:
    """A clock that follows real time from its start, and can be moved ahead or stopped.

    With `frozen=True` time moves only by `advance`: fully deterministic.
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._frozen_at = start if frozen else None
        self._offset = timedelta(0) if start is None else start - datetime.now(UTC)

    def now(self) -> datetime:
        return self._frozen_at if self._frozen_at is not None else datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        if self._frozen_at is not None:
            self._frozen_at += by
        else:
            self._offset += by

    def freeze(self) -> None:
        self._frozen_at = self.now()


@dataclass(slots=True)
class StoredRecord:
    """One record as the vendor holds it. `by` is who wrote last: `human` or the API client's name.

    `modified_at` is the stamp the vendor shows; `visible_at` is when reads begin to see this state (late commits and
    lagging indexes make it later than the stamp).
    """

    id: str
    fields: dict[str, Any]
    created_at: datetime
    modified_at: datetime
    visible_at: datetime
    by: str = "human"
    deleted_at: datetime | None = None
    purged: bool = False
    merged_into: str | None = None
    version: int = 1
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def live(self) -> bool:
        return self.deleted_at is None and not self.purged


class World:
    """All records of one sandbox, by object and id, in creation order."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self._objects: dict[str, dict[str, StoredRecord]] = {}

    def add(
        self,
        object_name: str,
        record_id: str,
        fields: Mapping[str, Any],
        *,
        by: str = "human",
        at: datetime | None = None,
    ) -> StoredRecord:
        now = at or self.clock.now()
        record = StoredRecord(record_id, dict(fields), now, now, now, by)
        self._objects.setdefault(object_name, {})[record_id] = record
        return record

    def get(self, object_name: str, record_id: str) -> StoredRecord | None:
        return self._objects.get(object_name, {}).get(record_id)

    def all(self, object_name: str) -> Iterator[StoredRecord]:
        """Every record, deleted ones too, purged ones not."""
        return (record for record in list(self._objects.get(object_name, {}).values()) if not record.purged)

    def live(self, object_name: str) -> Iterator[StoredRecord]:
        return (record for record in self.all(object_name) if record.live)

    def objects(self) -> list[str]:
        return list(self._objects)

    def clear(self) -> None:
        self._objects.clear()
