"""Around every request: an id, a size limit, a count, and headers that keep answers from being misused."""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.api.metrics import Metrics
from hub.api.problems import ApiProblem, problem_of, response

MOST_BYTES = 1024 * 1024
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Envelope:
    """ASGI middleware. A body that is too large is refused before it is read, or as soon as it turns out to be."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        request_id = _request_id(headers.get(b"x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()
        status: int | None = None

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _mark(MutableHeaders(scope=message), request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if _declared(headers.get(b"content-length", "")) > MOST_BYTES:
                    await response(_too_large(), request_id=request_id)(scope, receive, send_marked)
                else:
                    await self._app(scope, _Limited(receive), send_marked)
            except (
                Exception
            ) as exc:  # the edge of the API: whatever it is, the caller gets a problem and the log the rest
                if status is not None:
                    raise
                await response(problem_of(exc), request_id=request_id)(scope, receive, send_marked)
            finally:
                route = getattr(scope.get("route"), "path", "(none)")
                self._metrics.called(scope["method"], route, status or 500, time.perf_counter() - began)


class _Limited:
    """Receives like the server does, and stops at the limit."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._taken = receive, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > MOST_BYTES:
            raise _too_large()
        return message


def _too_large() -> ApiProblem:
    return ApiProblem(413, "too-large", f"The body may have {MOST_BYTES // 1024 // 1024} MB; send it in parts.")


def _declared(content_length: str) -> int:
    return int(content_length) if content_length.isascii() and content_length.isdigit() else 0


def _request_id(sent: str) -> str:
    return sent if _REQUEST_ID.fullmatch(sent) else uuid4().hex


def _mark(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-ID"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
