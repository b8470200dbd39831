"""When a quota will be used up, from what is used by now and how fast it was used lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

# How far back "lately" goes, and how long it must have been watched before anything is foretold.
_LATELY = timedelta(hours=1)
_LEAST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Sample:
    """At that moment so many calls were used."""

    at: datetime
    used: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """`ends_at`: when the quota is used up if it goes on like this; None when it is not being used up at all, or was
    not watched long enough. `resets_at`: when the vendor begins to count anew."""

    used: int
    amount: int
    per_hour: float
    ends_at: datetime | None
    resets_at: datetime

    @property
    def is_short(self) -> bool:
        """Whether it ends before the vendor begins to count anew."""
        return self.ends_at is not None and self.ends_at < self.resets_at


def next_reset(now: datetime, *, rolling: bool, seconds: float) -> datetime:
    """Midnight UTC, or for a rolling window the moment by which all that is used now no longer counts."""
    if rolling:
        return now + timedelta(seconds=seconds)
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)


def foretell(*, used: int, amount: int, samples: Sequence[Sample], now: datetime, resets_at: datetime) -> Forecast:
    """The forecast; `samples` are in the order of time, and may hold a reset, before which nothing tells anything."""
    per_hour = _per_hour([*samples, Sample(now, used)])
    left = amount - used
    if left <= 0:
        ends_at: datetime | None = now
    else:
        ends_at = now + timedelta(hours=left / per_hour) if per_hour > left / _FAR_HOURS else None
    return Forecast(used, amount, per_hour, ends_at, resets_at)


# What lies further ahead is no forecast any more.
_FAR_HOURS = 24 * 365


def _per_hour(samples: Sequence[Sample]) -> float:
    last = samples[-1]
    watched = [last]
    for sample in reversed(samples[:-1]):
        if sample.used > watched[-1].used or last.at - watched[-1].at >= _LATELY:
            break
        watched.append(sample)
    span = last.at - watched[-1].at
    return (last.used - watched[-1].used) / (span / timedelta(hours=1)) if span >= _LEAST else 0.0
