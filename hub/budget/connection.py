"""One connection's way to its account's budget: it leaves a reserve to people, and its calls are counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.budget.broker import AccountBudget
from hub.budget.meter import Meter
from hub.budget.pace import Standing
from hub.sdk.capabilities import Limit
from hub.sdk.http import Usage


class ConnectionBudget:
    """The account's budget (hub.sdk.http.Budget) as one of its connections may use it.

    `reserve`: the part of every limit that no work of this connection touches, not even the most urgent.
    """

    def __init__(self, account: AccountBudget, meter: Meter, *, connection_id: int, reserve: float = 0.0) -> None:
        self._account, self._meter = account, meter
        self._connection_id, self.reserve = connection_id, reserve

    def declare(self, limits: tuple[Limit, ...]) -> None:
        self._account.declare(limits)

    @asynccontextmanager
    async def slot(self, *, pool: str = "", cost: int = 1) -> AsyncIterator[None]:
        """See AccountBudget.slot; a request that leaves is counted, whatever becomes of it."""
        async with self._account.slot(pool=pool, cost=cost, reserve=self.reserve):
            self._meter.count(self._connection_id, cost)
            yield

    async def observe(self, usage: Usage) -> None:
        await self._account.observe(usage)

    async def standing(self) -> list[Standing]:
        """How much of each limit is used now, as far as anybody knows."""
        return await self._account.standing()
