"""Salesforce ids: 15 case-sensitive characters, or 18 with a checksum that makes them safe to compare without case."""

from __future__ import annotations

import re

_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id, short or long."""
    return _ID.fullmatch(text) is not None


def canonical_id(text: str) -> str:
    """The 18-character form of an id; any other text is returned as it is."""
    if len(text) != 15 or not is_id(text):
        return text
    return text + "".join(_checksum(text[start : start + 5]) for start in (0, 5, 10))


def _checksum(five: str) -> str:
    return _CHECKSUM[sum(1 << place for place, letter in enumerate(five) if letter.isupper())]
