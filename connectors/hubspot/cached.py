"""What an account rarely changes, read once for many records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hub.sdk.clock import Clock

T = TypeVar("T")

_KEPT = timedelta(minutes=5)
_SOON = timedelta(seconds=30)


class Cached(Generic[T]):
    """A value that is read when it is first needed and kept for five minutes."""

    def __init__(self, read: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._kept: tuple[datetime, T] | None = None

    async def get(self) -> T:
        return await self._younger_than(_KEPT)

    async def look_again(self) -> T:
        """For something that is missing in it: read anew, unless it was read in the last half minute."""
        return await self._younger_than(_SOON)

    async def _younger_than(self, age: timedelta) -> T:
        now = self._clock.now()
        if self._kept is None or now - self._kept[0] >= age:
            self._kept = (now, await self._read())
        return self._kept[1]
