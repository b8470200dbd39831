"""Drills: workers killed at random points and a Redis emptied in the middle lose nothing and double nothing."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from tests.integration.jobs.conftest import Hub, System, until

RECORDS = 300
KILLS = 4


@pytest.mark.drill
@pytest.mark.parametrize("seed", [2, 4])
async def test_workers_killed_at_random_points_of_a_load_lose_and_double_nothing(hub: Hub, seed: int) -> None:
    chance = random.Random(seed)
    people = [_People(hub.left), _People(hub.right)]
    await hub.connect(poll_seconds=1)
    hub.start_process()
    hub.start_process()
    for _ in range(KILLS):
        await _more_calls(hub, chance.randrange(6))
        await asyncio.sleep(chance.random() / 10)  # not to wait for anything: the moment of death is to be any moment
        _kill(hub, chance)
        hub.start_process()
        for person in people:
            person.edit_some(chance)
    await hub.settle(seconds=60)
    await _nothing_lost_or_doubled(hub, people)


@pytest.mark.drill
async def test_a_redis_emptied_again_and_again_during_a_load_loses_nothing(hub: Hub) -> None:
    chance = random.Random(3)
    people = [_People(hub.left), _People(hub.right)]
    await hub.connect(poll_seconds=1)
    hub.start_process()
    hub.start_process()
    for _ in range(6):
        await _more_calls(hub, 0)
        await hub.app.queue.redis.flushall()
        for person in people:
            person.edit_some(chance)
    await hub.settle(seconds=60)
    await _nothing_lost_or_doubled(hub, people)


class _People:
    """Those who work in one system: it is full when they begin, and each partner is edited in its own system only."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.ids = [system.create(number) for number in range(RECORDS)]
        self.cities: dict[int, str] = {}

    def edit_some(self, chance: random.Random) -> None:
        for number in chance.sample(range(RECORDS), 20):
            self.cities[number] = f"City {chance.randrange(1000)}"
            self.system.sandbox.human_edit("partners", self.ids[number], {"city": self.cities[number]})

    def partners(self) -> Counter[tuple[str, str | None]]:
        return Counter((f"{self.system.name} {n}", self.cities.get(n)) for n in range(RECORDS))


async def _more_calls(hub: Hub, number: int) -> None:
    """Until the hub has asked the two systems for more than that."""
    calls = hub.left.sandbox.calls, hub.right.sandbox.calls
    before = sum(c.total() for c in calls)
    await until(lambda: sum(c.total() for c in calls) > before + number, seconds=60)


def _kill(hub: Hub, chance: random.Random) -> None:
    victim = hub.processes.pop(chance.randrange(len(hub.processes)))
    victim.kill()
    victim.wait()


async def _nothing_lost_or_doubled(hub: Hub, people: list[_People]) -> None:
    """Each system holds each partner once, as its people left it, and each is linked once with each system."""
    expected = people[0].partners() + people[1].partners()
    assert hub.left.partners() == hub.right.partners() == expected
    async with hub.app.db.transaction() as tx:
        row = await tx.one(
            "select count(*) as links, count(distinct record_id) as records,"
            " count(distinct (connection_id, remote_id)) as remote from link where state = 'live'"
        )
    assert row == {"links": 4 * RECORDS, "records": 2 * RECORDS, "remote": 4 * RECORDS}
