"""The clocks of a world: one that only moves when it is told to, and those of remote systems that go wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hub.sdk.sandbox import SandboxClock

START = datetime(2030, 1, 1, tzinfo=UTC)


class SkewedClock(SandboxClock):
    """A remote system's clock: ahead of or behind `true` by `skew`, and every look at it off by up to `jitter`."""

    def __init__(self, true: SandboxClock, *, skew: timedelta, jitter: timedelta, chance: Random) -> None:
        super().__init__(true.now(), frozen=True)
        self._true, self._skew, self._jitter, self._chance = true, skew, jitter, chance

    def now(self) -> datetime:
        return self._true.now() + self._skew + self._jitter * self._chance.random()
