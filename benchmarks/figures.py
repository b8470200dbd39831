"""From laps to figures: medians, ratios within a round, and the file and the table that are kept."""

import os
import platform
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from statistics import median

import msgspec
import psycopg
from msgspec import Struct

from benchmarks.race import Lap

FLOOR, PEER, HUB = "floor", "dlt", "hub"
_MARKS = ("<!-- figures begin -->", "<!-- figures end -->")


class Figure(Struct, frozen=True):
    """One figure of the hub, or of another contender, whose name then stands before the figure's.

    The ratios are value divided by the value of the floor (or of dlt's default merge) in the same round, as the median over
    the rounds; None where there is nothing to compare with. For records/s more is better, for MB and times less.
    """

    name: str
    value: float
    unit: str
    ratio_to_floor: float | None
    ratio_to_dlt: float | None
    machine: str
    measured_at: datetime


def figures_of(laps: Iterable[Lap], *, machine: str, measured_at: datetime) -> list[Figure]:
    """Speed in records/s of every scenario and contender, and peak memory of its initial load by number of records."""
    speeds: dict[tuple[str, str], dict[int, float]] = {}
    memory: dict[tuple[int, str], dict[int, float]] = {}
    laps = list(laps)
    common_count = min(lap.count for lap in laps)
    for lap in laps:
        if lap.count == common_count:
            speeds.setdefault((lap.scenario, lap.contender), {})[lap.round] = lap.result.records / lap.result.seconds
        if lap.scenario == "initial_load":
            memory.setdefault((lap.count, lap.contender), {})[lap.round] = lap.result.peak_rss_mb
