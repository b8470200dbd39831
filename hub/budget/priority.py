"""Who goes first when a remote account's limit is short, and how much of it is left to others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

Priority = Literal["interactive", "webhook", "incremental", "backfill"]


@dataclass(frozen=True, slots=True)
class Rank:
    """The part of every limit that a class may use up, and how many seconds a request of it waits for its turn.

    The rest is there for the more urgent classes, and in the end for the people and programs that share the account.
    """

    share: float
    patience: float


# interactive: somebody waits for the answer (checks, descriptions, previews of one record). webhook: hints, and writes
# that follow an edit. incremental: regular reads, and what the engine wants read again. backfill: whole objects read,
# and thousands of writes at once.
RANKS: dict[Priority, Rank] = {
    "interactive": Rank(share=1.0, patience=5),
    "webhook": Rank(share=0.95, patience=15),
    "incremental": Rank(share=0.9, patience=20),
    "backfill": Rank(share=0.8, patience=20),
}

_current: ContextVar[Priority] = ContextVar("priority", default="incremental")


@contextmanager
def at_priority(priority: Priority) -> Iterator[None]:
    """Requests made inside, also by tasks begun inside, are of this class."""
    token = _current.set(priority)
    try:
        yield
    finally:
        _current.reset(token)


def current_priority() -> Priority:
    """The class of the work under way."""
    return _current.get()


def current_rank() -> Rank:
    """The rank of the work under way."""
    return RANKS[_current.get()]
