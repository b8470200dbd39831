"""What each of HubSpot's error answers means for the hub: decided by status and code, never by wording.

https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec

from hub.sdk.errors import (
    AuthFailed,
    Conflict,
    LockContention,
    RateLimited,
    RecordGone,
    RecordRejected,
    RemoteError,
    Unavailable,
)
from hub.sdk.http import decode_json

MIGRATING = 477
BAD_TOKEN = 530

# Seconds to wait after each policy's 429, as HubSpot's own SDK waits.
_WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}

# The id is nowhere but in the text of a 409.
_EXISTING_ID = re.compile(r"Existing ID: (?P<before>\d+)|(?P<after>\d+) already has that value")


def body_of(response: httpx.Response) -> dict[str, Any]:
    """The error body; empty when the edge answered with HTML, or with nothing."""
    try:
        body = decode_json(response.content)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def error_of(response: httpx.Response, *, now: datetime, zone: ZoneInfo) -> RemoteError:
    """The error that an answer means which is no success. `zone` is the account's: daily limits end at its midnight."""
    status, body = response.status_code, body_of(response)
    code = _code(body)
    if status == 429:
        return _rate_limited(response, body, now=now, zone=zone)
    if status == 401 or status == BAD_TOKEN:
        message = "HubSpot refused the access token. Check it, or authorise the connection again."
        return AuthFailed(message, code=code, status=status)
    if status == 403:
        return _forbidden(body, code)
    if status == MIGRATING:
        message = "HubSpot is moving this account to another data centre; the connection waits as told."
        return Unavailable(message, retry_after=retry_after(response), code=code, status=status)
    if status == 404 and body.get("category") not in (None, "OBJECT_NOT_FOUND"):
        message = "HubSpot does not serve this address: the connector's API version, or the base URL, has to change."
        return AuthFailed(message, code=code, status=status)
    if status >= 500 or not body:
        message = f"HubSpot answered {status}{' without saying why' if not body else ''}; it is tried again later."
        return Unavailable(message, retry_after=retry_after(response), code=code, status=status)
    return row_error(body, status=status)


def row_error(body: Mapping[str, Any], *, status: int | None = None) -> RemoteError:
    """The error of one record: of a whole answer, or of one row of a 207."""
    code, category = _code(body), str(body.get("category") or "")
    message = str(body.get("message") or "HubSpot refused the record without a reason.")
    status = status or _STATUS_OF.get(category)
    if category == "OBJECT_NOT_FOUND" or status in (404, 410):
        return RecordGone(f"HubSpot has no such record: {message}", code=code, status=status)
    if status == 423:
        return LockContention("HubSpot holds the record locked for a moment.", code=code, status=status)
    if category in ("RATE_LIMITS", "RATE_LIMIT"):
        return RateLimited(message, retry_after=1.0, code=code, status=status)
    if status == 412:
        return Conflict(message, code=code, status=status)
    found = _EXISTING_ID.search(message) if status == 409 else None
    existing = (found["before"] or found["after"]) if found else None
    return RecordRejected(message, fields=_fields(body), existing_id=existing, code=code, status=status)


_STATUS_OF = {"OBJECT_NOT_FOUND": 404, "CONFLICT": 409, "LOCKED": 423, "VALIDATION_ERROR": 400}


def retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.replace(".", "", 1).isdigit() else None


def _rate_limited(response: httpx.Response, body: Mapping[str, Any], *, now: datetime, zone: ZoneInfo) -> RateLimited:
    policy = str(body.get("policyName") or "")
    wait = retry_after(response)
    if policy == "DAILY":
        wait = wait if wait is not None else _until_midnight(now.astimezone(zone))
        message = "HubSpot's daily request limit is used up; work goes on after midnight in the account's time zone."
        return RateLimited(message, retry_after=wait, scope="daily", code=policy, status=429)
    wait = wait if wait is not None else _WAITS.get(policy, 1.0)
    message = "HubSpot's limit of requests a second is reached."
    return RateLimited(message, retry_after=wait, scope="burst", code=policy or None, status=429)


def _until_midnight(local: datetime) -> float:
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - local.timestamp()


def _forbidden(body: Mapping[str, Any], code: str | None) -> AuthFailed:
    context = body.get("context")
    scopes = sorted(
        {
            str(scope)
            for name, values in (context.items() if isinstance(context, dict) else ())
            if "scope" in name.lower() and isinstance(values, list)
            for scope in values
        }
    )
    asked = f"the scope {', '.join(scopes)}" if scopes else "a right that its owner lacks"
    message = f"HubSpot refuses: the app or key needs {asked}. Grant it, then check the connection again."
    return AuthFailed(message, code=code, status=403, details={"scopes": scopes})


def _details(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = body.get("errors")
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def _code(body: Mapping[str, Any]) -> str | None:
    """The most telling code: of the first detail, else the category."""
    codes = [each.get("code") for each in _details(body)] + [body.get("category"), body.get("errorType")]
    return next((str(code) for code in codes if code), None)


def _fields(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(each["in"]) for each in _details(body) if each.get("in"))
