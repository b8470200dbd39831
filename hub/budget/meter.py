"""What calls are for, counted by connection, object, purpose and day until somebody stores the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

# read: pages and re-reads · guard: a read right before a write · verify: what became of an unanswered write ·
# describe: the fields · reconcile: comparing both sides · check: who answers, tokens, and whatever else is asked once
Purpose = Literal["read", "guard", "write", "verify", "describe", "reconcile", "check"]

_current: ContextVar[tuple[Purpose, str]] = ContextVar("purpose", default=("check", ""))


@contextmanager
def calls_for(purpose: Purpose, object_name: str = "") -> Iterator[None]:
    """Requests made inside, also by tasks begun inside, are counted for this."""
    token = _current.set((purpose, object_name))
    try:
        yield
    finally:
        _current.reset(token)


@dataclass(frozen=True, slots=True)
class CallKey:
    connection_id: int
    object: str
    purpose: Purpose
    day: date


def _today() -> date:
    return datetime.now(UTC).date()


class Meter:
    """The counts of one process that are not stored yet; they are lost when the process dies."""

    def __init__(self, today: Callable[[], date] = _today) -> None:
        self._today = today
        self._counts: Counter[CallKey] = Counter()

    def count(self, connection_id: int, cost: int) -> None:
        """`cost` calls of this connection, for what the work under way is about."""
        purpose, object_name = _current.get()
        self._counts[CallKey(connection_id, object_name, purpose, self._today())] += cost

    def drain(self) -> Counter[CallKey]:
        """All counts since the last time."""
        counts, self._counts = self._counts, Counter()
        return counts

    def put_back(self, counts: Counter[CallKey]) -> None:
        """They could not be stored after all."""
        self._counts.update(counts)
