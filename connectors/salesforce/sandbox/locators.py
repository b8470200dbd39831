"""Open query cursors: later pages of a result, until they expire."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.sandbox.calls import VendorError
from hub.sdk.sandbox import Faults, SandboxClock, StoredRecord

_PREFIX = "0r8"
_MAX_IDLE_CURSORS = 10


@dataclass(slots=True)
class Cursor:
    """One result: `render` shows a record; `rows` are rendered ones when the result is a snapshot."""

    records: Sequence[StoredRecord]
    render: Callable[[StoredRecord], dict[str, Any]]
    rows: Sequence[dict[str, Any]] | None
    size: int
    used_at: datetime

    def page(self, start: int) -> list[dict[str, Any]]:
        if self.rows is not None:
            return list(self.rows[start : start + self.size])
        return [self.render(record) for record in self.records[start : start + self.size]]


class Locators:
    """The cursors of the integration user. Their lifetime is one of the contract's open points."""

    def __init__(self, *, clock: SandboxClock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._open: OrderedDict[str, Cursor] = OrderedDict()
        self._count = 0

    def open(
        self, records: Sequence[StoredRecord], render: Callable[[StoredRecord], dict[str, Any]], size: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The first page and the locator of the second, None when the page is all."""
        if len(records) <= size:
            return [render(record) for record in records], None
        snapshot = self._faults.get("locator_rows") == "snapshot"
        rows = [render(record) for record in records] if snapshot else None
        cursor = Cursor(records, render, rows, size, self._clock.now())
        self._count += 1
        name = canonical_id(f"{_PREFIX}{self._count:012d}")
        self._open[name] = cursor
        if self._faults.get("locator_lifetime") == "15_minutes_10_cursors" and len(self._open) > _MAX_IDLE_CURSORS:
            self._open.popitem(last=False)
        return cursor.page(0), f"{name}-{size}"

    def next(self, locator: str, request: str) -> tuple[list[dict[str, Any]], str | None, int]:
        """A later page, the locator after it, and the size of the whole result."""
        name, _, offset = locator.partition("-")
        if self._faults.take("expire_cursor", request):
            self._open.pop(name, None)
        cursor = self._open.get(name)
        if cursor is None or not offset.isdigit() or self._expired(cursor):
            raise VendorError("INVALID_QUERY_LOCATOR", "invalid query locator")
        cursor.used_at = self._clock.now()
        start = int(offset)
        following = start + cursor.size
        total = len(cursor.records)
        return cursor.page(start), f"{name}-{following}" if following < total else None, total

    def expire(self) -> None:
        """All open cursors end now."""
        self._open.clear()

    def _expired(self, cursor: Cursor) -> bool:
        lifetime = {
            "2_days": timedelta(days=2),
            "15_minutes_10_cursors": timedelta(minutes=15),
        }.get(str(self._faults.get("locator_lifetime")))
        return lifetime is not None and self._clock.now() - cursor.used_at > lifetime
