"""The org's API quota over a rolling day, and the header that reports it."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from hub.sdk.sandbox import Faults, SandboxClock

_DAY = timedelta(hours=24)


class Usage:
    """Counts API calls by minute; a composite call is one."""

    def __init__(self, *, clock: SandboxClock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._total = 0

    @property
    def quota(self) -> int:
        return int(self._faults.get("daily_quota"))

    @property
    def used(self) -> int:
        oldest = self._clock.now() - _DAY
        while self._minutes and self._minutes[0][0] <= oldest:
            self._total -= self._minutes.popleft()[1]
        return self._total

    def count(self) -> bool:
        """Count one call; False when the day's quota was used up before it."""
        if self.used >= self.quota:
            return False
        minute = self._clock.now().replace(second=0, microsecond=0)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + 1)
        else:
            self._minutes.append((minute, 1))
        self._total += 1
        return True

    def header(self) -> str:
        """`Sforce-Limit-Info` in the form that the switch asks for."""
        text = f"api-usage={self.used}/{self.quota}"
        form = self._faults.get("limit_info")
        if form == "with_per_app":
            text += f"; per-app-api-usage={self.used}/{self.quota}(appName=partnerhub)"
        if form == "with_api_bursts":
            text += "; api-bursts=1/750"
        return text
