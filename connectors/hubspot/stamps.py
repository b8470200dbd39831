"""HubSpot's times: ISO with or without a fraction, or epoch milliseconds, and epoch milliseconds in filters."""

from __future__ import annotations

from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_stamp(text: object) -> datetime | None:
    """The moment, aware; None when `text` is not one."""
    if not isinstance(text, str):
        return None
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def to_millis(moment: datetime) -> int:
    """Epoch milliseconds, cut."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def from_millis(millis: int) -> datetime:
    """The exact moment."""
    return datetime.fromtimestamp(millis // 1000, UTC).replace(microsecond=millis % 1000 * 1000)
