"""The evidence on a registration, for those who decide: as JSON, and as a page to read and print."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import HTMLResponse, Response

from hub.api.door import V1, Door, DoorOf, Operator
from hub.sdk.http import encode_json
from hub.services.deals.evidence import evidence_pack
from hub.services.deals.evidence_pack import EvidencePack
from hub.services.deals.evidence_page import CONTENT_SECURITY_POLICY, evidence_page

router = APIRouter(prefix=f"{V1}/deal-registrations/{{registration_id}}", tags=["deal registrations"])

Decision = Annotated[int | None, Query(description="The number of an earlier decision; the last one without it.")]
_HEADERS = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer", "Vary": "Accept"}


@router.get("/evidence", response_model=EvidencePack, summary="Everything that a decision rests on, then and now")
async def evidence(
    who: Operator,
    door: DoorOf,
    registration_id: UUID,
    decision: Decision = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """It names rivals: never for partners. With `Accept: text/html` it is the page."""
    if "text/html" in accept:
        return await _page(door, registration_id, decision, who.actor)
    pack = await _pack(door, registration_id, decision, who.actor, "json")
    return Response(encode_json(pack), headers={"Vary": "Accept"}, media_type="application/json")


@router.get("/evidence.html", response_class=HTMLResponse, summary="The same as a page to read and print")
async def page(who: Operator, door: DoorOf, registration_id: UUID, decision: Decision = None) -> Response:
    return await _page(door, registration_id, decision, who.actor)


async def _page(door: Door, registration_id: UUID, decision: int | None, actor: str) -> Response:
    pack = await _pack(door, registration_id, decision, actor, "html")
    return HTMLResponse(evidence_page(pack), headers=_HEADERS)


async def _pack(
    door: Door, registration_id: UUID, decision: int | None, actor: str, form: Literal["json", "html"]
) -> EvidencePack:
    async with door.app.db.transaction() as tx:
        return await evidence_pack(
            tx, door.app.desk, registration_id=registration_id, actor=actor, form=form, decision_id=decision
        )
