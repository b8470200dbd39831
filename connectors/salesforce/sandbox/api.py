"""The org's front door: token endpoint, session check, quota, limits of the address, and the way to each resource."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.salesforce.sandbox import (
    bulk_ingest_api,
    bulk_query_api,
    changes_api,
    collections_api,
    describe_api,
    query_api,
    row_api,
)
from connectors.salesforce.sandbox.calls import Answer, Call, VendorError, not_found, refusal
from connectors.salesforce.sandbox.composite_api import Composite
from connectors.salesforce.sandbox.org import Org, dispatch, route
from connectors.salesforce.stamps import http_date

MAX_URI = 16_384
VERSIONS = range(59, 69)
_DATA = re.compile(r"/services/data/(v\d{2,3}\.0)(/.+)")
_EVENTS = re.compile(r"/services/data/v[\d.]+/events/\w+")
_LONGEST_POLL, _POLL_STEP = 110, 0.02
_CLIENT = re.compile(r"client\s*=\s*([^,\s]+)")

# Composite resources come before the collections that share their beginning, fixed segments before ids.
_ROUTES = [
    *bulk_ingest_api.ROUTES,
    *bulk_query_api.ROUTES,
    *changes_api.ROUTES,
    *describe_api.ROUTES,
    *query_api.ROUTES,
    *collections_api.ROUTES,
    *row_api.ROUTES,
]


def vendor_app(current: Callable[[], Org], base_url: Callable[[], str]) -> ASGIApp:
    """The API as an ASGI application over whatever `current` org there is (a reset makes a new one)."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        org = current()
        await _long_poll(org, request)
        answer = _front(org, request, body, base_url() or str(request.base_url).rstrip("/"))
        headers = dict(answer.headers)
        headers.setdefault("Date", http_date(org.clock.now()))
        if answer.body is not None:
            headers["Content-Type"] = answer.media
        await Response(answer.content(), answer.status, headers)(scope, receive, send)

    return app


def _front(org: Org, request: Request, body: bytes, base_url: str) -> Answer:
    path = request.url.path
    headers = {name.lower(): value for name, value in request.headers.items()}
    uri = len(request.url.path) + len(request.url.query)
    if uri > MAX_URI:
        return Answer(414, b"URI Too Long", media="text/plain")
    if uri + sum(len(name) + len(value) + 4 for name, value in headers.items()) > MAX_URI:
        return Answer(431, b"Request Header Fields Too Large", media="text/plain")
    if path == "/services/oauth2/token" and request.method == "POST":
        return org.oauth.token(base_url=base_url, headers=headers, body=body)
    if path.rstrip("/") == "/services/data":
        return Answer(200, [_version(number) for number in VERSIONS])
    found = _DATA.fullmatch(path)
    if found is None:
        return refusal(not_found())
    named = _CLIENT.search(headers.get("sforce-call-options", ""))
    call = Call(
        method=request.method,
        path=found[2],
        version=found[1],
        params=dict(parse_qsl(request.url.query, keep_blank_values=True)),
        headers=headers,
        body=body,
        client=named[1] if named else "unknown",
    )
    return _guarded(org, call)


async def _long_poll(org: Org, request: Request) -> None:
    """Hold a subscriber that is up to date until a change is recorded, or its `wait` seconds are over."""
    found = _EVENTS.fullmatch(request.url.path)
    replay_id, wait = request.query_params.get("replayId", ""), request.query_params.get("wait", "")
    if found is None or not replay_id.isdecimal() or not wait.isdecimal():
        return
    ends = asyncio.get_running_loop().time() + min(int(wait), _LONGEST_POLL)
    # Changes come from other threads too, so there is no event of this loop to wait for.
    while org.feed.last_replay_id <= int(replay_id) and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_STEP)


def _version(number: int) -> dict[str, str]:
    return {"label": f"API {number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"}


def _guarded(org: Org, call: Call) -> Answer:
    if org.faults.take("expire_token", call.name):
        org.oauth.expire_sessions()
    persistent = org.faults.take("persistent_401", call.name)
    if persistent or not org.oauth.knows(call.headers.get("authorization", "")):
        return refusal(VendorError("INVALID_SESSION_ID", "Session expired or invalid", status=401))
    over = _over_limit(org, call)
    if over is not None:
        return refusal(over)
    answer = answer_call(org, call)
    return Answer(answer.status, answer.body, {**answer.headers, "Sforce-Limit-Info": org.usage.header()}, answer.media)


def _over_limit(org: Org, call: Call) -> VendorError | None:
    if org.faults.take("quota_daily", call.name) or not org.usage.count():
        return limit_exceeded(org, "daily")
    if org.faults.take("quota_concurrency", call.name):
        return limit_exceeded(org, "concurrency")
    return None


def limit_exceeded(org: Org, scope: str) -> VendorError:
    """The refusal of a call over a limit: 403 unless the switch says otherwise."""
    name = "TotalRequests" if scope == "daily" else "ConcurrentPerOrgLongTxn"
    status = int(org.faults.get("request_limit_status"))
    return VendorError("REQUEST_LIMIT_EXCEEDED", f"{name} Limit exceeded.", status=status)


def answer_call(org: Org, call: Call) -> Answer:
    """The answer of one resource, whether it was called by itself or inside a composite call."""
    try:
        return dispatch(_ALL_ROUTES, org, call)
    except row_api.SeveralMatches as several:
        return row_api.several(call, call.path.split("/")[2], several)
    except VendorError as error:
        return refusal(error)


_COMPOSITE = Composite(answer_call)
_ALL_ROUTES = [
    route("POST", "/composite", _COMPOSITE.composite),
    route("POST", "/composite/batch", _COMPOSITE.batch),
    *_ROUTES,
]
