"""Times as Salesforce writes them: whole seconds, `2026-01-01T00:00:00.000+0000`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

STAMP_RESOLUTION = timedelta(seconds=1)


@lru_cache(maxsize=4096)
def parse_stamp(text: str) -> datetime:
    """Aware UTC; ValueError when it is not a time with a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at.astimezone(UTC)


@lru_cache(maxsize=4096)
def format_stamp(at: datetime) -> str:
    """The wire form, in UTC, cut to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def soql_time(at: datetime) -> str:
    """A SOQL literal; written with Z so that no `+` needs care in an address."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(at: datetime) -> str:
    """The form of If-Unmodified-Since and of the Date header."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def parse_http_date(text: str) -> datetime:
    """Aware UTC; ValueError when it is not an HTTP date."""
    at = parsedate_to_datetime(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
