"""Reports on deal registrations."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AwareDatetime

from hub.api.door import V1, DoorOf, Viewer
from hub.sdk.http import encode_json
from hub.services.deals.reporting import By, Report, as_csv, report

router = APIRouter(prefix=f"{V1}/deal-registrations", tags=["deal registrations"])

Since = Annotated[
    AwareDatetime | None, Query(description="Submitted from then on; a quarter before the end without it.")
]
Until = Annotated[AwareDatetime | None, Query(description="Submitted before then; now without it.")]


@router.get(
    "/report", response_model=Report, summary="How registrations were decided: rates, times, conflicts, reasons"
)
async def show(
    _: Viewer,
    door: DoorOf,
    since: Since = None,
    until: Until = None,
    by: By | None = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Of all that were submitted in the time, and by partner, reason, program or region."""
    async with door.app.db.transaction() as tx:
        found = await report(tx, door.app.desk, since=since, until=until, by=by)
    if form == "csv":
        return Response(as_csv(found), media_type="text/csv; charset=utf-8")
    return Response(encode_json(found), media_type="application/json")
