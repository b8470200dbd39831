"""Workers: they find their work in PostgreSQL, are woken at once, and leave alone what rests."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from statistics import median

import pytest

from hub.db import circuits, connections, runs
from hub.db.session import Database
from hub.queue import QUEUES
from hub.services.plans.applying import begin_apply
from hub.services.plans.building import request_plan
from hub.services.plans.deciding import approve_plan, get_plan
from tests.integration.jobs.conftest import Hub, System, until


async def test_a_new_connection_is_read_and_delivered_without_anybody_asking(hub: Hub) -> None:
    for number in range(5):
        hub.left.create(number)
    hub.right.create(99)
    await hub.connect()
    async with hub.worker():
        await hub.settle(seconds=40)
    assert len(hub.left.rows()) == len(hub.right.rows()) == 6


async def test_a_connection_without_a_plan_is_left_alone_until_one_was_approved_and_applied(hub: Hub) -> None:
    for number in range(5):
        hub.left.create(number)
    hub.right.create(99)
    await hub.connect(hub.right)
    await hub.connect(hub.left, begun=False)
    async with hub.worker():
        async with hub.app.db.transaction() as tx:
            assert hub.left.stored is not None
            plan_id = await request_plan(tx, hub.left.stored, actor="anna")
            tx.after_commit(lambda: hub.app.queue.wake("plan", hub.left.id))
        await until(partial(_plan_is, hub, plan_id, "proposed"), seconds=20)
        await hub.app.queue.wake("pull", hub.left.id)
        await hub.app.queue.wake("push", hub.left.id)
        await until(partial(_has_read, hub, hub.right), seconds=20)
        assert (len(hub.left.rows()), len(hub.right.rows())) == (5, 1)

        async with hub.app.db.transaction() as tx:
            await approve_plan(tx, plan_id=plan_id, actor="ben")
            await begin_apply(tx, plan_id=plan_id, actor="ben")
            tx.after_commit(lambda: hub.app.queue.wake("plan", hub.left.id))
        await hub.settle(seconds=40)
    assert len(hub.left.rows()) == len(hub.right.rows()) == 6


async def _plan_is(hub: Hub, plan_id: int, state: str) -> bool:
    async with hub.app.db.transaction() as tx:
        return (await get_plan(tx, plan_id=plan_id)).state == state


async def _has_read(hub: Hub, system: System) -> bool:
    async with hub.app.db.transaction() as tx:
        return await runs.all_done(tx, connection_id=system.id, objects=["partners"], kind="pull")


async def test_a_webhook_s_hint_ends_in_the_other_system(hub: Hub) -> None:
    changed = hub.left.create(1)
    await hub.connect()
    async with hub.worker():
        await hub.settle(seconds=40)
        took = []
        for city in ("Bonn", "Köln", "Trier", "Mainz", "Essen"):
            hub.left.sandbox.human_edit("partners", changed, {"city": city})
            await hub.hint(hub.left, changed)
            took.append(await until(partial(_everywhere, hub, city), seconds=5))
    assert median(took) < 0.5, took


def _everywhere(hub: Hub, city: str) -> bool:
    return all(row.get("city") == city for system in (hub.left, hub.right) for row in system.rows().values())


async def test_a_paused_connection_is_left_alone_and_goes_on_when_it_is_resumed(hub: Hub) -> None:
    hub.left.create(1)
    await hub.connect()
    async with hub.app.db.transaction() as tx:
        await connections.pause(tx, connection_id=hub.right.id, reason="test")
    async with hub.worker():
        await until(lambda: hub.left.sandbox.calls.total() > 2, seconds=10)
        before = hub.right.sandbox.calls.total()
        async with hub.app.db.transaction() as tx:
            await connections.resume(tx, connection_id=hub.right.id)
        assert hub.right.sandbox.calls.total() == before
        await hub.app.queue.wake("pull", hub.right.id)
        await hub.settle(seconds=40)


async def test_a_connection_that_rests_is_come_back_to_when_the_rest_is_over(hub: Hub) -> None:
    hub.right.create(2)
    await hub.connect()
    async with hub.worker():
        await hub.settle(seconds=40)
        async with hub.app.db.transaction() as tx:
            await circuits.rest(
                tx, connection_id=hub.right.id, delay=timedelta(seconds=1), reason="it asked for a pause"
            )
        changed = hub.left.create(1)
        await hub.hint(hub.left, changed)
        waited = await until(lambda: len(hub.right.rows()) == 2, seconds=8)
    assert waited > 0.9


async def test_a_worker_prunes_what_is_older_than_the_settings_allow(hub: Hub) -> None:
    async with hub.app.db.transaction() as tx:
        await tx.run(
            "insert into inbox (connection_id, event_id, object, remote_id, kind, received_at)"
            " values (1, 'old', 'partners', '1', 'changed', now() - interval '31 days'),"
            " (1, 'new', 'partners', '1', 'changed', now())"
        )
    async with hub.worker():
        await until(partial(_events_left, hub, ["new"]), seconds=10)


async def _events_left(hub: Hub, expected: list[str]) -> bool:
    async with hub.app.db.transaction() as tx:
        return [row["event_id"] for row in await tx.all("select event_id from inbox")] == expected


async def test_a_worker_that_lost_its_database_leaves_the_jobs_to_others(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def is_not_back(_: Database) -> bool:
        nonlocal looks
        looks += 1
        return False

    monkeypatch.setattr(Database, "_answered", lambda _, __: None)
    monkeypatch.setattr(Database, "is_back", is_not_back)
    hub.app.db.away.set()
    await hub.app.queue.wake("pull", 99)
    async with hub.worker():
        await until(lambda: looks > 4, seconds=30)
        assert await hub.app.queue.redis.zcard(QUEUES["pull"]) == 1
