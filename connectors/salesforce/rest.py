"""Calls to one org: signed in, named, counted, with one fresh session after a 401."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.salesforce.auth import Sessions
from connectors.salesforce.errors import from_response
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.stamps import parse_http_date
from hub.sdk.auth import Token
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import AuthFailed, OutcomeUnknown, Unavailable
from hub.sdk.http import Usage, decode_json, encode_json

T = TypeVar("T")

_LIMIT = re.compile(r"([\w-]+)=(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer: decoded JSON (None when empty) and the org's time, when it said it."""

    body: Any
    at: datetime | None

    def member(self, name: str, kind: type[T]) -> T:
        """The member `name` of an answer to a read; Unavailable when the answer has no such member of that type."""
        found = self.body.get(name) if isinstance(self.body, dict) else None
        if not isinstance(found, kind):
            raise Unavailable(f"Salesforce's answer holds no {name}.")
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The records of an answer to a query, each with its Id; Unavailable when it is none."""
        rows = self.member("records", list)
        if not all(isinstance(row, dict) and row.get("Id") for row in rows):
            raise Unavailable("Salesforce's answer holds a record without an Id.")
        return rows


class Rest:
    """The REST API of one org below `/services/data/vNN.0`."""

    def __init__(self, *, settings: SalesforceSettings, context: ConnectorContext) -> None:
        self._context = context
        self._sessions = Sessions(settings=settings, context=context)
        self._instance = settings.instance
        self.base = f"/services/data/v{settings.api_version}"

    async def session(self) -> Token:
        """The session that calls go out with now."""
        return await self._sessions.current()

    async def get(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """GET `path` (below the base, or a whole path as `nextRecordsUrl` gives it)."""
        return self._reply(await self.send("GET", path, params=params, headers=headers), writing=False)

    async def post(self, path: str, body: object, *, writing: bool = True) -> Reply:
        """POST JSON; `writing=False` for reads that only use POST to carry a long list."""
        response = await self.send("POST", path, content=encode_json(body), safe=not writing)
        return self._reply(response, writing=writing)

    async def patch(self, path: str, body: object) -> Reply:
        return self._reply(await self.send("PATCH", path, content=encode_json(body)), writing=True)

    async def delete(self, path: str, *, params: Mapping[str, str] | None = None) -> Reply:
        return self._reply(await self.send("DELETE", path, params=params), writing=True)

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        safe: bool | None = None,
    ) -> httpx.Response:
        """Send one request; the response, or the error that its status means.

        A 401 gets one new session, and the same request once more with every header it had.
        """
        url = self._instance + (path if path.startswith("/services/") else self.base + path)
        sent = {"Content-Type": "application/json"} | dict(headers or {})
        sent["Sforce-Call-Options"] = f"client={self._context.client_id}"
        token = await self._sessions.current()
        for fresh in (False, True):
            if fresh:
                token = await self._sessions.after(token)
            sent["Authorization"] = f"Bearer {token['access_token']}"
            response = await self._context.http.request(
                method, url, params=params, headers=sent, content=content, safe=safe
            )
            await self._observe(response)
            if response.status_code != 401:
                break
        else:
            raise AuthFailed(
                "Salesforce refuses a session it has just issued. Check that the integration user is active and may "
                "use the API.",
                code="INVALID_SESSION_ID",
                status=401,
            )
        if response.status_code >= 300:
            raise from_response(response, writing=safe is not True and method != "GET")
        return response

    async def _observe(self, response: httpx.Response) -> None:
        for usage in read_limits(response.headers.get("sforce-limit-info", "")):
            await self._context.http.budget.observe(usage)

    def _reply(self, response: httpx.Response, *, writing: bool) -> Reply:
        at = server_time(response)
        if not response.content:
            return Reply(None, at)
        try:
            return Reply(decode_json(response.content), at)
        except (msgspec.DecodeError, UnicodeDecodeError) as exc:
            if writing:
                raise OutcomeUnknown("Salesforce's answer to a write could not be read.") from exc
            raise Unavailable("Salesforce sent an unreadable answer.") from exc


def read_limits(header: str) -> list[Usage]:
    """What `Sforce-Limit-Info` says, in any of its forms; the app's own quota counts when it is the smaller one."""
    found = {name: (int(used), int(limit)) for name, used, limit in _LIMIT.findall(header)}
    days = [found[name] for name in ("api-usage", "per-app-api-usage") if name in found]
    usages = []
    if days:
        used, limit = min(days, key=lambda day: day[1] - day[0])
        usages.append(Usage("daily", limit, max(limit - used, 0)))
    if "api-bursts" in found:
        used, limit = found["api-bursts"]
        usages.append(Usage("burst", limit, max(limit - used, 0)))
    return usages


def server_time(response: httpx.Response) -> datetime | None:
    """The org's clock; where proxies added a Date of their own, the earliest: it is the safe one to resume by."""
    times = []
    for text in response.headers.get_list("date"):
        try:
            times.append(parse_http_date(text))
        except ValueError:
            continue
    return min(times, default=None)
