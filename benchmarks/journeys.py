"""The hub between two CRMs, end to end: its figures, each measured by a program of its own in a fresh process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from statistics import median, quantiles
from typing import TypeVar

import msgspec

from benchmarks.calls import Calls
from benchmarks.contenders import ROOT
from benchmarks.figures import Figure
from benchmarks.race import Announce, fresh_database

WEBHOOK, API_CALLS = "webhook", "api_calls"

T = TypeVar("T")

# Name, value, unit, times the least possible.
Value = tuple[str, float, str, float | None]


def race_end_to_end(*, server_url: str, edits: int, rounds: int, announce: Announce) -> list[Value]:
    """API calls once, for they are always the same; the times of webhooks as often as there are rounds."""
    announce(1, API_CALLS, "hub")
    calls = _measured("benchmarks.calls", server_url, as_type=list[Calls])
    times = []
    for number in range(1, rounds + 1):
        announce(number, WEBHOOK, "hub")
        times.append(_measured("benchmarks.webhook", server_url, str(edits), as_type=list[float]))
    return values_of_webhooks(times) + values_of_calls(calls)


def values_of_calls(directions: Sequence[Calls]) -> list[Value]:
    """Requests taken, as times the least that guards every write (and, apart, the least that guards none)."""
    taken = sum(one.taken for one in directions)
    guarded, unguarded = (sum(least) for least in zip(*((d.guarded, d.unguarded) for d in directions), strict=True))
    values = [_times("api_calls_ratio", taken, guarded), _times("api_calls_ratio_unguarded", taken, unguarded)]
    for one in directions:
        values.append(_times(f"api_calls_ratio_{one.direction}", one.taken, one.guarded))
        values.append((f"api_calls_{one.direction}", one.taken, "requests", None))
    quiet: Value = ("api_calls_quiet_turn", max(one.quiet for one in directions), "requests", None)
    return [*values, quiet]


def values_of_webhooks(rounds: Sequence[Sequence[float]]) -> list[Value]:
    """Percentiles of each round in ms, and of these the median."""
    cuts = [quantiles(times, n=100, method="inclusive") for times in rounds]
    return [(f"webhook_p{p}_ms", round(median(cut[p - 1] for cut in cuts) * 1000, 1), "ms", None) for p in (50, 95, 99)]


def figures_of_values(values: Sequence[Value], *, machine: str, measured_at: datetime) -> list[Figure]:
    return [
        Figure(name, value, unit, ratio_to_floor=ratio, ratio_to_dlt=None, machine=machine, measured_at=measured_at)
        for name, value, unit, ratio in values
    ]


def _times(name: str, taken: int, least: int) -> Value:
    ratio = round(taken / least, 3)
    return name, ratio, "times", ratio


def _measured(module: str, server_url: str, *arguments: str, as_type: type[T]) -> T:
    """What the program prints as its last line; one that fails raises with its last words."""
    with fresh_database(server_url, "bench_journey") as database_url:
        done = subprocess.run(
            [sys.executable, "-m", module, database_url, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-4000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=as_type)
