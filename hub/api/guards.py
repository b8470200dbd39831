"""Guards: what a run may do unasked, and what is stopped because it would have done more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.connections import Name
from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.services.connection_care import connection_id_of
from hub.services.guards.views import GuardsView, resume_reading, show_guards
from hub.services.waking import wake_after_commit

router = APIRouter(prefix=f"{V1}/guards", tags=["guards"])


class Resume(BaseModel):
    """The object to read again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"object": "Account"}})

    object: str = Field(max_length=200)


class Resumed(BaseModel):
    """`plan_id`: the rejected plan that had stopped the reading."""

    plan_id: int


@router.get("", summary="Show limits and what is stopped")
async def show(_: Viewer, door: DoorOf, connection: Annotated[str | None, Query(max_length=100)] = None) -> GuardsView:
    async with door.app.db.transaction() as tx:
        here = await connection_id_of(tx, connection)
        return await show_guards(tx, door.app.shop, connection_id=here)


@router.post("/{name}/resume", summary="Read an object again whose plan was rejected")
async def resume(who: Operator, door: DoorOf, name: Name, body: Resume) -> Resumed:
    async with door.app.db.transaction() as tx:
        here = await connection_id_of(tx, name)
        assert here is not None
        plan_id = await resume_reading(
            tx, connection_id=here, connection=name, object_name=body.object, actor=who.actor
        )
        wake_after_commit(tx, door.app.queue, "pull", [here])
    return Resumed(plan_id=plan_id)
