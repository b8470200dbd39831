"""What the engine draws by lot or counts, under control: with the same seed it comes out the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from random import Random
from types import ModuleType
from typing import Any, NoReturn
from uuid import UUID

from hub.domain import outcomes
from hub.services import matching, sieving
from hub.services import records as record_service
from hub.services.deals import escalating, opportunities, submitting, working


@contextmanager
def seeded(chance: Random) -> Iterator[None]:
    """Record ids are numbers in order, waits after errors come from `chance`, and nothing is refused by the database.

    The worlds hold nothing that it could refuse: whatever it refuses is a fault of the engine.
    """
    with ExitStack() as stack:
        ids = _counted_ids()
        for module in (matching, record_service, submitting, working, opportunities, escalating):
            stack.enter_context(replaced(module, "new_ids", ids))
        stack.enter_context(replaced(outcomes, "_backoff", _backoff_by(chance)))
        stack.enter_context(replaced(sieving, "_set_aside", _refuse))
        yield


@contextmanager
def replaced(place: ModuleType | type, name: str, value: object) -> Iterator[None]:
    """Another value under that name of a module or class, for a while."""
    real = getattr(place, name)
    setattr(place, name, value)
    try:
        yield
    finally:
        setattr(place, name, real)


def _backoff_by(chance: Random) -> Any:
    real = outcomes._backoff

    def backoff(attempts: int, _: Random) -> timedelta:
        return real(attempts, chance)

    return backoff


def _counted_ids() -> Any:
    counter = iter(range(1, 1_000_000))

    def new_ids(count: int) -> Iterator[UUID]:
        for _ in range(count):
            yield UUID(int=(0x7 << 76) | (0x8 << 60) | next(counter))

    return new_ids


async def _refuse(_tx: Any, sync: Any, record: Any, exc: Exception, _run_id: int) -> NoReturn:
    raise AssertionError(f"{sync.connection.name} {record.id} was set aside: {exc}") from exc
