"""Conflicts: two sides changed one field, and a person decides; a decision can be taken back."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, Door, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.api.problems import ApiProblem
from hub.services import conflicts
from hub.services.conflicts import ConflictView, Filter
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.deciding import Choice, Decision, Outcome, resolve_conflict, resolve_conflicts
from hub.services.deciding_many import decide_always, decide_matching
from hub.services.field_policies import PolicyName
from hub.services.keys import Principal
from hub.services.refusals import invalid
from hub.services.reopening import reopen_conflict
from hub.services.waking import wake_outbound

router = APIRouter(prefix=f"{V1}/conflicts", tags=["conflicts"])


class Resolution(BaseModel):
    """`ours`: the hub's value stays. `theirs`: the system's value is taken. `value`: the one sent here."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"choice": "theirs"}})

    choice: Choice
    value: Any = None
    always: bool = Field(
        False, description="Also for all conflicts of this field to come: a field policy. Needs the role admin."
    )
    policy: PolicyName | None = Field(
        None,
        description="With always: prefer_hub for ours; prefer_remote (the default) or system_of_record for theirs.",
    )

    def decision(self) -> Decision:
        return Decision(self.choice, self.value)


class Matching(BaseModel):
    """Every open conflict that fits all that is given."""

    model_config = ConfigDict(extra="forbid")

    connection: str | None = Field(None, max_length=100)
    object: str | None = Field(None, max_length=255)
    field: str | None = Field(None, max_length=100)
    record_id: UUID | None = None


class Resolutions(BaseModel):
    """One decision for many conflicts: for these `ids`, or for all that are `matching`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"choice": "theirs", "ids": [1, 2]}})

    choice: Choice
    value: Any = None
    ids: list[int] | None = Field(None, min_length=1, max_length=500)
    matching: Matching | None = None

    def decision(self) -> Decision:
        return Decision(self.choice, self.value)


class Outcomes(BaseModel):
    """Each conflict has its own outcome; one that cannot be decided so does not keep the others."""

    resolved: int
    refused: int
    outcomes: list[Outcome]


@router.get("", summary="List conflicts, oldest first, with who wrote what and what hangs on it")
async def list_all(
    _: Viewer,
    door: DoorOf,
    state: Literal["open", "resolved"] = "open",
    connection: Annotated[str | None, Query(max_length=100)] = None,
    object_name: Annotated[str | None, Query(alias="object", max_length=255)] = None,
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
            object_name=object_name,
            record_id=record_id,
            field=field,
            after=after,
            limit=limit + 1,
        )
    return page_of(found, limit=limit, position=lambda conflict: conflict.id)


@router.get("/{conflict_id}", summary="Show a conflict with its three values, authors and context")
async def show(_: Viewer, door: DoorOf, conflict_id: IdPath) -> ConflictView:
    async with door.app.db.transaction() as tx:
        return await conflicts.get_conflict(tx, conflict_id=conflict_id)


@router.post("/resolve", summary="Decide many conflicts alike, each with its own outcome")
async def resolve_many(who: Operator, door: DoorOf, body: Resolutions) -> Outcomes:
    if (body.ids is None) == (body.matching is None):
        raise invalid("ids", "give either ids or matching")
    if body.matching is not None:
        wanted = await _wanted(door, body.matching)
        outcomes = await decide_matching(
            door.app.db, door.queue, wanted=wanted, decision=body.decision(), actor=who.actor
        )
    else:
        async with door.app.db.transaction() as tx:
            types = await record_types(tx)
            outcomes = await resolve_conflicts(tx, types, ids=body.ids or (), decision=body.decision(), actor=who.actor)
            await wake_outbound(tx, door.queue)
    resolved = sum(outcome.resolved for outcome in outcomes)
    return Outcomes(resolved=resolved, refused=len(outcomes) - resolved, outcomes=outcomes)


@router.post("/{conflict_id}/resolve", summary="Decide a conflict")
async def resolve(who: Operator, door: DoorOf, conflict_id: IdPath, body: Resolution) -> ConflictView:
    """With `always`, the other open conflicts of the field are decided alike, chunk by chunk."""
    if body.always:
        return await _resolve_always(who, door, conflict_id, body)
    if body.policy is not None:
        raise invalid("policy", "is for always")
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        await resolve_conflict(tx, types, conflict_id=conflict_id, decision=body.decision(), actor=who.actor)
        await wake_outbound(tx, door.queue)
        return await conflicts.get_conflict(tx, conflict_id=conflict_id)


@router.post("/{conflict_id}/reopen", summary="Take a decision back")
async def reopen(who: Operator, door: DoorOf, conflict_id: IdPath) -> ConflictView:
    """The value goes back if nobody changed it since; the conflict is open again with all three values."""
    async with door.app.db.transaction() as tx:
        types = await record_types(tx)
        opened = await reopen_conflict(tx, types, conflict_id=conflict_id, actor=who.actor)
        await wake_outbound(tx, door.queue)
    return opened


async def _resolve_always(who: Principal, door: Door, conflict_id: int, body: Resolution) -> ConflictView:
    if not who.may("admin"):
        raise ApiProblem(403, "not-allowed", f"always needs the role admin, and the key has the role {who.role}.")
    await decide_always(
        door.app.db,
        door.queue,
        conflict_id=conflict_id,
        decision=body.decision(),
        policy=body.policy,
        actor=who.actor,
    )
    async with door.app.db.transaction() as tx:
        return await conflicts.get_conflict(tx, conflict_id=conflict_id)


async def _wanted(door: Door, matching: Matching) -> Filter:
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, matching.connection)
    return Filter(
        connection_id=connection_id,
        object_name=matching.object,
        field=matching.field,
        record_id=matching.record_id,
    )
