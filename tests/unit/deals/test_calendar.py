"""Business time: laws of adding and measuring it, and of a clock that is paused."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.deals.calendar import BusinessCalendar, Clock, add_business, business_between

WORKDAY = ((time(9), time(12)), (time(13), time(17, 30)))
BERLIN = BusinessCalendar("Europe/Berlin", dict.fromkeys(range(5), WORKDAY), frozenset({date(2026, 12, 25)}))
NEVER_CLOSED = BusinessCalendar("Asia/Kolkata", {d: ((time(0), time(0)),) for d in range(7)})

_moments = st.integers(0, 700 * 24 * 60).map(lambda m: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
_spans = st.timedeltas(timedelta(0), timedelta(hours=100))
_calendars = st.builds(
    BusinessCalendar,
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
    st.dictionaries(
        st.integers(0, 6), st.sampled_from([WORKDAY, ((time(0), time(0)),), ((time(22), time(0)),)]), min_size=1
    ),
    st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=10),
)


def _berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-24T10:00+01:00", 2, "2026-11-24T12:00+01:00"),
        ("2026-11-24T11:00+01:00", 2, "2026-11-24T14:00+01:00"),  # over lunch
        ("2026-11-27T17:00+01:00", 1, "2026-11-30T09:30+01:00"),  # over a weekend
        ("2026-12-24T17:00+01:00", 1, "2026-12-28T09:30+01:00"),  # over a holiday and a weekend
        ("2026-03-27T17:30+01:00", 1, "2026-03-30T10:00+02:00"),  # over the change to summer time
        ("2026-11-24T05:00+01:00", 7.5, "2026-11-24T17:30+01:00"),  # from before opening to closing
    ],
)
def test_only_opening_hours_count(start: str, hours: float, due: str) -> None:
    assert add_business(BERLIN, _berlin(start), timedelta(hours=hours)) == _berlin(due)


@given(_calendars, _moments, _spans)
@settings(max_examples=200, deadline=None)
def test_what_was_added_is_what_is_measured(calendar: BusinessCalendar, start: datetime, span: timedelta) -> None:
    assert business_between(calendar, start, add_business(calendar, start, span)) == span


@given(_calendars, _moments, _spans, _spans)
@settings(max_examples=100, deadline=None)
def test_more_time_is_never_due_earlier_and_parts_add_up(
    calendar: BusinessCalendar, start: datetime, a: timedelta, b: timedelta
) -> None:
    first = add_business(calendar, start, a)

    assert start <= first <= add_business(calendar, start, a + b)
    assert add_business(calendar, first, b) == add_business(calendar, start, a + b)


@given(_moments, _spans)
def test_a_calendar_that_never_closes_is_plain_time(start: datetime, span: timedelta) -> None:
    assert add_business(NEVER_CLOSED, start, span) == start + span


@given(_calendars, _moments, st.lists(_spans, min_size=2, max_size=6))
@settings(max_examples=100, deadline=None)
def test_pauses_never_cost_time(calendar: BusinessCalendar, start: datetime, spans: list[timedelta]) -> None:
    """Alternately running and paused: what passed is the sum of the running parts."""
    clock, now, ran = Clock(timedelta(hours=500)).start(start), start, timedelta(0)
    for index, span in enumerate(spans):
        later = now + span
        if index % 2 == 0:
            ran += business_between(calendar, now, later)
            clock = clock.pause(calendar, later)
        else:
            clock = clock.resume(later)
        now = later

    assert clock.passed(calendar, now) == ran
    resumed = clock.resume(now)
    due = resumed.due(calendar)
    assert due is not None
    assert resumed.passed(calendar, due) == clock.allowed


def test_a_paused_clock_has_no_deadline_and_a_stopped_one_does_not_go_on() -> None:
    start = _berlin("2026-11-24T10:00+01:00")
    paused = Clock(timedelta(hours=4)).start(start).pause(BERLIN, start + timedelta(hours=1))
    stopped = paused.resume(start + timedelta(days=1)).stop(BERLIN, start + timedelta(days=1))

    assert paused.due(BERLIN) is None
    assert stopped.resume(start + timedelta(days=2)) == stopped
    assert stopped.due(BERLIN) is None


@pytest.mark.parametrize(
    "hours",
    [
        {},
        {0: ()},
        {0: ((time(12), time(9)),)},
        {0: ((time(9), time(12)), (time(11), time(13)))},
        {0: ((time(9), time(0)), (time(10), time(11)))},
    ],
)
def test_a_calendar_without_sound_opening_hours_is_refused(hours: dict[int, tuple[tuple[time, time], ...]]) -> None:
    with pytest.raises(ValueError, match="opening hours"):
        BusinessCalendar("UTC", hours)
