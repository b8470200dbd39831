"""Conflicts: two sides changed one field, and a person decides."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, Door, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.services import conflicts
from hub.services.conflicts import Choice, ConflictView, Decision
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.waking import wake_outbound

router = APIRouter(prefix=f"{V1}/conflicts", tags=["conflicts"])


class Resolution(BaseModel):
    """`ours`: the hub's value stays. `theirs`: the system's value is taken. `value`: the one sent here."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"choice": "theirs"}})

    choice: Choice
    value: Any = None

    def decision(self) -> Decision:
        return Decision(self.choice, self.value)


class Resolutions(Resolution):
    """One decision for many conflicts, all or none."""

    ids: list[int] = Field(min_length=1, max_length=500)


@router.get("", summary="List conflicts, oldest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    state: Literal["open", "resolved"] = "open",
    connection: Annotated[str | None, Query(max_length=100)] = None,
    record_id: UUID | None = None,
    field: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ConflictView]:
    after = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        found = await conflicts.list_conflicts(
            tx,
            state=state,
            connection_id=await connection_id_of(tx, connection),
            record_id=record_id,
            field=field,
            after=after,
            limit=limit + 1,
        )
    return page_of(found, limit=limit, position=lambda conflict: conflict.id)


@router.get("/{conflict_id}", summary="Show a conflict with both values")
async def show(_: Viewer, door: DoorOf, conflict_id: IdPath) -> ConflictView:
    async with door.app.db.transaction() as tx:
        return await conflicts.get_conflict(tx, conflict_id=conflict_id)


@router.post("/resolve", summary="Decide many conflicts alike")
async def resolve_many(who: Operator, door: DoorOf, body: Resolutions) -> list[ConflictView]:
    return await _resolve(door, body.ids, body.decision(), who.actor)


@router.post("/{conflict_id}/resolve", summary="Decide a conflict")
async def resolve(who: Operator, door: DoorOf, conflict_id: IdPath, body: Resolution) -> ConflictView:
    return (await _resolve(door, [conflict_id], body.decision(), who.actor))[0]


async def _resolve(door: Door, ids: list[int], decision: Decision, actor: str) -> list[ConflictView]:
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        resolved = await conflicts.resolve_conflicts(tx, types, ids=ids, decision=decision, actor=actor)
        await wake_outbound(tx, door.queue)
    return resolved
