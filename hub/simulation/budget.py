"""The budget of a remote account in a world: the limit is a small one, time is the world's, and nothing waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.budget.pace import Ask, LocalPace, applying
from hub.sdk.capabilities import Limit
from hub.sdk.errors import RateLimited
from hub.sdk.http import Usage
from hub.sdk.sandbox import SandboxClock


class SimBudget:
    """Refuses what exceeds the limits, as the broker does when the wait is too long; counts what it let pass."""

    def __init__(self, clock: SandboxClock, limits: tuple[Limit, ...]) -> None:
        self._limits = limits
        self._pace = LocalPace(lambda: clock.now().timestamp())
        self.passed = 0

    @asynccontextmanager
    async def slot(self, *, pool: str = "", cost: int = 1) -> AsyncIterator[None]:
        ask = Ask(applying(self._limits, pool), cost, share=1.0, token="")
        if refusal := self._pace.take(ask):
            raise RateLimited("The account's budget is used up.", retry_after=refusal.wait, scope=refusal.limit.kind)
        self.passed += cost
        yield

    async def observe(self, usage: Usage) -> None:
        """What the vendor counts says nothing here: nobody else uses the account."""
