"""How many requests a piece of work sends, whichever connector sends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Calls:
    """Requests that have left."""

    number: int = 0


_current: ContextVar[Calls | None] = ContextVar("calls", default=None)


@contextmanager
def counting_calls() -> Iterator[Calls]:
    """Counts the requests that are sent inside, also by tasks begun inside."""
    calls = Calls()
    token = _current.set(calls)
    try:
        yield calls
    finally:
        _current.reset(token)


def note_call() -> None:
    """One request leaves now."""
    calls = _current.get()
    if calls is not None:
        calls.number += 1
