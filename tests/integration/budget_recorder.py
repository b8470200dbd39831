"""A budget without limits that tells how urgent each request was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.budget.priority import Priority, current_priority
from hub.sdk.http import Usage


class Recorder:
    """Notes the class of every request."""

    def __init__(self) -> None:
        self._seen: set[Priority] = set()

    @asynccontextmanager
    async def slot(self, *, pool: str = "", cost: int = 1) -> AsyncIterator[None]:
        self._seen.add(current_priority())
        yield

    async def observe(self, usage: Usage) -> None: ...

    def take(self) -> set[Priority]:
        """The classes seen since the last call."""
        seen, self._seen = self._seen, set()
        return seen
