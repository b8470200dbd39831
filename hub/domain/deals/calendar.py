"""Business time: when somebody is there to decide, and the deadline that counts only such time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

Hours = tuple[tuple[time, time], ...]
_DAY = timedelta(days=1)
_LONGEST_GAP = 400  # days without opening hours before a calendar counts as one that never opens


@dataclass(frozen=True)
class BusinessCalendar:
    """Opening hours by weekday (0 is Monday) in a time zone, and days on which nobody is there.

    Periods of a day do not overlap and lie in order; an end of 00:00 is the end of the day.
    """

    zone: str
    hours: Mapping[int, Hours]
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not any(self.hours.values()):
            raise ValueError("a calendar needs opening hours on at least one weekday")
        for periods in self.hours.values():
            ends = [time.min]
            for begin, end in periods:
                if begin < ends[-1] or (end <= begin and end != time.min) or (len(ends) > 1 and ends[-1] == time.min):
                    raise ValueError("opening hours of a day must lie in order and not overlap")
                ends.append(end)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def day_of(self, moment: datetime) -> date:
        """The local day."""
        return moment.astimezone(self._zone).date()

    def midnight(self, day: date) -> datetime:
        """When the local day begins."""
        return datetime.combine(day, time.min, self._zone).astimezone(UTC)

    def periods(self, day: date) -> Sequence[tuple[datetime, datetime]]:
        """The opening hours of a local day, as UTC times."""
        known = self._periods.get(day)
        if known is None:
            known = self._periods[day] = () if day in self.holidays else tuple(self._opened(day))
        return known

    @cached_property
    def _periods(self) -> dict[date, tuple[tuple[datetime, datetime], ...]]:
        """Days that were asked for: each registration asks for the next ones several times."""
        return {}

    def _opened(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        for begin, end in self.hours.get(day.weekday(), ()):
            last = day + _DAY if end == time.min else day
            yield self._utc(day, begin), self._utc(last, end)

    def _utc(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self._zone).astimezone(UTC)


def add_business(calendar: BusinessCalendar, start: datetime, span: timedelta) -> datetime:
    """The moment at which `span` of opening hours has passed since `start`; of several, the first."""
    left, day, closed = span, calendar.day_of(start), 0
    if span <= timedelta(0):
        return start
    while closed < _LONGEST_GAP:
        closed += 1
        for begin, end in calendar.periods(day):
            open_for = end - max(begin, start)
            if open_for <= timedelta(0):
                continue
            if left <= open_for:
                return max(begin, start) + left
            left, closed = left - open_for, 0
        day += _DAY
    raise ValueError(f"the calendar has no opening hours for {_LONGEST_GAP} days after {day - _LONGEST_GAP * _DAY}")


def business_between(calendar: BusinessCalendar, start: datetime, end: datetime) -> timedelta:
    """How much of the time from `start` to `end` lies in opening hours; nothing when `end` is not later."""
    total, day, last = timedelta(0), calendar.day_of(start), calendar.day_of(end)
    while day <= last:
        for begin, close in calendar.periods(day):
            total += max(min(close, end) - max(begin, start), timedelta(0))
        day += _DAY
    return total


@dataclass(frozen=True, slots=True)
class Clock:
    """The deadline of a review. It runs while `running_since` is set; `spent` is what had passed before that."""

    allowed: timedelta
    spent: timedelta = timedelta(0)
    running_since: datetime | None = None
    stopped: bool = False

    def start(self, now: datetime) -> Clock:
        """Begin anew, with nothing spent."""
        return replace(self, spent=timedelta(0), running_since=now, stopped=False)

    def pause(self, calendar: BusinessCalendar, now: datetime) -> Clock:
        """Stand still, as while the partner is asked; a clock that stands stays as it is."""
        return replace(self, spent=self.passed(calendar, now), running_since=None)

    def resume(self, now: datetime) -> Clock:
        """Go on with what was left; a clock that runs or was stopped stays as it is."""
        return self if self.running_since is not None or self.stopped else replace(self, running_since=now)

    def stop(self, calendar: BusinessCalendar, now: datetime) -> Clock:
        """It was decided."""
        return replace(self.pause(calendar, now), stopped=True)

    def passed(self, calendar: BusinessCalendar, now: datetime) -> timedelta:
        """Business time since the start, pauses left out."""
        if self.running_since is None:
            return self.spent
        return self.spent + business_between(calendar, self.running_since, now)

    def due(self, calendar: BusinessCalendar) -> datetime | None:
        """When it has to be decided; None while the clock stands."""
        if self.running_since is None:
            return None
        return add_business(calendar, self.running_since, max(self.allowed - self.spent, timedelta(0)))
