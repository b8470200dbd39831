"""The rules of a remote account's limits, and how one process keeps them when it is on its own."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from hub.sdk.capabilities import Limit
from hub.sdk.http import Usage

# What a vendor said of its limits is believed for so many seconds; then one request may ask again.
BELIEVED_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that wants to leave. It may use up `share` of each limit; `token` names it while it runs.

    `paced`: it keeps its distance to the one before while others use up the limit too.
    """

    limits: tuple[Limit, ...]
    cost: int
    share: float
    token: str
    paced: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """The request must not leave now. `wait`: seconds until it may; None when that depends on others' requests."""

    limit: Limit
    wait: float | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A limit and how much of it is used right now, as far as the hub knows; `amount` is the vendor's own word.

    `noted`, of a daily limit: moments (seconds since 1970) and what was used then, the oldest first.
    """

    limit: Limit
    amount: int
    used: int
    noted: tuple[tuple[float, int], ...] = ()


def applying(limits: tuple[Limit, ...], pool: str) -> tuple[Limit, ...]:
    """The limits that count a request of this pool; a pool without limits of its own is part of everything else."""
    return tuple(limit for limit in limits if limit.pool == pool) or tuple(limit for limit in limits if not limit.pool)


class LocalPace:
    """The limits as one process alone can keep them: for as long as Redis is away."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: dict[Limit, deque[float]] = defaultdict(deque)
        self._running: set[str] = set()
        self._used: dict[Limit, tuple[int, float]] = {}

    def take(self, ask: Ask) -> Refusal | None:
        for limit in ask.limits:
            most = max(int(limit.amount * ask.share), ask.cost, 1)
            refused, wait = self._refused(limit, most, ask.cost)
            if refused:
                return Refusal(limit, wait)
        for limit in ask.limits:
            self._count(limit, ask)
        return None

    def give(self, token: str) -> None:
        self._running.discard(token)

    def observe(self, limit: Limit, usage: Usage) -> None:
        if limit.kind == "daily":
            self._used[limit] = (limit.amount - usage.remaining, self._clock() + BELIEVED_SECONDS)

    def _refused(self, limit: Limit, most: int, cost: int) -> tuple[bool, float | None]:
        now = self._clock()
        if limit.kind == "concurrency":
            return len(self._running) + 1 > most, None
        if limit.kind == "daily":
            used, until = self._used.get(limit, (0, now))
            return until > now and used + cost > most, until - now
        sent = self._sent[limit]
        while sent and sent[0] <= now - limit.per_seconds:
            sent.popleft()
        excess = len(sent) + cost - most
        return excess > 0, sent[excess - 1] + limit.per_seconds - now if excess > 0 else None

    def _count(self, limit: Limit, ask: Ask) -> None:
        now = self._clock()
        if limit.kind == "concurrency":
            self._running.add(ask.token)
        elif limit.kind == "burst":
            self._sent[limit].extend([now] * ask.cost)
        else:
            used, until = self._used.get(limit, (0, 0.0))
            self._used[limit] = (used + ask.cost, until) if until > now else (ask.cost, now + limit.per_seconds)
