"""Plans made and applied as a whole: by a command in its own process, or by a worker that finds them waiting."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from hub.budget import ConnectionBudget
from hub.db import connections, plans
from hub.db.connections import StoredConnection
from hub.db.plans import StoredPlan
from hub.db.session import Database, Tx
from hub.domain.plan import ALLOWABLE, DIRECTIONS, Allowable, Direction
from hub.services.connections import ConnectionUnknown, Workshop, find_connection, open_connection
from hub.services.counts import Counts
from hub.services.cycle import begin
from hub.services.objects import OpenConnection, chosen_objects
from hub.services.plans.applying import apply_plan, begin_apply
from hub.services.plans.building import build_plan, request_plan
from hub.services.plans.deciding import get_plan
from hub.services.plans.reading import Listener
from hub.services.plans.repairing import request_repair
from hub.services.refusals import Refusal
from hub.services.sync_now import SyncReport, deliver_everywhere, refuse_idle

log = structlog.get_logger()


async def plan_now(
    shop: Workshop,
    *,
    name: str,
    objects: Sequence[str] = (),
    full: bool = False,
    actor: str,
    owner: str,
    listener: Listener,
) -> StoredPlan:
    """A plan of a sync, built in this process.

    Raises ConnectionUnknown, NotNow (paused or resting), Invalid, MappingError, and the RemoteErrors of the reading.
    """
    stored = await find_connection(shop, name)
    await refuse_idle(shop.db, stored)
    async with await open_connection(shop, stored) as connection:
        chosen_objects(connection, objects)
        connection = await begin(shop.db, connection)
        async with shop.db.transaction() as tx:
            plan_id = await request_plan(tx, stored, objects=objects, full=full, actor=actor)
        return await build_plan(
            shop.db, connection, plan_id=plan_id, owner=owner, budget=shop.budget_of(stored), listener=listener
        )


async def plan_repair_now(shop: Workshop, *, name: str, actor: str, owner: str, listener: Listener) -> StoredPlan:
    """A plan that sets right what the last reconciliation found, built in this process.

    Raises ConnectionUnknown, NotNow (paused or resting, or nothing was found), MappingError, and RemoteErrors.
    """
    stored = await find_connection(shop, name)
    await refuse_idle(shop.db, stored)
    async with await open_connection(shop, stored) as connection:
        connection = await begin(shop.db, connection)
        async with shop.db.transaction() as tx:
            plan_id = await request_repair(tx, stored, actor=actor)
        return await build_plan(
            shop.db, connection, plan_id=plan_id, owner=owner, budget=shop.budget_of(stored), listener=listener
        )


async def ask_for_plan(tx: Tx, *, name: str, objects: Sequence[str] = (), full: bool = False, actor: str) -> StoredPlan:
    """A plan of a sync that a worker will build. Raises ConnectionUnknown, Invalid; other faults make it fail later."""
    stored = await _stored(tx, name)
    return await get_plan(tx, plan_id=await request_plan(tx, stored, objects=objects, full=full, actor=actor))


async def ask_for_repair(tx: Tx, *, name: str, actor: str) -> StoredPlan:
    """A plan of what the last reconciliation found, that a worker will build. Raises ConnectionUnknown, NotNow."""
    return await get_plan(tx, plan_id=await request_repair(tx, await _stored(tx, name), actor=actor))


async def _stored(tx: Tx, name: str) -> StoredConnection:
    stored = await connections.by_name(tx, name)
    if stored is None:
        raise ConnectionUnknown(f"There is no connection called {name!r}.")
    return stored


async def apply_now(
    shop: Workshop,
    *,
    plan_id: int,
    allow: Collection[Allowable] = ALLOWABLE,
    directions: Collection[Direction] = DIRECTIONS,
    actor: str,
    owner: str,
    listener: Listener,
) -> SyncReport:
    """Apply an approved plan in this process, then deliver what follows to every connection.

    Raises NotFound, NotNow (not approved, altered, paused or resting), MappingError, and the RemoteErrors of reading;
    what a system says no to when it is written to is reported.
    """
    async with shop.db.transaction() as tx:
        plan = await get_plan(tx, plan_id=plan_id)
        stored = await connections.by_id(tx, plan.connection_id)
    if stored is None:
        raise ConnectionUnknown(f"The connection of plan {plan_id} is retired.")
    if plan.kind != "undo":  # which needs nothing of the system
        await refuse_idle(shop.db, stored)
    async with await open_connection(shop, stored) as connection:
        async with shop.db.transaction() as tx:
            await begin_apply(tx, plan_id=plan_id, allow=allow, directions=directions, actor=actor)
        if plan.kind != "undo":
            connection = await begin(shop.db, connection)
        await apply_plan(shop.db, connection, plan_id=plan_id, owner=owner, listener=listener)
    return await deliver_everywhere(shop, name=stored.name, owner=owner, listener=listener)


async def work_on_plans(
    db: Database, stored: StoredConnection, connection: OpenConnection, *, budget: ConnectionBudget | None, owner: str
) -> bool:
    """Build what was asked for and apply what was approved, the oldest first; True when something was applied.

    What another process works on is left to it. A paused connection's undos go on: they need nothing of the system.
    """
    async with db.transaction() as tx:
        found = await plans.listing(tx, connection_id=stored.id, states=("building", "applying"))
    if stored.state == "active" and found:
        connection = await begin(db, connection)
    applied = False
    for plan in reversed(found):
        if stored.state == "paused" and plan.kind != "undo":
            continue
        if plan.state == "building" and plan.kind == "guard":  # whoever was stopped makes it
            continue
        try:
            if plan.state == "building":
                await build_plan(db, connection, plan_id=plan.id, owner=owner, budget=budget, listener=_nobody)
            else:
                await apply_plan(db, connection, plan_id=plan.id, owner=owner, listener=_nobody)
                applied = True
        except Refusal as exc:  # another process is at it, or the plan has failed and says so
            log.info("plan_left", plan=plan.id, reason=exc.detail)
    return applied


def _nobody(_what: str, _counts: Counts) -> None:
    """Listens to nothing."""
