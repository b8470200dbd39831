"""Merging records inside the hub, after a look at what would move; and undoing it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, DoorOf, Operator, Viewer
from hub.api.records import TypeName
from hub.services import hub_merges, splitting, unmerging
from hub.services.custom_fields import record_types
from hub.services.hub_merges import MergePreview, MergeView
from hub.services.records import type_called
from hub.services.splitting import Split
from hub.services.unmerging import Unmerged
from hub.services.waking import wake_outbound

router = APIRouter(prefix=V1, tags=["merges"])
RECORD = "/records/{record_type}/{record_id}"


class MergeInto(BaseModel):
    """`into`: the record in which this one lives on."""

    model_config = ConfigDict(extra="forbid")

    into: UUID


class RemoteRecord(BaseModel):
    """A remote record that is linked to a record of the hub."""

    model_config = ConfigDict(extra="forbid")

    connection: str = Field(max_length=100)
    object: str = Field(max_length=255)
    remote_id: str = Field(max_length=255)


@router.get(RECORD + "/merge-preview", summary="What merging a record into another would move")
async def preview(
    _: Viewer,
    door: DoorOf,
    record_type: TypeName,
    record_id: UUID,
    into: Annotated[UUID, Query(description="The record in which this one would live on.")],
) -> MergePreview:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        return await hub_merges.preview_merge(tx, kind, loser=record_id, survivor=into)


@router.get(RECORD + "/merges", summary="Merges made in the hub in which a record was the loser or the survivor")
async def list_all(_: Viewer, door: DoorOf, record_type: TypeName, record_id: UUID) -> list[MergeView]:
    async with door.app.db.transaction() as tx:
        type_called(await record_types(tx), record_type)
        return await hub_merges.list_merges(tx, record_id=record_id)


@router.post(RECORD + "/merge", summary="Merge a record into another")
async def merge(who: Operator, door: DoorOf, record_type: TypeName, record_id: UUID, body: MergeInto) -> MergeView:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        done = await hub_merges.merge_pair(tx, kind, loser=record_id, survivor=body.into, actor=who.actor)
        await wake_outbound(tx, door.queue, rereads=True)
    return done


@router.post(RECORD + "/unmerge", summary="Undo the merge of a record")
async def unmerge(who: Operator, door: DoorOf, record_type: TypeName, record_id: UUID) -> Unmerged:
    """What was changed since the merge is left alone and named."""
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        done = await unmerging.unmerge(tx, kind, loser=record_id, actor=who.actor)
        await wake_outbound(tx, door.queue, rereads=True)
    return done


@router.post("/splits", summary="Give a remote record a record of its own again")
async def split(who: Operator, door: DoorOf, body: RemoteRecord) -> Split:
    """What was linked or merged by mistake is taken apart, and the pair is remembered as apart."""
    async with door.app.db.transaction() as tx:
        done = await splitting.split(
            tx,
            door.app.shop,
            await record_types(tx),
            connection=body.connection,
            object_name=body.object,
            remote_id=body.remote_id,
            actor=who.actor,
        )
        await wake_outbound(tx, door.queue, rereads=True)
    return done
