"""Conditional requests: dates at one-second resolution on every row, entity tags on Account rows only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.stamps import http_date, parse_http_date
from hub.sdk.sandbox import StoredRecord


class NotModified(Exception):
    """The reader's copy is still good: 304."""


def etag(record: StoredRecord) -> str:
    return f'"{record.id}-{record.version}"'


def validators(object_name: str, record: StoredRecord) -> dict[str, str]:
    """The response headers that let a client make its next request conditional."""
    headers = {"Last-Modified": http_date(record.modified_at)}
    if object_name == "Account":
        headers["ETag"] = etag(record)
    return headers


def check(object_name: str, record: StoredRecord, headers: Mapping[str, str], *, reading: bool) -> None:
    """Raise what the request's conditions demand: NotModified, or VendorError 412."""
    if reading and "if-modified-since" in headers and record.modified_at <= _date(headers["if-modified-since"]):
        raise NotModified
    if "if-unmodified-since" in headers and record.modified_at > _date(headers["if-unmodified-since"]):
        raise _failed()
    if object_name != "Account":
        return
    tags = {tag.strip() for tag in headers.get("if-match", "*").split(",")}
    if "*" not in tags and etag(record) not in tags:
        raise _failed()
    refused = {tag.strip() for tag in headers.get("if-none-match", "").split(",")}
    if etag(record) in refused:
        raise NotModified if reading else _failed()


def _date(text: str) -> datetime:
    try:
        return parse_http_date(text).replace(microsecond=0)
    except ValueError as exc:
        raise VendorError("INVALID_DATE_FORMAT", f"Invalid date in a conditional header: {text}") from exc


def _failed() -> VendorError:
    return VendorError(
        "PRECONDITION_FAILED", "The condition specified in the request header wasn't satisfied", status=412
    )
