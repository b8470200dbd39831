"""One broker per remote account: gives each request its turn, and learns from what the vendor counts."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.budget.failures import Failures, Reach
from hub.budget.pace import Ask, LocalPace, Refusal, Standing, applying
from hub.budget.priority import current_rank
from hub.budget.shared import HELD_SECONDS, SharedPace
from hub.sdk.capabilities import Limit
from hub.sdk.errors import RateLimited
from hub.sdk.http import Usage

log = structlog.get_logger()

T = TypeVar("T")


_LOOK_AGAIN = 0.05  # seconds, where nobody can say when a running request ends
_REDIS_AGAIN = 5.0
_AFTER_CONCURRENCY = 2.0  # asked of the caller when no running request ended in time


class Budgets:
    """The brokers of one process. While Redis is away, each process keeps the limits for itself; the log says so."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._accounts: dict[str, AccountBudget] = {}
        self._away_until = 0.0

    def of(self, *, system: str, account_id: str) -> AccountBudget:
        """The broker of this account, the same for everyone who asks."""
        name = f"{system}:{account_id}"
        if name not in self._accounts:
            self._accounts[name] = AccountBudget(name, SharedPace(self._redis, name), self.reach)
        return self._accounts[name]

    def failures(self) -> Failures:
        """Wrong API keys, counted together with all other processes."""
        return Failures(self._redis, self.reach)

    async def reach(self, shared: Callable[[], Awaitable[T]], otherwise: Callable[[], T]) -> T:
        """Ask Redis; where it does not answer, do `otherwise`, for the next seconds without trying."""
        if time.monotonic() < self._away_until:
            return otherwise()
        try:
            answer = await shared()
        except (RedisError, OSError) as exc:
            if not self._away_until:
                log.warning("budget_is_local", error=type(exc).__name__, verdict="each process keeps the limits itself")
            self._away_until = time.monotonic() + _REDIS_AGAIN
            return otherwise()
        if self._away_until:
            log.info("budget_is_shared_again")
            self._away_until = 0.0
        return answer


class AccountBudget:
    """The budget of one remote account (hub.sdk.http.Budget), shared by its connections and by all workers."""

    def __init__(self, name: str, shared: SharedPace, reach: Reach) -> None:
        self._name, self._shared, self._reach = name, shared, reach
        self._local = LocalPace()
        self._limits: tuple[Limit, ...] = ()
        self._running: dict[str, Limit] = {}
        self._keeper: tuple[asyncio.Task[None], asyncio.Event] | None = None

    def declare(self, limits: tuple[Limit, ...]) -> None:
        """The limits that an open connector knows of; without any, nothing is paced."""
        self._limits = limits

    @asynccontextmanager
    async def slot(self, *, pool: str = "", cost: int = 1, reserve: float = 0.0) -> AsyncIterator[None]:
        """Hold a place for one request; waits for its turn, or raises RateLimited when the wait is too long.

        `reserve`: the part of each limit that is left alone, whatever the request's class.
        """
        rank = current_rank()
        ask = Ask(applying(self._limits, pool), cost, rank.share * (1 - reserve), uuid4().hex, paced=rank.share < 1)
        if ask.limits:
            await self._wait_for_turn(ask, rank.patience)
        concurrency = [limit for limit in ask.limits if limit.kind == "concurrency"]
        for limit in concurrency:
            self._hold(ask.token, limit)
        try:
            yield
        finally:
            if concurrency:
                await self._give(ask)

    async def observe(self, usage: Usage) -> None:
        """Take over what the vendor itself counts."""
        for limit in self._limits:
            if limit.kind == usage.kind != "concurrency" and limit.pool == usage.pool:
                self._local.observe(limit, usage)
                await self._reach(partial(self._shared.observe, limit, usage, token=uuid4().hex), _nothing)

    async def standing(self) -> list[Standing]:
        """How much of each declared limit is used right now; while Redis is away, nothing is known to be."""
        unknown = [Standing(limit, limit.amount, 0) for limit in self._limits]
        return await self._reach(partial(self._shared.standing, self._limits), lambda: unknown)

    async def _wait_for_turn(self, ask: Ask, patience: float) -> None:
        deadline = time.monotonic() + patience
        while refusal := await self._reach(partial(self._shared.take, ask), partial(self._local.take, ask)):
            wait = _LOOK_AGAIN if refusal.wait is None else refusal.wait
            if time.monotonic() + wait > deadline:
                raise _too_long(self._name, refusal)
            await asyncio.sleep(wait + random.random() / 100)  # noqa: S311 - not all try in the same moment

    def _hold(self, token: str, limit: Limit) -> None:
        self._running[token] = limit
        if self._keeper is None:
            idle = asyncio.Event()
            self._keeper = asyncio.create_task(self._keep(idle)), idle

    async def _give(self, ask: Ask) -> None:
        self._running.pop(ask.token, None)
        if not self._running and self._keeper:
            (keeper, idle), self._keeper = self._keeper, None
            idle.set()
            await keeper
        self._local.give(ask.token)
        await self._reach(partial(self._shared.give, ask), _nothing)

    async def _keep(self, idle: asyncio.Event) -> None:
        """Say again and again which requests are still under way; a process that died says nothing."""
        while not idle.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(idle.wait(), HELD_SECONDS / 3)
                return
            for limit in set(self._running.values()):
                tokens = [token for token, of in self._running.items() if of == limit]
                await self._reach(partial(self._shared.renew, limit, tokens), _nothing)


def _nothing() -> None:
    """What remains to be done where Redis does not answer."""


def _too_long(name: str, refusal: Refusal) -> RateLimited:
    limit = refusal.limit
    allowed = (
        f"{limit.amount} at a time" if limit.kind == "concurrency" else f"{limit.amount} in {limit.per_seconds:g} s"
    )
    return RateLimited(
        f"The {limit.kind} limit of {name} ({allowed}) is used up as far as this work may use it; it goes on later.",
        retry_after=_AFTER_CONCURRENCY if refusal.wait is None else refusal.wait,
        scope=limit.kind,
    )


@asynccontextmanager
async def open_budgets(redis_url: str) -> AsyncIterator[Budgets]:
    """The brokers that count in this Redis."""
    redis: Redis = Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=2)
    try:
        yield Budgets(redis)
    finally:
        await redis.aclose()
