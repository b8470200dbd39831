"""What Salesforce's error codes mean for the hub; one table for rows, collections, composite calls and bulk jobs.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec

from connectors.salesforce.ids import canonical_id, is_id
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
from hub.sdk.http import decode_json

# Answers of the edge in front of the org: the org never saw the request.
_EDGE = frozenset({406, 420, 502, 503})
_ACCESS = frozenset(
    {
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "API_DISABLED_FOR_ORG",
        "API_CURRENTLY_DISABLED",
    }
)
_TRANSIENT = frozenset(
    {
        "UNKNOWN_EXCEPTION",
        "SERVER_UNAVAILABLE",
        "TXN_SECURITY_METERING_ERROR",
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "PROCESSING_HALTED",
    }
)
_DUPLICATE_KEYS = ("duplicateResut", "duplicateResult")
_LAST_WORD = re.compile(r"(\w+)\W*$")
_COLUMN = re.compile(r"No such column '([^']+)'")


def from_response(response: httpx.Response, *, writing: bool) -> RemoteError:
    """The error of a whole call that was refused; `writing` when it may have changed something."""
    status = response.status_code
    if status == 300:
        return several_matches(_decoded(response))
    error = _first_error(response)
    if error is None:
        return _without_body(response, writing=writing)
    made = from_error(error, status=status, row=False)
    retry_after = _retry_after(response)
    if isinstance(made, RateLimited | Unavailable) and retry_after is not None:
        made.retry_after = retry_after
    return made


def from_error(error: Mapping[str, Any], *, status: int | None, row: bool) -> RemoteError:
    """One error object. `row`: it is about one record, not about the call.

    Rows carry the code as `errorCode`, collections as `statusCode`.
    """
    code = str(error.get("errorCode") or error.get("statusCode") or "")
    message = f"Salesforce: {error.get('message') or code or 'refused without a reason'}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        # The code is one for all limits; only the text tells which.
        scope = "daily" if "TotalRequests" in message else "concurrency"
        return RateLimited(message, scope=scope, code=code, status=status)
    if status == 429:
        return RateLimited(message, code=code, status=status)
    if code == "UNABLE_TO_LOCK_ROW":
        return LockContention(message, code=code, status=status)
    if code in _TRANSIENT or (status is not None and status >= 500):
        return Unavailable(message, code=code, status=status)
    if code == "INVALID_SESSION_ID" or status == 401:
        return AuthFailed("Salesforce does not accept the session.", code=code, status=status)
    if code in ("ENTITY_IS_DELETED", "NOT_FOUND") and (row or code == "ENTITY_IS_DELETED"):
        return RecordGone(message, code=code, status=status)
    if status == 412:
        return Conflict("The Salesforce record was changed after it was read.", code=code, status=status)
    if code == "CANNOT_UPDATE_CONVERTED_LEAD":
        return Conflict("The lead was converted: what it became is read.", code=code, status=status)
    if not row and (code in _ACCESS or status in (403, 410)):
        return AuthFailed(message, code=code, status=status)
    return RecordRejected(
        message,
        fields=_fields(error, message),
        existing_id=existing_id(error, code),
        code=code,
        status=status,
    )


def from_bulk(text: str) -> RemoteError:
    """The error of one bulk row: `CODE:message:fields--`."""
    code, _, rest = text.partition(":")
    message, _, fields = rest.rpartition(":")
    named = [name for name in fields.removesuffix("--").split(",") if name.strip()]
    return from_error({"statusCode": code, "message": message or rest, "fields": named}, status=None, row=True)


def several_matches(urls: Any) -> RecordRejected:
    """HTTP 300: an external id that is not unique; nothing was written. `urls` is the body."""
    ids = tuple(canonical_id(str(url).rsplit("/", 1)[-1]) for url in urls) if isinstance(urls, list) else ()
    return RecordRejected(
        f"Several Salesforce records have this external id ({', '.join(ids)}); a person must choose one.",
        code="SEVERAL_MATCHES",
        status=300,
        details={"ids": ids},
    )


def first_error(errors: Sequence[Mapping[str, Any]] | None) -> Mapping[str, Any]:
    """The first of a result's errors; an empty one when the vendor gave none."""
    return errors[0] if errors else {}


def existing_id(error: Mapping[str, Any], code: str) -> str | None:
    """The id of the record that is in the way, when the error names exactly one."""
    if code == "DUPLICATE_VALUE":
        found = _LAST_WORD.search(str(error.get("message", "")))
        return canonical_id(found[1]) if found and is_id(found[1]) else None
    ids = duplicate_ids(error)
    return ids[0] if len(ids) == 1 else None


def duplicate_ids(error: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the records a duplicate rule found; the body's key is misspelt on the wire in most versions."""
    body: Mapping[str, Any] = next((error[key] for key in _DUPLICATE_KEYS if isinstance(error.get(key), Mapping)), {})
    ids = [
        canonical_id(str(match["record"]["Id"]))
        for result in body.get("matchResults") or ()
        for match in result.get("matchRecords") or ()
        if match.get("record", {}).get("Id")
    ]
    return tuple(dict.fromkeys(ids))


def _decoded(response: httpx.Response) -> Any:
    """The body as JSON; None when it is none: the edge answers with HTML, or nothing."""
    try:
        return decode_json(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _first_error(response: httpx.Response) -> Mapping[str, Any] | None:
    body = _decoded(response)
    if isinstance(body, list) and body and isinstance(body[0], Mapping):
        return body[0]
    if isinstance(body, Mapping) and body:
        return {"errorCode": body.get("error") or body.get("errorCode"), "message": body.get("error_description")}
    return None


def _without_body(response: httpx.Response, *, writing: bool) -> RemoteError:
    status = response.status_code
    if status == 412:
        return Conflict("The Salesforce record was changed after it was read.", status=status)
    if status == 429:
        return RateLimited("Salesforce asks for a pause.", retry_after=_retry_after(response), status=status)
    if status == 401:
        return AuthFailed("Salesforce does not accept the session.", status=status)
    if status in (414, 431):
        return RecordRejected("The request is longer than Salesforce accepts.", status=status)
    if status >= 500 and status not in _EDGE and writing:
        return OutcomeUnknown(f"Salesforce broke off a write with HTTP {status}.", status=status)
    return Unavailable(
        f"Salesforce's edge answered HTTP {status} without a readable error.",
        retry_after=_retry_after(response),
        status=status,
    )


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _fields(error: Mapping[str, Any], message: str) -> tuple[str, ...]:
    named = error.get("fields")
    if named:
        return tuple(str(name) for name in named)
    column = _COLUMN.search(message)
    return (column[1],) if column else ()
