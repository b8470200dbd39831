"""The budget broker: one limit for all workers, room for the urgent, no standstill when Redis forgets or is away."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import redis

from hub.budget import (
    AccountBudget,
    Budgets,
    CallKey,
    ConnectionBudget,
    Meter,
    Priority,
    Standing,
    at_priority,
    calls_for,
    open_budgets,
)
from hub.sdk.capabilities import Limit
from hub.sdk.errors import RateLimited
from hub.sdk.http import Usage

DAY = 86_400.0


@pytest.fixture
async def budgets(redis_url: str) -> AsyncIterator[Budgets]:
    async with open_budgets(redis_url) as budgets:
        yield budgets


def account(budgets: Budgets, *limits: Limit, account_id: str = "1") -> AccountBudget:
    budget = budgets.of(system="acme", account_id=account_id)
    budget.declare(limits)
    return budget


async def use(
    budget: AccountBudget | ConnectionBudget, times: int, *, priority: Priority = "interactive", pool: str = ""
) -> int:
    """How many of so many requests may leave before the broker says that the wait is too long."""
    with at_priority(priority):
        for done in range(times):
            try:
                async with budget.slot(pool=pool):
                    pass
            except RateLimited:
                return done
    return times


async def refusal(budget: AccountBudget, *, pool: str = "") -> RateLimited:
    with at_priority("interactive"), pytest.raises(RateLimited) as refused:
        async with budget.slot(pool=pool):
            pass
    return refused.value


async def test_no_window_ever_holds_more_than_the_burst_limit(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 5, per_seconds=0.4))
    left: list[float] = []
    with at_priority("interactive"):
        for _ in range(17):
            async with budget.slot():
                left.append(time.monotonic())
    assert all(later - earlier >= 0.39 for earlier, later in zip(left, left[5:], strict=False))
    assert left[-1] - left[0] < 3


async def test_two_processes_share_one_limit_also_when_redis_is_emptied_in_the_middle(redis_url: str) -> None:
    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.integration.jobs.spender", redis_url, "24", "8", "0.5"]
        return subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE)

    processes = [start(), start()]
    with redis.Redis.from_url(redis_url) as client:
        while not client.keys("partnerhub:budget:*"):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        client.flushall()
    outputs = [process.communicate(timeout=40)[0] for process in processes]
    left = sorted(moment for output in outputs for moment in json.loads(output))
    assert len(left) == 48
    crowded = sum(later - earlier < 0.45 for earlier, later in zip(left, left[8:], strict=False))
    assert crowded <= 8, "only what the emptied Redis had counted may be counted anew"


async def test_what_is_less_urgent_leaves_room_for_what_is_more_urgent(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 100, per_seconds=600))
    assert await use(budget, 100, priority="backfill") == 80
    assert await use(budget, 100, priority="incremental") == 10
    assert await use(budget, 100, priority="webhook") == 5
    assert await use(budget, 100, priority="interactive") == 5


async def test_a_wait_that_is_too_long_is_refused_with_the_time_to_wait(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 1, per_seconds=600))
    assert await use(budget, 1) == 1
    error = await refusal(budget)
    assert error.retry_after is not None
    assert 590 < error.retry_after <= 600
    assert error.scope == "burst"


async def test_no_more_requests_run_at_a_time_than_the_vendor_allows(budgets: Budgets) -> None:
    budget = account(budgets, Limit("concurrency", 3))
    running = most = 0

    async def request() -> None:
        nonlocal running, most
        async with budget.slot():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.02)
            running -= 1

    with at_priority("interactive"):
        await asyncio.gather(*(request() for _ in range(12)))
    assert most == 3


async def test_the_place_of_a_request_whose_process_died_is_free_again_after_a_while(
    budgets: Budgets, redis_url: str
) -> None:
    async with open_budgets(redis_url) as other, account(other, Limit("concurrency", 1)).slot():
        with redis.Redis.from_url(redis_url) as client:
            [key] = client.keys("partnerhub:budget:*")
            assert 0 < client.pttl(key) <= 15_000
            client.zadd(key, dict.fromkeys(client.zrange(key, 0, -1), 1))  # the time of its last word is over
        assert await use(account(budgets, Limit("concurrency", 1)), 1) == 1


async def test_a_long_request_keeps_its_place(
    budgets: Budgets, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.budget.broker.HELD_SECONDS", 0.2)
    monkeypatch.setattr("hub.budget.shared.HELD_SECONDS", 0.2)
    budget = account(budgets, Limit("concurrency", 1))
    async with open_budgets(redis_url) as other:
        async with budget.slot():
            waiting = asyncio.create_task(use(account(other, Limit("concurrency", 1)), 1))
            done, _ = await asyncio.wait({waiting}, timeout=0.8)
            assert not done
        assert await waiting == 1


async def test_a_daily_limit_ends_with_a_refusal_that_says_so(budgets: Budgets) -> None:
    budget = account(budgets, Limit("daily", 10, per_seconds=DAY))
    assert await use(budget, 20) == 10
    error = await refusal(budget)
    assert error.scope == "daily"
    assert error.retry_after is not None
    assert error.retry_after <= DAY


async def test_what_the_vendor_counts_is_taken_over(budgets: Budgets) -> None:
    budget = account(budgets, Limit("daily", 1000, per_seconds=DAY))
    await budget.observe(Usage("daily", amount=500, remaining=3))
    assert await use(budget, 10) == 3
    await budget.observe(Usage("daily", amount=500, remaining=200))
    assert await use(budget, 10) == 10
    assert await use(budget, 200, priority="backfill") == 90, "a fifth of what the vendor allows is left to others"


async def test_requests_of_other_programs_count_in_the_burst_window(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 100, per_seconds=600))
    assert await use(budget, 10) == 10
    await budget.observe(Usage("burst", amount=100, remaining=20))
    assert await use(budget, 100) == 20


async def test_a_pool_has_its_own_limit_and_an_unknown_one_counts_with_everything_else(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 3, per_seconds=600), Limit("burst", 2, per_seconds=600, pool="search"))
    assert await use(budget, 9, pool="search") == 2
    assert await use(budget, 2, pool="reports") == 2
    assert await use(budget, 9) == 1


async def test_accounts_have_budgets_of_their_own(budgets: Budgets) -> None:
    limit = Limit("burst", 1, per_seconds=600)
    assert await use(account(budgets, limit), 1) == 1
    assert await use(account(budgets, limit, account_id="2"), 1) == 1
    assert await use(account(budgets, limit), 1) == 0


async def test_without_redis_each_process_keeps_the_limits_for_itself(tmp_path: Path) -> None:
    async with open_budgets(f"unix://{tmp_path}/nobody.sock") as budgets:
        budget = account(
            budgets,
            Limit("burst", 5, per_seconds=600),
            Limit("concurrency", 2),
            Limit("daily", 4, per_seconds=DAY, pool="reports"),
        )
        assert await use(budget, 9, pool="reports") == 4
        assert await use(budget, 9) == 5
        assert (await refusal(budget)).scope == "burst"


async def test_a_reserve_is_left_alone_by_the_most_urgent_work_too(budgets: Budgets) -> None:
    account(budgets, Limit("burst", 100, per_seconds=600))
    shared = budgets.of(system="acme", account_id="1")
    careful = ConnectionBudget(shared, Meter(), connection_id=1, reserve=0.3)
    bold = ConnectionBudget(shared, Meter(), connection_id=2)
    assert await use(careful, 100) == 70
    assert await use(bold, 100) == 30, "another connection of the account has no such reserve"


async def test_calls_are_counted_for_what_they_were_about(budgets: Budgets) -> None:
    account(budgets, Limit("burst", 2, per_seconds=600))
    meter = Meter(today=lambda: date(2026, 3, 1))
    budget = ConnectionBudget(budgets.of(system="acme", account_id="1"), meter, connection_id=7)
    with calls_for("read", "Account"):
        assert await use(budget, 1) == 1
        with calls_for("describe", "Account"):
            assert await use(budget, 2) == 1, "what is refused by the hub itself never leaves"
    assert meter.drain() == {
        CallKey(7, "Account", "read", date(2026, 3, 1)): 1,
        CallKey(7, "Account", "describe", date(2026, 3, 1)): 1,
    }
    assert meter.drain() == {}


async def test_how_much_of_each_limit_is_used_is_told_as_all_workers_count_it(budgets: Budgets, redis_url: str) -> None:
    limits = (Limit("burst", 100, per_seconds=600), Limit("daily", 1000, per_seconds=DAY))
    await use(account(budgets, *limits), 3)
    async with open_budgets(redis_url) as others:
        other = account(others, *limits)
        await use(other, 2)
        burst, daily = await other.standing()
    assert (burst.used, burst.amount) == (5, 100)
    assert (daily.used, daily.amount) == (5, 1000)
    [(_, first)] = daily.noted
    assert first == 1, "noted once a minute, with the first request"


async def test_the_vendors_own_count_is_what_is_noted_and_shown(budgets: Budgets) -> None:
    budget = account(budgets, Limit("daily", 1000, per_seconds=DAY))
    await budget.observe(Usage("daily", amount=5000, remaining=4200))
    [daily] = await budget.standing()
    assert (daily.used, daily.amount) == (800, 5000)
    assert [used for _, used in daily.noted] == [800]


async def test_without_redis_nothing_is_known_to_be_used(tmp_path: Path) -> None:
    async with open_budgets(f"unix://{tmp_path}/nobody.sock") as budgets:
        limit = Limit("daily", 4, per_seconds=DAY)
        assert await account(budgets, limit).standing() == [Standing(limit, 4, 0)]


async def moments(budget: AccountBudget, times: int, *, priority: Priority) -> list[float]:
    """Seconds between the requests that left."""
    left: list[float] = []
    with at_priority(priority):
        for _ in range(times):
            async with budget.slot():
                left.append(time.monotonic())
    return [later - earlier for earlier, later in itertools.pairwise(left)]


async def test_work_that_can_wait_slows_down_before_others_have_used_the_limit_up(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 100, per_seconds=4))
    await budget.observe(Usage("burst", amount=100, remaining=20))
    assert min(await moments(budget, 4, priority="incremental")) > 0.18, "twenty calls are left for four seconds"
    assert min(await moments(budget, 6, priority="interactive")) < 0.18


async def test_a_limit_that_only_the_hub_uses_is_not_spread(budgets: Budgets) -> None:
    budget = account(budgets, Limit("burst", 100, per_seconds=60))
    assert await use(budget, 60) == 60
    await budget.observe(Usage("burst", amount=100, remaining=40))
    assert min(await moments(budget, 6, priority="incremental")) < 0.5
