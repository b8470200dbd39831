"""Plans: what syncs, undos and stopped runs would do, decided and applied by people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.domain.plan import ALLOWABLE, DIRECTIONS, Action, Allowable, Direction, ItemState, PlanState
from hub.services.connection_care import connection_id_of
from hub.services.plans.applying import begin_apply
from hub.services.plans.deciding import approve_plan, reject_plan
from hub.services.plans.running import ask_for_plan, ask_for_repair
from hub.services.plans.views import ItemView, PlanView, WholePlan, list_items, list_plans, show_plan, view_of
from hub.services.waking import wake_after_commit

router = APIRouter(prefix=f"{V1}/plans", tags=["plans"])


class NewPlan(BaseModel):
    """A sync to be planned: of all objects, or of those named; `full` reads everything again.

    `repair`: only of what the last reconciliation found and a sync can set right; it goes without the other two.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"connection": "crm"}})

    connection: str = Field(max_length=63)
    objects: list[str] = Field(default=[], max_length=100)
    full: bool = False
    repair: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> NewPlan:
        if self.repair and (self.objects or self.full):
            raise ValueError("repair goes without objects and full")
        return self


class Apply(BaseModel):
    """What of an approved plan may be done; everything without it."""

    model_config = ConfigDict(extra="forbid")

    allow: list[Allowable] = Field(default=list(ALLOWABLE), min_length=1, max_length=len(ALLOWABLE))
    directions: list[Direction] = Field(default=list(DIRECTIONS), min_length=1, max_length=len(DIRECTIONS))


@router.get("", summary="List plans, newest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    state: PlanState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PlanView]:
    before = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        here = await connection_id_of(tx, connection)
        states = [state] if state else None
        found = await list_plans(tx, connection_id=here, states=states, before=before, limit=limit + 1)
    return page_of(found, limit=limit, position=lambda plan: plan.id)


@router.post("", status_code=202, summary="Ask for a plan of a sync; a worker builds it")
async def ask(who: Operator, door: DoorOf, body: NewPlan) -> PlanView:
    async with door.app.db.transaction() as tx:
        if body.repair:
            plan = await ask_for_repair(tx, name=body.connection, actor=who.actor)
        else:
            plan = await ask_for_plan(tx, name=body.connection, objects=body.objects, full=body.full, actor=who.actor)
        wake_after_commit(tx, door.queue, "plan", [plan.connection_id])
    return view_of(plan)


@router.get("/{plan_id}", summary="Show a plan with samples and what became of it")
async def show(
    _: Viewer,
    door: DoorOf,
    plan_id: IdPath,
    samples: Annotated[int, Query(ge=0, le=20, description="Items of each direction, object and action.")] = 3,
) -> WholePlan:
    async with door.app.db.transaction() as tx:
        return await show_plan(tx, plan_id=plan_id, each=samples)


@router.get("/{plan_id}/items", summary="List the items of a plan, in the order in which they are applied")
async def items(
    _: Viewer,
    door: DoorOf,
    plan_id: IdPath,
    direction: Direction | None = None,
    object: Annotated[str | None, Query(max_length=255)] = None,
    action: Action | None = None,
    state: ItemState | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ItemView]:
    after = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        found = await list_items(
            tx,
            plan_id=plan_id,
            direction=direction,
            object_name=object,
            action=action,
            state=state,
            after=after,
            limit=limit + 1,
        )
    return page_of(found, limit=limit, position=lambda item: item.id)


@router.post("/{plan_id}/approve", summary="Say yes; some plans need a second person")
async def approve(who: Operator, door: DoorOf, plan_id: IdPath) -> PlanView:
    async with door.app.db.transaction() as tx:
        return view_of(await approve_plan(tx, plan_id=plan_id, actor=who.actor))


@router.post("/{plan_id}/reject", summary="Say no: nothing of it is done")
async def reject(who: Operator, door: DoorOf, plan_id: IdPath) -> PlanView:
    async with door.app.db.transaction() as tx:
        return view_of(await reject_plan(tx, plan_id=plan_id, actor=who.actor))


@router.post("/{plan_id}/apply", status_code=202, summary="Do what still stands of an approved plan; a worker does it")
async def apply(who: Operator, door: DoorOf, plan_id: IdPath, body: Apply | None = None) -> PlanView:
    chosen = body or Apply()
    async with door.app.db.transaction() as tx:
        plan = await begin_apply(tx, plan_id=plan_id, allow=chosen.allow, directions=chosen.directions, actor=who.actor)
        wake_after_commit(tx, door.queue, "plan", [plan.connection_id])
    return view_of(plan)
