"""Transport faults: what can go wrong between a client and a vendor, whatever the vendor's API is.

A broken connection needs the server's help: `hub.sdk.sandbox.serve` puts a function under `BREAK_EXTENSION` into the
scope that cuts the TCP connection. Where it is missing (httpx.ASGITransport), the error that httpx raises for a
connection cut by the server is raised through the application, which the transport hands to the caller unchanged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.sdk.sandbox.base import Answer, Sandbox
from hub.sdk.sandbox.faults import Fault

BREAK_EXTENSION = "partnerhub.break_connection"

# Every counted fault that the kit itself understands, for all vendors.
TRANSPORT_FAULTS = {
    "throttle": "too many requests, without a Retry-After header; options: scope (burst, daily, concurrency)",
    "throttle_with_retry_after": "too many requests, with Retry-After; options: seconds, scope",
    "unavailable": "the vendor answers 503 in its own words",
    "html_error": "the edge answers with an HTML page; options: status (default 503)",
    "empty_error": "the edge answers without a body; options: status (default 502)",
    "drop_connection": "the connection breaks before the vendor acts",
    "lose_response": "the vendor acts, then the connection breaks",
    "malformed_json": "the vendor acts; its answer is cut in half",
    "huge_body": "the answer never seems to end; options: bytes (default 300 million)",
    "slow": "the answer takes longer; options: seconds",
}

_HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>We will be back</h1></body></html>"
_CHUNK = b" " * 65536


async def serve_with_faults(sandbox: Sandbox, vendor: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the vendor answer, with the transport faults that are armed for this request."""
    request = f"{scope['method']} {scope['path']}"
    faults = {name: fault for name in TRANSPORT_FAULTS if (fault := sandbox.faults.take(name, request))}
    if "slow" in faults:
        body = await receive()
        if await _gave_up(receive, float(faults["slow"].options.get("seconds", 1))):
            return
        receive = replay(body, receive)
    if "drop_connection" in faults:
        await break_connection(scope, receive)
    elif instead := _answer_instead(sandbox, faults.values()):
        await send_answer(instead, send)
    elif "huge_body" in faults:
        await _send_endless(int(faults["huge_body"].options.get("bytes", 300_000_000)), send)
    elif "lose_response" in faults:
        await record_answer(vendor, scope, receive)
        await break_connection(scope, receive)
    elif "malformed_json" in faults:
        await send_answer(_cut(await record_answer(vendor, scope, receive)), send)
    else:
        await vendor(scope, receive, send)


async def send_answer(answer: Answer, send: Send) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


async def record_answer(app: ASGIApp, scope: Scope, receive: Receive) -> Answer:
    """What `app` would have answered."""
    started: list[Message] = []
    body = bytearray()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.append(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, collect)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in started[0].get("headers", [])}
    return Answer(started[0]["status"], bytes(body), headers)


def replay(message: Message, receive: Receive) -> Receive:
    """A `receive` that gives `message`, which was taken already, once more."""
    waiting = [message]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed


async def break_connection(scope: Scope, receive: Receive) -> None:
    """Cut the connection without an answer."""
    cut = scope.get("extensions", {}).get(BREAK_EXTENSION)
    if cut is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    cut()
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _gave_up(receive: Receive, seconds: float) -> bool:
    """Whether the caller hung up within `seconds`."""
    try:
        await asyncio.wait_for(_disconnected(receive), seconds)
    except TimeoutError:
        return False
    return True


def _answer_instead(sandbox: Sandbox, faults: Iterable[Fault]) -> Answer | None:
    for fault in faults:
        if fault.name in ("throttle", "throttle_with_retry_after", "unavailable"):
            return sandbox.fault_answer(fault)
        elif fault.name == "html_error":
            return Answer(int(fault.options.get("status", 503)), _HTML, {"content-type": "text/html"})
        elif fault.name == "empty_error":
            return Answer(int(fault.options.get("status", 502)))
    return None


def _cut(answer: Answer) -> Answer:
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    if len(answer.body) < 2:
        return Answer(200, b'{"resul', {**headers, "content-type": "application/json"})
    return Answer(answer.status, answer.body[: len(answer.body) // 2], headers)


async def _send_endless(size: int, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    sent = 0
    while sent < size:
        await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
        await asyncio.sleep(0)
        sent += len(_CHUNK)
    await send({"type": "http.response.body", "body": b"{}"})
