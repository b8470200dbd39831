"""Wraps a vendor's emulator into the application that is served: call log, transport faults, size limit, admin API."""

from __future__ import annotations

from email.utils import format_datetime

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.sdk.sandbox.admin import ADMIN_PREFIX, admin_app
from hub.sdk.sandbox.base import Answer, Sandbox
from hub.sdk.sandbox.transport import replay, send_answer, serve_with_faults
from hub.sdk.sandbox.world import SandboxClock

MAX_REQUEST_BYTES = 160 * 1024 * 1024


def build_app(sandbox: Sandbox) -> ASGIApp:
    """The sandbox as an ASGI application, for a server or for httpx.ASGITransport.

    Every vendor request is counted in `sandbox.calls`; `/__sandbox__/` is the admin API and is not counted.
    """
    vendor = sandbox.vendor_app()
    admin = admin_app(sandbox)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(ADMIN_PREFIX):
            await admin(scope, receive, send)
        else:
            sandbox.calls[sandbox.call_name(scope["method"], scope["path"])] += 1
            await serve_with_faults(sandbox, vendor, scope, receive, _dated(send, sandbox.clock))

    return _bounded(app)


def _dated(send: Send, clock: SandboxClock) -> Send:
    """Answers tell the vendor's time, as every server's do, unless the emulator has said it already."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            if not any(name.lower() == b"date" for name, _ in headers):
                headers.append((b"date", format_datetime(clock.now(), usegmt=True).encode()))
            message = {**message, "headers": headers}
        await send(message)

    return dated


def _bounded(app: ASGIApp) -> ASGIApp:
    """Takes the request in whole before anything acts on it, and refuses one that is too large."""

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MAX_REQUEST_BYTES:
                await send_answer(Answer(413, b"request too large"), send)
                return
        await app(scope, replay({"type": "http.request", "body": bytes(body), "more_body": False}, receive), send)

    return bounded
