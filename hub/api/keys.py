"""API keys: made once, shown once."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from hub.api.door import V1, Admin, DoorOf, Viewer
from hub.api.paging import IdPath
from hub.services import keys
from hub.services.keys import KeyView, NewKey, Principal, Role

router = APIRouter(prefix=f"{V1}/keys", tags=["keys"])


class KeyRequest(BaseModel):
    """viewer reads; operator also decides and repairs; admin also changes connections, keys and fields."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"name": "reporting", "role": "viewer"}})

    name: str = Field(min_length=1, max_length=100)
    role: Role


@router.get("", summary="List keys, without their secrets")
async def list_all(_: Admin, door: DoorOf) -> list[KeyView]:
    async with door.app.db.transaction() as tx:
        return await keys.list_keys(tx)


@router.get("/me", summary="Who asks")
async def me(who: Viewer) -> Principal:
    return who


@router.post("", status_code=201, summary="Make a key; its secret is shown this once")
async def create(who: Admin, door: DoorOf, body: KeyRequest) -> NewKey:
    async with door.app.db.transaction() as tx:
        return await keys.create_key(tx, name=body.name, role=body.role, actor=who.actor)


@router.delete("/{key_id}", status_code=204, summary="Revoke a key; in force within half a minute")
async def revoke(who: Admin, door: DoorOf, key_id: IdPath) -> None:
    async with door.app.db.transaction() as tx:
        await keys.revoke_key(tx, key_id=key_id, actor=who.actor)
    door.keys.forget(key_id)
