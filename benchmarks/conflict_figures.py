"""Costs of conflict checks and of name searches: as JSON, as a table in the README and as a chart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

_HERE = Path(__file__).parent
_TABLE = re.compile(r"(<!-- conflicts begin -->\n).*?(<!-- conflicts end -->)", re.DOTALL)


class Cost(Struct, frozen=True):
    """Milliseconds of one question at the median and the 99th percentile; `right`: the share answered right first."""

    name: str
    asked: int
    p50_ms: float
    p99_ms: float
    right: float | None = None

    @classmethod
    def of(cls, name: str, seconds: Sequence[float], *, right: int | None = None) -> Cost:
        ordered = sorted(1000 * s for s in seconds)
        count = len(ordered)
        return cls(
            name=name,
            asked=count,
            p50_ms=round(ordered[count // 2], 2),
            p99_ms=round(ordered[min(count - 1, count * 99 // 100)], 2),
            right=None if right is None else round(right / count, 3),
        )


class Measured(Struct, frozen=True):
    """One size of the hub, and what was asked there."""

    organizations: int
    registrations: int
    indexed_a_second: int
    costs: list[Cost]


class _Kept(Struct, frozen=True):
    machine: str
    measured_at: datetime
    sizes: list[Measured]


def publish(sizes: list[Measured], *, machine: str, keep: bool) -> None:
    """Print the table; with `keep`, also write conflicts.json, conflicts.png and the table in the README."""
    kept = _Kept(machine, datetime.now(UTC), sizes)
    table = _table(kept)
    print(table)
    if not keep:
        return
    (_HERE / "conflicts.json").write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    readme = _HERE / "README.md"
    shown = f"{table}\n\n![Milliseconds over the number of stored organisations](conflicts.png)"
    text, found = _TABLE.subn(lambda marks: f"{marks[1]}{shown}\n{marks[2]}", readme.read_text())
    if not found:
        raise ValueError(f"{readme} has no place for the conflict figures: put the two marks back")
    readme.write_text(text)
    _draw(_HERE / "conflicts.png", sizes)


def _table(kept: _Kept) -> str:
    names = list(dict.fromkeys(cost.name for size in kept.sizes for cost in size.costs))
    head = "| p50 / p99 ms, right first | " + " | ".join(f"{size.organizations:,}" for size in kept.sizes) + " |"
    rows = [head, "|---|" + "--:|" * len(kept.sizes)]
    for name in names:
        cells = [_cell(next((c for c in size.costs if c.name == name), None)) for size in kept.sizes]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    rows.append("| names indexed a second | " + " | ".join(f"{size.indexed_a_second:,}" for size in kept.sizes) + " |")
    return "\n".join([f"Measured {kept.measured_at:%Y-%m-%d %H:%M} UTC on {kept.machine}.", "", *rows])


def _cell(cost: Cost | None) -> str:
    if cost is None:
        return "–"
    right = "" if cost.right is None else f", {cost.right:.3f}"
    return f"{cost.p50_ms:g} / {cost.p99_ms:g}{right}"


def _draw(path: Path, sizes: list[Measured]) -> None:
    """Cost over the number of stored organisations, both logarithmic; p50 as lines, p99 dotted."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    fig, axes = pyplot.subplots(figsize=(9, 4.5), layout="constrained")
    for number, name in enumerate(dict.fromkeys(cost.name for size in sizes for cost in size.costs)):
        points = [(size.organizations, cost) for size in sizes for cost in size.costs if cost.name == name]
        counts = [count for count, _ in points]
        axes.plot(counts, [c.p50_ms for _, c in points], f"C{number}o-", label=name)
        axes.plot(counts, [c.p99_ms for _, c in points], f"C{number}.:")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("stored organisations")
    axes.set_ylabel("ms (line: p50, dotted: p99)")
    axes.set_title("A registration's whole check, and finding a misspelt name", fontsize=11)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    fig.savefig(path, dpi=150)
    pyplot.close(fig)
