"""The arithmetic behind the figures of the hub between two CRMs."""

import pytest

from benchmarks.calls import Calls
from benchmarks.journeys import values_of_calls, values_of_webhooks


def test_calls_of_both_directions_are_told_as_times_the_least_that_guards_every_write() -> None:
    forth = Calls("forth", taken=30, guarded=20, unguarded=10, quiet=7)
    back = Calls("back", taken=15, guarded=10, unguarded=5, quiet=8)

    values = {name: value for name, value, _, _ in values_of_calls([forth, back])}

    assert values == {
        "api_calls_ratio": 1.5,
        "api_calls_ratio_unguarded": 3,
        "api_calls_ratio_forth": 1.5,
        "api_calls_forth": 30,
        "api_calls_ratio_back": 1.5,
        "api_calls_back": 15,
        "api_calls_quiet_turn": 8,
    }


def test_percentiles_are_taken_within_a_round_and_the_median_over_the_rounds() -> None:
    fast = [number / 1000 for number in range(1, 102)]
    busy = [seconds * 10 for seconds in fast]

    values = {name: value for name, value, _, _ in values_of_webhooks([fast, busy, fast])}

    assert values == pytest.approx({"webhook_p50_ms": 51, "webhook_p95_ms": 96, "webhook_p99_ms": 100})
