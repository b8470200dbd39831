"""Custom fields: what an administrator adds to the record types."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, Admin, DoorOf, Viewer
from hub.record.definition import Kind
from hub.services import custom_fields
from hub.services.custom_fields import CustomField
from hub.services.field_removal import remove_custom_field

router = APIRouter(prefix=f"{V1}/custom-fields", tags=["custom fields"])


class NewCustomField(BaseModel):
    """A field of a record type; mappings and records know it as custom.<name>."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"record_type": "partner", "name": "region_code", "kind": "text", "doc": "Sales region."}
        },
    )

    record_type: str = Field(max_length=63)
    name: str = Field(max_length=63)
    kind: Kind
    doc: str = Field(min_length=1, max_length=1000)
    choices: list[str] = Field(default=[], max_length=500)
    max_length: int | None = Field(None, ge=1, le=32_000)
    personal: bool = False


@router.get("", summary="List custom fields")
async def list_all(_: Viewer, door: DoorOf) -> list[CustomField]:
    async with door.app.db.transaction() as tx:
        return await custom_fields.list_custom_fields(tx)


@router.post("", status_code=201, summary="Declare a custom field")
async def declare(who: Admin, door: DoorOf, body: NewCustomField) -> CustomField:
    declared = CustomField(**{**body.model_dump(), "choices": tuple(body.choices)})
    async with door.app.db.transaction() as tx:
        await custom_fields.declare_custom_field(tx, declared=declared, actor=who.actor)
    return declared


@router.delete("/{record_type}/{name}", status_code=204, summary="Remove a custom field that no mapping uses")
async def remove(
    who: Admin,
    door: DoorOf,
    record_type: Annotated[str, Path(max_length=63)],
    name: Annotated[str, Path(max_length=63)],
    drop_values: Annotated[bool, Query(description="Drop its values too; they stay in the change log.")] = False,
) -> None:
    async with door.app.db.transaction() as tx:
        await remove_custom_field(
            tx, door.app.shop, record_type=record_type, name=name, drop_values=drop_values, actor=who.actor
        )
