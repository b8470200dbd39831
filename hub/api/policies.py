"""Field policies: what people decided once and for all, instead of the mappings' policies."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hub.api.door import V1, Admin, DoorOf, Viewer
from hub.api.paging import IdPath
from hub.services import field_policies
from hub.services.connection_care import connection_id_of
from hub.services.field_policies import PolicyView

router = APIRouter(prefix=f"{V1}/field-policies", tags=["conflicts"])


@router.get("", summary="List field policies in force")
async def list_all(
    _: Viewer, door: DoorOf, connection: Annotated[str | None, Query(max_length=100)] = None
) -> list[PolicyView]:
    async with door.app.db.transaction() as tx:
        return await field_policies.list_policies(tx, connection_id=await connection_id_of(tx, connection))


@router.post("/{policy_id}/revoke", summary="Revoke a field policy: the mapping's policy decides again")
async def revoke(who: Admin, door: DoorOf, policy_id: IdPath) -> PolicyView:
    async with door.app.db.transaction() as tx:
        return await field_policies.revoke_policy(tx, policy_id=policy_id, actor=who.actor)
