"""Who goes first when a remote account's limit is short, and how much of it is left to others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Priority = Literal["interactive", "webhook", "incremental", "backfill"]

# The part of every limit that a class may use up; the rest is there for the more urgent classes, and in the end for
# the people and the other programs that share the account.
SHARES: dict[Priority, float] = {"interactive": 1.0, "webhook": 0.95, "incremental": 0.9, "backfill": 0.8}

_current: ContextVar[Priority] = ContextVar("priority", default="incremental")


@contextmanager
def at_priority(priority: Priority) -> Iterator[None]:
    """Requests made inside, also by tasks begun inside, are of this class."""
    token = _current.set(priority)
    try:
        yield
    finally:
        _current.reset(token)


def current_share() -> float:
    """The part of a limit that the work under way may use up."""
    return SHARES[_current.get()]
