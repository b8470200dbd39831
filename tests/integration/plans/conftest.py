"""The engine's stage of two small systems, with plans made and applied on it."""

from typing import Any

from hub.db import connections, plans
from hub.db.plans import StoredItem, StoredPlan
from hub.domain.plan import ALLOWABLE, DIRECTIONS, Allowable, Direction
from hub.services.counts import Counts
from hub.services.plans.applying import apply_plan, begin_apply
from hub.services.plans.building import build_plan, request_plan
from hub.services.plans.deciding import approve_plan
from tests.integration.engine.conftest import Stage, System, build, db, stage

__all__ = ["build", "db", "stage"]


def hear_nothing(_what: str, _counts: Counts) -> None:
    """Listens to nothing."""


async def make_plan(stage: Stage, system: System, **options: Any) -> StoredPlan:
    """A proposed plan of a sync."""
    async with stage.db.transaction() as tx:
        stored = await connections.by_id(tx, system.connection.id)
        assert stored is not None
        plan_id = await request_plan(tx, stored, actor="anna", **options)
    return await build_plan(
        stage.db, system.connection, plan_id=plan_id, owner="test", budget=None, listener=hear_nothing
    )


async def carry_out(
    stage: Stage,
    system: System,
    plan_id: int,
    *,
    allow: tuple[Allowable, ...] = ALLOWABLE,
    directions: tuple[Direction, ...] = DIRECTIONS,
) -> StoredPlan:
    """Approve a plan and apply it."""
    async with stage.db.transaction() as tx:
        await approve_plan(tx, plan_id=plan_id, actor="ben")
        await begin_apply(tx, plan_id=plan_id, allow=allow, directions=directions, actor="ben")
    return await apply_plan(stage.db, system.connection, plan_id=plan_id, owner="test", listener=hear_nothing)


async def items_of(stage: Stage, plan_id: int, **wanted: Any) -> list[StoredItem]:
    async with stage.db.transaction() as tx:
        return await plans.items(tx, plan_id=plan_id, limit=1000, **wanted)


async def fates(stage: Stage, plan_id: int) -> dict[str | None, tuple[str, str | None]]:
    """Remote id → state and reason."""
    return {item.remote_id: (item.state, item.reason) for item in await items_of(stage, plan_id)}


async def contents(stage: Stage) -> dict[str, list[dict[str, Any]]]:
    """Everything that a plan must leave as it is: all tables but those of plans and runs."""
    names = await stage.all(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    kept_out = ("plan", "plan_item", "lease", "audit", "alembic_version")
    tables = sorted(row["table_name"] for row in names if row["table_name"] not in kept_out)
    return {name: await stage.all(f"select t::text as row from {name} t order by 1") for name in tables}
