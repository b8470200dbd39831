"""Authorised calls to the Sample API, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import msgspec

from hub.sdk.auth import EXPIRES_AT, Token, TokenSource
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import (
    AuthFailed,
    Conflict,
    LockContention,
    OutcomeUnknown,
    RateLimited,
    RecordGone,
    RecordRejected,
    RemoteError,
    Unavailable,
)
from hub.sdk.http import decode_json, encode_json
from hub.sdk.sample.settings import SampleSettings


class SampleApi:
    """One account. Methods return decoded JSON and raise RemoteErrors only."""

    def __init__(self, settings: SampleSettings, context: ConnectorContext) -> None:
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._http = context.http
        self._clock = context.clock
        self._tokens = TokenSource(store=context.tokens, clock=context.clock, fetch=self._fetch_token)

    async def get(self, path: str, **params: str | int) -> Any:
        return _read(await self._call("GET", path, params=params), is_write=False)

    async def post(self, path: str, body: object) -> Any:
        """A write: an answer that cannot be read leaves its outcome unknown."""
        return _read(await self._call("POST", path, content=encode_json(body)), is_write=True)

    async def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        token = await self._tokens.get()
        answer = await self._send(method, path, token, **request)
        if answer.status_code == 401:
            answer = await self._send(method, path, await self._tokens.renew(token), **request)
        return answer

    async def _send(self, method: str, path: str, token: Token, **request: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token['access_token']}", "content-type": "application/json"}
        return await self._http.request(method, self._url + path, headers=headers, **request)

    async def _fetch_token(self, _: Token | None) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
        }
        # A second token costs nothing and changes nothing, so a broken connection may be tried again.
        answer = await self._http.request("POST", f"{self._url}/oauth/token", data=form, safe=True)
        token = _read(answer, is_write=False)
        lifetime = timedelta(seconds=int(token["expires_in"]))
        return {"access_token": token["access_token"], EXPIRES_AT: (self._clock.now() + lifetime).isoformat()}


def row_error(error: Mapping[str, Any]) -> RemoteError:
    """What the error of one row of a batch means."""
    return _error(error, status=None)


def _read(answer: httpx.Response, *, is_write: bool) -> Any:
    if answer.is_success:
        try:
            return decode_json(answer.content)
        except msgspec.DecodeError as exc:
            broken = OutcomeUnknown if is_write else Unavailable
            raise broken("Sample sent an answer that cannot be read.", status=answer.status_code) from exc
    try:
        error = decode_json(answer.content)["error"]
    except (msgspec.DecodeError, KeyError, TypeError) as exc:
        raise _without_body(answer) from exc
    raise _error(error, status=answer.status_code, retry_after=answer.headers.get("retry-after"))


def _without_body(answer: httpx.Response) -> RemoteError:
    """Answers of the edge: pages for people, or nothing."""
    if answer.status_code == 429:
        return RateLimited("Sample asks for a pause.", status=429)
    if answer.status_code in (401, 403):
        return AuthFailed("Sample refuses the credentials. Check the API client.", status=answer.status_code)
    return Unavailable("Sample is not available.", status=answer.status_code)


def _error(error: Mapping[str, Any], *, status: int | None, retry_after: str | None = None) -> RemoteError:
    code, message = str(error.get("code")), str(error.get("message", ""))
    match code:
        case "invalid_client" | "unauthorized" | "forbidden":
            return AuthFailed(f"Sample refuses the credentials: {message}", code=code, status=status)
        case "rate_limited":
            seconds = None if retry_after is None else float(retry_after)
            return RateLimited("Sample asks for a pause.", retry_after=seconds, code=code, status=status)
        case "unavailable":
            return Unavailable("Sample is not available.", code=code, status=status)
        case "locked":
            return LockContention(message, code=code, status=status)
        case "changed" | "converted":
            return Conflict(message, code=code, status=status)
        case "gone":
            return RecordGone(message, merged_into=error.get("merged_into"), code=code, status=status)
    fields = (str(error["field"]),) if error.get("field") else ()
    return RecordRejected(message, fields=fields, existing_id=error.get("existing_id"), code=code, status=status)
