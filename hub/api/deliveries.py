"""Deliveries: the retry queue and the dead letters."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.paging import Cursor, IdPath, Limit, Page, decode_cursor, page_of
from hub.services import deliveries
from hub.services.connection_care import connection_id_of
from hub.services.deliveries import DeliveryState, DeliveryView
from hub.services.waking import wake_after_commit

router = APIRouter(prefix=f"{V1}/deliveries", tags=["deliveries"])


class Replay(BaseModel):
    """Remote fields to send instead of what the mapping gives; null clears one. Without them: the same again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"fields": {"Name": "Acme"}}})

    fields: dict[str, Any] | None = Field(None, max_length=500)


class ReplayAll(BaseModel):
    model_config = ConfigDict(extra="forbid")

    connection: str = Field(max_length=100)


class Replayed(BaseModel):
    replayed: int


@router.get("", summary="List deliveries by state, oldest first")
async def list_all(
    _: Viewer,
    door: DoorOf,
    state: Annotated[list[DeliveryState] | None, Query(description="Default: all that are open.")] = None,
    connection: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DeliveryView]:
    states = state or ["pending", "sending", "unknown", "waiting", "dead"]
    after = decode_cursor(cursor, int)
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, connection)
        found = await deliveries.list_deliveries(
            tx, states=states, connection_id=connection_id, after=after, limit=limit + 1
        )
    return page_of(found, limit=limit, position=lambda delivery: delivery.id)


@router.post("/replay", summary="Give every dead letter of a connection a new chance")
async def replay_all(who: Operator, door: DoorOf, body: ReplayAll) -> Replayed:
    async with door.app.db.transaction() as tx:
        connection_id = await connection_id_of(tx, body.connection)
        assert connection_id is not None
        count = await deliveries.replay_dead_letters(
            tx, connection_id=connection_id, connection=body.connection, actor=who.actor
        )
        wake_after_commit(tx, door.queue, "push", [connection_id])
    return Replayed(replayed=count)


@router.get("/{delivery_id}", summary="Show a delivery")
async def show(_: Viewer, door: DoorOf, delivery_id: IdPath) -> DeliveryView:
    async with door.app.db.transaction() as tx:
        return await deliveries.get_delivery(tx, delivery_id=delivery_id)


@router.post("/{delivery_id}/replay", summary="Try a delivery again, with corrected fields if given")
async def replay(who: Operator, door: DoorOf, delivery_id: IdPath, body: Replay | None = None) -> DeliveryView:
    async with door.app.db.transaction() as tx:
        found = await deliveries.replay_delivery(
            tx, delivery_id=delivery_id, edited=body.fields if body else None, actor=who.actor
        )
        wake_after_commit(tx, door.queue, "push", [found.connection_id])
    return found


@router.post("/{delivery_id}/drop", summary="Give up on a delivery")
async def drop(who: Operator, door: DoorOf, delivery_id: IdPath) -> DeliveryView:
    async with door.app.db.transaction() as tx:
        return await deliveries.drop_delivery(tx, delivery_id=delivery_id, actor=who.actor)
