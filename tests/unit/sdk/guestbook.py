"""A vendor in forty lines, for tests of the sandbox kit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.sdk.records import WebhookRequest
from hub.sdk.sandbox import Sandbox, StoredRecord


class Guestbook(Sandbox):
    """One object, `entries`; GET and POST /api/entries, GET /api/entries/{id}."""

    name = "guestbook"
    switches: ClassVar[Mapping[str, Any]] = {"shouting": False}
    faults_known: ClassVar[Mapping[str, str]] = {"torn_page": "a page is missing"}

    def vendor_app(self) -> ASGIApp:
        return Starlette(
            routes=[
                Route("/api/entries", self._list, methods=["GET"]),
                Route("/api/entries", self._write, methods=["POST"]),
                Route("/api/entries/{id}", self._read, methods=["GET"]),
            ]
        )

    async def _list(self, _: Request) -> Response:
        return JSONResponse([record.fields for record in self.world.live("entries")])

    async def _write(self, request: Request) -> Response:
        return JSONResponse({"id": self.human_create("entries", await request.json())}, 201)

    async def _read(self, request: Request) -> Response:
        await asyncio.sleep(0)
        return JSONResponse(self._get(request.path_params["id"]).fields)

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"url": base_url}

    def reset(self) -> None:
        self.world.clear()
        self.faults.clear()

    def human_create(self, object_name: str, fields: Mapping[str, Any]) -> str:
        if not fields:
            raise ValueError("An entry needs text.")
        record_id = str(len(list(self.world.all(object_name))) + 1)
        return self.world.add(object_name, record_id, fields).id

    def _get(self, record_id: str) -> StoredRecord:
        record = self.world.get("entries", record_id)
        if record is None:
            raise KeyError(record_id)
        return record

    def human_edit(self, object_name: str, record_id: str, fields: Mapping[str, Any]) -> None:
        self._get(record_id).fields.update(fields)

    def human_delete(self, object_name: str, record_id: str) -> None:
        self._get(record_id).deleted_at = self.clock.now()

    def human_undelete(self, object_name: str, record_id: str) -> None:
        self._get(record_id).deleted_at = None

    def human_purge(self, object_name: str, record_id: str) -> None:
        self._get(record_id).purged = True

    def human_merge(self, object_name: str, winner: str, loser: str) -> str:
        self._get(loser).merged_into = winner
        self.human_delete(object_name, loser)
        return winner

    def take_webhooks(self, url: str) -> list[WebhookRequest]:
        fired = self.faults.take("torn_page")
        return [WebhookRequest("POST", url, {}, b"torn")] if fired else []
