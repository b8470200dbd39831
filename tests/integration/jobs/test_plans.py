"""A plan that is being applied when its worker is killed: another one goes on, and nothing is done twice."""

from __future__ import annotations

from functools import partial

from hub.services.plans.applying import begin_apply
from hub.services.plans.building import request_plan
from hub.services.plans.deciding import approve_plan, get_plan
from tests.integration.jobs.conftest import Hub, until

_MANY = 1600  # several batches


async def test_kill_9_while_a_plan_is_applied_loses_and_doubles_nothing(hub: Hub) -> None:
    for number in range(_MANY):
        hub.left.create(number)
    await hub.connect(hub.left, begun=False)
    async with hub.app.db.transaction() as tx:
        assert hub.left.stored is not None
        plan_id = await request_plan(tx, hub.left.stored, actor="anna")
    first = hub.start_process()
    await until(partial(_is, hub, plan_id, "proposed"), seconds=60)
    async with hub.app.db.transaction() as tx:
        await approve_plan(tx, plan_id=plan_id, actor="ben")
        await begin_apply(tx, plan_id=plan_id, actor="ben")
        tx.after_commit(lambda: hub.app.queue.wake("plan", hub.left.id))
    await until(partial(_some_are_applied, hub, plan_id), seconds=60)

    first.kill()
    first.wait()
    assert not await _is(hub, plan_id, "applied"), "it was over too soon: nothing was interrupted"
    hub.start_process()
    took = await until(partial(_is, hub, plan_id, "applied"), seconds=60)

    assert took < 60
    async with hub.app.db.transaction() as tx:
        [records] = await tx.all("select count(*) as n, count(distinct legal_name) as names from organization")
        [creations] = await tx.all("select count(*) as n from change where op = 'create'")
        [linked] = await tx.all("select count(*) as n from link where state = 'live'")
    assert (records["n"], records["names"], creations["n"], linked["n"]) == (_MANY,) * 4


async def _is(hub: Hub, plan_id: int, state: str) -> bool:
    async with hub.app.db.transaction() as tx:
        return (await get_plan(tx, plan_id=plan_id)).state == state


async def _some_are_applied(hub: Hub, plan_id: int) -> bool:
    async with hub.app.db.transaction() as tx:
        [row] = await tx.all("select count(*) as n from plan_item where plan_id = %s and state = 'applied'", plan_id)
    return int(row["n"]) > 0
