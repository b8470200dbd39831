"""Wrong API keys, counted by address over all processes, so that guessing is slow and costs the hub little."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from redis.asyncio import Redis

T = TypeVar("T")

_A_MINUTE = 60
_FAILURES_A_MINUTE = 20
_MOST_ADDRESSES = 10_000


class Reach(Protocol):
    """Asks Redis, or does the other thing where it does not answer."""

    async def __call__(self, shared: Callable[[], Awaitable[T]], otherwise: Callable[[], T]) -> T: ...


class Failures:
    """Who sent how many wrong keys within a minute.

    This process always counts its own; with `redis` and `reach` (Budgets.reach) those of all processes count together,
    for as long as Redis answers.
    """

    def __init__(
        self,
        redis: Redis | None = None,
        reach: Reach | None = None,
        *,
        most: int = _FAILURES_A_MINUTE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis, self._reach = redis, reach
        self._most, self._clock = most, clock
        self._seen: dict[str, tuple[float, int]] = {}

    async def note(self, address: str) -> None:
        """A key from this address was wrong."""
        began, count = self._current(address)
        if len(self._seen) >= _MOST_ADDRESSES:
            self._seen = {a: entry for a, entry in self._seen.items() if self._clock() - entry[0] < _A_MINUTE}
        self._seen[address] = (began, count + 1)
        if self._redis and self._reach:
            await self._reach(partial(_note, self._redis, address), lambda: None)

    async def wait(self, address: str) -> int:
        """Seconds until this address may try again; 0 when it may now."""
        began, count = self._current(address)
        if count >= self._most:
            return max(1, round(_A_MINUTE - (self._clock() - began)))
        if self._redis and self._reach:
            return await self._reach(partial(_wait, self._redis, address, self._most), lambda: 0)
        return 0

    def _current(self, address: str) -> tuple[float, int]:
        now = self._clock()
        began, count = self._seen.get(address, (now, 0))
        return (began, count) if now - began < _A_MINUTE else (now, 0)


async def _note(redis: Redis, address: str) -> None:
    """The minute begins with the first wrong key and is not prolonged by later ones."""
    async with redis.pipeline(transaction=True) as both:
        both.set(_key(address), 0, ex=_A_MINUTE, nx=True)
        both.incr(_key(address))
        await both.execute()


async def _wait(redis: Redis, address: str, most: int) -> int:
    async with redis.pipeline(transaction=True) as both:
        both.get(_key(address))
        both.ttl(_key(address))
        count, left = await both.execute()
    return max(1, left) if int(count or 0) >= most else 0


def _key(address: str) -> str:
    return f"partnerhub:wrong_keys:{address}"
