"""When a quota ends: foretold from what is used and how fast it was used lately."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.forecast import Forecast, Sample, foretell, next_reset

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


def at(minutes_ago: float, used: int) -> Sample:
    return Sample(NOON - timedelta(minutes=minutes_ago), used)


def told(*samples: Sample, used: int, amount: int = 100_000) -> Forecast:
    return foretell(used=used, amount=amount, samples=samples, now=NOON, resets_at=MIDNIGHT)


def test_the_quota_ends_when_the_rest_is_used_at_the_pace_of_the_last_hour() -> None:
    forecast = told(at(60, 60_000), at(30, 65_000), used=70_000)
    assert forecast.per_hour == 10_000
    assert forecast.ends_at == NOON + timedelta(hours=3)
    assert forecast.is_short


def test_what_lasts_until_the_vendor_counts_anew_is_not_short() -> None:
    forecast = told(at(60, 10_000), used=15_000)
    assert forecast.ends_at == NOON + timedelta(hours=17)
    assert not forecast.is_short


def test_only_the_last_hour_tells_the_pace() -> None:
    forecast = told(at(300, 0), at(60, 50_000), used=50_600)
    assert forecast.per_hour == 600


def test_a_reset_begins_the_watch_anew() -> None:
    forecast = told(at(50, 90_000), at(40, 95_000), at(30, 100), used=600)
    assert forecast.per_hour == 1000


@pytest.mark.parametrize("samples", [(), (at(2, 0),), (at(30, 500),)])
def test_without_a_pace_nothing_is_foretold(samples: tuple[Sample, ...]) -> None:
    forecast = told(*samples, used=500)
    assert forecast.ends_at is None
    assert not forecast.is_short


def test_a_quota_that_is_used_up_ends_now() -> None:
    forecast = told(used=100_000)
    assert forecast.ends_at == NOON
    assert forecast.is_short


def test_a_pace_so_slow_that_it_ends_in_years_foretells_nothing() -> None:
    assert told(at(60, 99), used=100, amount=10**9).ends_at is None


def test_a_day_resets_at_midnight_and_a_rolling_window_after_its_length() -> None:
    assert next_reset(NOON, rolling=False, seconds=86_400) == MIDNIGHT
    assert next_reset(NOON, rolling=True, seconds=86_400) == NOON + timedelta(days=1)
