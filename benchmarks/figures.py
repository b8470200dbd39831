"""From laps to figures: medians, ratios within a round, and the file and the table that are kept."""

import os
import platform
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from statistics import median

import msgspec
import psutil
import psycopg
from msgspec import Struct

from benchmarks.measure import Lap

FLOOR, PEER, HUB = "floor", "dlt", "hub"
_MEMORY = {"initial_load": "peak_rss_mb_initial_load", "initial_load_1m": "peak_rss_mb"}
_TABLE = re.compile(r"(<!-- figures begin -->\n).*?(<!-- figures end -->)", re.DOTALL)


class Figure(Struct, frozen=True):
    """One figure of the hub, or of another contender, whose name then stands before the figure's.

    `ratio_to_floor` and `ratio_to_dlt` are the value divided by that of the floor and of dlt's default merge in the
    same round, as the median over the rounds; None where there is nothing to compare with.
    """

    name: str
    value: float
    unit: str
    ratio_to_floor: float | None
    ratio_to_dlt: float | None
    machine: str
    measured_at: datetime


# The values of one figure of one contender, by round.
Series = dict[int, float]


def figures_of(laps: Iterable[Lap], *, machine: str, measured_at: datetime) -> list[Figure]:
    """Speeds in records/s, and peak memory of the initial loads in MB; the hub's mapping also as its ratio."""
    values: dict[tuple[str, str, str], Series] = {}
    for lap in laps:
        speed = lap.result.records / lap.result.seconds
        values.setdefault((lap.scenario, "records/s", lap.contender), {})[lap.round] = speed
        if lap.scenario in _MEMORY:
            values.setdefault((_MEMORY[lap.scenario], "MB", lap.contender), {})[lap.round] = lap.result.peak_rss_mb
    figures = [
        Figure(
            name=name if contender == HUB else f"{contender}_{name}",
            value=round(median(series.values()), 1),
            unit=unit,
            ratio_to_floor=_ratio(series, values.get((name, unit, FLOOR))),
            ratio_to_dlt=_ratio(series, values.get((name, unit, PEER))),
            machine=machine,
            measured_at=measured_at,
        )
        for (name, unit, contender), series in sorted(values.items(), key=lambda item: (item[0][2] != HUB, item[0]))
    ]
    return figures + [_mapping_ratio(figure) for figure in figures if figure.name == "mapping"]


def _ratio(series: Series, others: Series | None) -> float | None:
    if others is None:
        return None
    return round(median(value / others[number] for number, value in series.items()), 3)


def _mapping_ratio(speed: Figure) -> Figure:
    """How many times longer than the hand-written function the hub takes for a record."""
    if speed.ratio_to_floor is None:
        raise ValueError("the mapping by hand was not measured, so there is no ratio to it")
    times = round(1 / speed.ratio_to_floor, 3)
    return msgspec.structs.replace(
        speed, name="mapping_ratio", value=times, unit="times", ratio_to_floor=times, ratio_to_dlt=None
    )


def this_machine(server_url: str) -> str:
    """What a reader needs to judge the figures, and how busy the machine was."""
    with psycopg.connect(server_url) as connection:
        version = connection.info.parameter_status("server_version")
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, PostgreSQL {version}, load average {os.getloadavg()[1]:.1f}"
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def write_figures(path: Path, figures: list[Figure]) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")


def write_table(readme: Path, figures: list[Figure]) -> None:
    """Put the figures between the marks of the README; a README without the marks is an error."""
    text, found = _TABLE.subn(lambda marks: f"{marks[1]}{_table(figures)}\n{marks[2]}", readme.read_text())
    if not found:
        raise ValueError(f"{readme} has no place for the figures: put the two marks back")
    readme.write_text(text)


def _table(figures: list[Figure]) -> str:
    rows = [
        f"| `{figure.name}` | {figure.value:,g} | {figure.unit} | {_shown(figure.ratio_to_floor)} "
        f"| {_shown(figure.ratio_to_dlt)} |"
        for figure in figures
    ]
    head = ["| figure | median | unit | of the floor | of dlt's merge |", "|---|--:|---|--:|--:|"]
    machine = f"Measured {figures[0].measured_at:%Y-%m-%d %H:%M} UTC on {figures[0].machine}."
    return "\n".join([machine, "", *head, *rows])


def _shown(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}×"
