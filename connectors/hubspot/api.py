"""One account's API: authenticated calls that give JSON or a named error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from connectors.hubspot.errors import body_of, error_of
from connectors.hubspot.paths import Paths
from connectors.hubspot.settings import HubSpotSettings
from hub.sdk.auth import EXPIRES_AT, Token, TokenSource
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import AuthFailed, OutcomeUnknown, Unavailable
from hub.sdk.http import Usage, decode_json, encode_json

SEARCH_POOL = "search"
# A token lives 1,800 s; it is replaced well before, because a 401 is no signal to refresh.
_EARLY = timedelta(minutes=5)


class Answer(msgspec.Struct, frozen=True):
    """A good answer: its status (207 is neither success nor failure), its JSON and the server's own time."""

    status: int
    body: dict[str, Any]
    server_time: datetime | None


class Api:
    """Calls of one connection."""

    def __init__(self, *, settings: HubSpotSettings, context: ConnectorContext, paths: Paths) -> None:
        self.paths = paths
        self._settings = settings
        self._context = context
        self._zone = ZoneInfo(settings.time_zone)
        self._tokens = TokenSource(store=context.tokens, clock=context.clock, fetch=self._fetch_token, early=_EARLY)

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return await self._call("GET", path, params=params)

    async def read(self, path: str, body: object, *, params: Mapping[str, Any] | None = None, pool: str = "") -> Answer:
        """A POST that only reads: safe to repeat."""
        return await self._call("POST", path, params=params, content=encode_json(body), safe=True, pool=pool)

    async def write(self, path: str, body: object) -> Answer:
        """A POST that writes: an answer that cannot be read leaves the outcome unknown."""
        return await self._call("POST", path, content=encode_json(body), safe=False)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        safe: bool = True,
        pool: str = "",
    ) -> Answer:
        response = await self._authorised(method, path, params=params, content=content, safe=safe, pool=pool)
        if response.status_code >= 300:
            raise error_of(response, now=self._context.clock.now(), zone=self._zone)
        return Answer(response.status_code, _body(response, safe=safe), _server_time(response))

    async def _authorised(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None,
        content: bytes | None,
        safe: bool,
        pool: str,
    ) -> httpx.Response:
        token = await self._token()
        response = await self._send(token, method, path, params=params, content=content, safe=safe, pool=pool)
        if response.status_code == 401 and self._settings.auth == "oauth":
            token = await self._tokens.renew(token)
            response = await self._send(token, method, path, params=params, content=content, safe=safe, pool=pool)
        return response

    async def _send(self, token: Token, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token['access_token']}", "accept": "application/json"}
        if request["content"] is not None:
            headers["content-type"] = "application/json"
        http = self._context.http
        response = await http.request(method, self._settings.root + path, headers=headers, **request)
        for usage in _usages(response.headers):
            await http.budget.observe(usage)
        return response

    async def _token(self) -> Token:
        if self._settings.auth == "oauth":
            return await self._tokens.get()
        assert self._settings.access_token is not None
        return {"access_token": self._settings.access_token.get_secret_value()}

    async def _fetch_token(self, stored: Token | None) -> Token:
        settings = self._settings
        assert settings.client_id is not None
        assert settings.client_secret is not None
        assert settings.refresh_token is not None
        typed = settings.refresh_token.get_secret_value()
        # A refresh token that was typed anew counts more than one that an earlier one led to.
        origin = hashlib.sha256(typed.encode()).hexdigest()[:16]
        known = stored is not None and stored.get("origin") == origin
        form = {
            "grant_type": "refresh_token",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "refresh_token": str(stored["refresh_token"]) if stored is not None and known else typed,
        }
        response = await self._context.http.request("POST", settings.root + self.paths.token, data=form, safe=False)
        if response.status_code >= 300:
            raise self._refused(response)
        body = _body(response, safe=False)
        return {
            "access_token": body["access_token"],
            "refresh_token": body.get("refresh_token") or form["refresh_token"],
            "origin": origin,
            EXPIRES_AT: (self._context.clock.now() + timedelta(seconds=int(body["expires_in"]))).isoformat(),
        }

    def _refused(self, response: httpx.Response) -> Exception:
        body = body_of(response)
        code = str(body.get("error") or body.get("status") or "")
        if response.status_code not in (400, 401, 403):
            return error_of(response, now=self._context.clock.now(), zone=self._zone)
        if code in ("invalid_grant", "BAD_REFRESH_TOKEN"):
            message = "HubSpot no longer accepts the refresh token. Install the app again and type the new one."
            return AuthFailed(message, code="invalid_grant", status=response.status_code)
        message = "HubSpot refused the OAuth app. Check its client id and client secret."
        return AuthFailed(message, code=code or None, status=response.status_code)


def _body(response: httpx.Response, *, safe: bool) -> dict[str, Any]:
    if not response.content and response.status_code == 204:
        return {}
    try:
        body = decode_json(response.content)
    except msgspec.DecodeError as exc:
        raise _unreadable(response, safe=safe) from exc
    if not isinstance(body, dict):
        raise _unreadable(response, safe=safe)
    return body


def _unreadable(response: httpx.Response, *, safe: bool) -> Unavailable | OutcomeUnknown:
    kind = Unavailable if safe else OutcomeUnknown
    return kind("HubSpot's answer was no readable JSON.", status=response.status_code)


def _server_time(response: httpx.Response) -> datetime | None:
    """The moment the server began to answer, cut to the second; None when it does not say."""
    stamps = response.headers.get_list("date")
    if not stamps:
        return None
    try:
        return parsedate_to_datetime(stamps[-1])
    except ValueError:
        return None


def _usages(headers: httpx.Headers) -> list[Usage]:
    pairs = (("burst", "x-hubspot-ratelimit-max", "x-hubspot-ratelimit-remaining"),
             ("daily", "x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"))  # fmt: skip
    return [
        Usage(kind, int(headers[amount]), int(headers[remaining]))
        for kind, amount, remaining in pairs
        if headers.get(amount, "").isdigit() and headers.get(remaining, "").isdigit()
    ]
