"""Matching: why are two records one, or not?"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from hub.api.door import V1, DoorOf, Viewer
from hub.services.custom_fields import record_types
from hub.services.match_explaining import Explained, explain_pair
from hub.services.records import type_called

router = APIRouter(prefix=f"{V1}/matching", tags=["matching"])


@router.get("/explain", summary="Say of two records, feature by feature, what speaks for and against their being one")
async def explain(
    _: Viewer, door: DoorOf, a: UUID, b: UUID, record_type: Annotated[str, Query(max_length=63)] = "partner"
) -> Explained:
    async with door.app.db.transaction() as tx:
        kind = type_called(await record_types(tx), record_type)
        return await explain_pair(tx, kind, one=a, other=b, weights=door.app.weights)
