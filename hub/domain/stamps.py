"""Two counts of one object's records by modification stamp, the hub's and the system's: where do they differ?"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hub.sdk.records import Slice

_MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class KnownStamps:
    """The stamps with which the hub last saw an object's records: 8 bytes each, so that a million cost little."""

    def __init__(self, stamps: Iterable[datetime]) -> None:
        self._sorted = array("q", sorted(map(_micros, stamps)))
        self._left: list[int] = []
        self._came: list[int] = []

    @property
    def newest(self) -> datetime | None:
        return _moment(self._sorted[-1]) if self._sorted else None

    def move(self, *, old: datetime | None, new: datetime | None) -> None:
        """A record was seen to bear another stamp than the hub thought; None where it has none on that side."""
        if old is not None:
            insort(self._left, _micros(old))
        if new is not None:
            insort(self._came, _micros(new))

    def count(self, since: datetime, until: datetime) -> int:
        """How many records bear a stamp from `since` on and before `until`."""
        first, last = _micros(since), _micros(until)
        return _within(self._sorted, first, last) + _within(self._came, first, last) - _within(self._left, first, last)

    def bounds(self, parts: int, *, since: datetime = FIRST, until: datetime = LAST) -> list[datetime]:
        """Where to cut a time into about `parts` pieces of equally many records, at full hours."""
        first = bisect_left(self._sorted, _micros(since))
        number = bisect_left(self._sorted, _micros(until)) - first
        cuts = {_hour(self._sorted[first + number * n // parts]) for n in range(1, parts) if number}
        return [since, *sorted(cut for cut in cuts if since < cut < until), until]


def filled(slices: Sequence[Slice], *, since: datetime, until: datetime) -> list[Slice]:
    """The slices, with empty ones in between, so that they cover the time from `since` to `until`."""
    whole: list[Slice] = []
    at = since
    for one in slices:
        if at < one.since:
            whole.append(Slice(at, one.since, 0))
        whole.append(one)
        at = one.until
    return [*whole, Slice(at, until, 0)] if at < until else whole


def _within(stamps: Sequence[int], first: int, last: int) -> int:
    return bisect_left(stamps, last) - bisect_left(stamps, first)


def _micros(stamp: datetime) -> int:
    return (stamp - FIRST) // _MICROSECOND


def _moment(micros: int) -> datetime:
    return FIRST + micros * _MICROSECOND


def _hour(micros: int) -> datetime:
    return _moment(micros).replace(minute=0, second=0, microsecond=0)
