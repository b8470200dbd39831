"""Runs: what was done for each connection, in numbers."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.services import watching
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.plans.undo import plan_undo
from hub.services.plans.views import PlanView, show_plan
from hub.services.watching import RunView

router = APIRouter(prefix=f"{V1}/runs", tags=["runs"])


@router.get("", summary="List runs, newest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    state: Literal["running", "done", "failed", "abandoned"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RunView]:
    before = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await watching.list_runs(tx, connection_id=connection_id, state=state, before=before, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda run: run.id)


@router.get("/{run_id}", summary="Show a run")
async def show(_: Viewer, door: DoorOf, run_id: IdPath) -> RunView:
    async with door.app.db.transaction() as tx:
        return await watching.get_run(tx, run_id=run_id)


@router.post("/{run_id}/undo", status_code=201, summary="Plan to set back what a run wrote")
async def undo(who: Operator, door: DoorOf, run_id: IdPath) -> PlanView:
    async with door.app.db.transaction() as tx:
        plan_id = await plan_undo(tx, await record_types(tx), run_id=run_id, actor=who.actor)
        return (await show_plan(tx, plan_id=plan_id, each=0)).plan
