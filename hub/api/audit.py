"""The audit trail: who changed a setting or decided something."""

from __future__ import annotations

from fastapi import APIRouter

from hub.api.door import V1, Admin, DoorOf
from hub.api.paging import Cursor, Limit, Page, decode_cursor, page_of
from hub.services import watching
from hub.services.watching import AuditEntry

router = APIRouter(prefix=f"{V1}/audit", tags=["audit"])


@router.get("", summary="List the audit trail, newest first")
async def list_all(_: Admin, door: DoorOf, cursor: Cursor = None, limit: Limit = 100) -> Page[AuditEntry]:
    async with door.app.db.transaction() as tx:
        found = await watching.list_audit(tx, before=decode_cursor(cursor, int), limit=limit + 1)
    return page_of(found, limit=limit, position=lambda entry: entry.id)
