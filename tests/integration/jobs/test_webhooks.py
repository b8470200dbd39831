"""From an edit in one system, over its webhook, into the other system: all of it over HTTP."""

from __future__ import annotations

import asyncio
from functools import partial
from statistics import median

from hub.main import up
from tests.integration.jobs.conftest import Hub, until


async def test_an_edit_reaches_the_other_system_through_its_webhook_within_half_a_second(hub: Hub) -> None:
    ids = [hub.left.create(number) for number in range(20)]
    await hub.connect()
    stop, address = asyncio.Event(), asyncio.Queue[str]()
    running = asyncio.create_task(up(hub.settings, stop=stop, ready=lambda _, here: address.put(here)))
    hub.left.sandbox.webhook_target = f"{await address.get()}/api/v1/webhooks/left"
    await hub.settle(seconds=20)

    took = [await _time_of_an_edit(hub, remote_id, f"City {n}") for n, remote_id in enumerate(ids)]

    stop.set()
    await running
    assert median(took) < 0.5, sorted(took)


async def _time_of_an_edit(hub: Hub, remote_id: str, city: str) -> float:
    hub.left.sandbox.human_edit("partners", remote_id, {"city": city})
    return await until(partial(_has_city, hub, city), seconds=5)


def _has_city(hub: Hub, city: str) -> bool:
    return any(row.get("city") == city for row in hub.right.rows().values())
