"""For whoever runs the hub: does it live, can it work, and the figures."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from hub.api.door import PUBLIC, DoorOf, Viewer
from hub.services import watching
from hub.services.budgets import all_budgets

router = APIRouter(tags=["health"])


class Live(BaseModel):
    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Each part: `ok`, or a sentence that says what is wrong. Without Redis the hub is ready, only slower."""

    ready: bool
    database: str
    redis: str
    migrations: str


@router.get("/healthz", dependencies=[PUBLIC], summary="Does the process live")
async def healthz() -> Live:
    return Live()


@router.get("/readyz", dependencies=[PUBLIC], summary="Can it work", responses={503: {"model": Ready}})
async def readyz(door: DoorOf) -> Response:
    found = await watching.readiness(door.app.db, redis_url=door.app.engines.redis_url)
    parts = {name: getattr(found, name) or "ok" for name in ("database", "redis", "migrations")}
    body = Ready(ready=found.ready, **parts)
    return JSONResponse(body.model_dump(), 200 if found.ready else 503)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
async def metrics(_: Viewer, door: DoorOf) -> Response:
    async with door.app.db.transaction() as tx:
        totals = await watching.totals(tx)
    return Response(
        door.metrics.text(totals, await all_budgets(door.app.shop)),
        media_type="text/plain; version=0.0.4; charset=utf-8",
    )
