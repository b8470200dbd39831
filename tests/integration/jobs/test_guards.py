"""A worker that meets a mass change asks, leaves everything as it is, and goes on when somebody has decided."""

from functools import partial

from hub.db import plans
from hub.db.plans import StoredPlan
from hub.services.plans.applying import begin_apply
from hub.services.plans.deciding import approve_plan
from tests.integration.jobs.conftest import Hub, until


async def test_a_mass_deletion_stops_at_the_worker_and_is_done_when_its_plan_is_applied(hub: Hub) -> None:
    rows = [hub.left.create(number) for number in range(30)]
    deletes = {"floor": 8, "share": "5 %"}
    await hub.connect(guards={"in": {"deletes": deletes}}, poll_seconds=1)
    async with hub.worker():
        await hub.settle(seconds=60)
        for row in rows[:12]:
            hub.left.sandbox.human_delete("partners", row)
        await hub.app.queue.wake("pull", hub.left.id)
        await until(partial(_has_asked, hub), seconds=30)
        [plan] = await _asked(hub)
        assert plan.counts["in"]["partners"]["actions"] == {"delete": 12}
        assert await _linked(hub) == 60

        async with hub.app.db.transaction() as tx:
            await approve_plan(tx, plan_id=plan.id, actor="ben")
            await begin_apply(tx, plan_id=plan.id, actor="ben")
            tx.after_commit(lambda: hub.app.queue.wake("plan", hub.left.id))
        await until(partial(_is_linked, hub, 48), seconds=30)
    assert len(await _asked(hub)) == 1


async def _asked(hub: Hub) -> list[StoredPlan]:
    async with hub.app.db.transaction() as tx:
        return await plans.listing(tx, kinds=["guard"])


async def _has_asked(hub: Hub) -> bool:
    return any(plan.state == "proposed" for plan in await _asked(hub))


async def _linked(hub: Hub) -> int:
    async with hub.app.db.transaction() as tx:
        row = await tx.one("select count(*) as n from link where state = 'live'")
    assert row is not None
    return int(row["n"])


async def _is_linked(hub: Hub, number: int) -> bool:
    return await _linked(hub) == number
