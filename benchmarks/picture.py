"""The figures as one picture: how many records a second each contender handles, scenario by scenario."""

from pathlib import Path

from benchmarks.contenders import LOADERS, SCENARIOS
from benchmarks.figures import HUB, Figure


def draw(path: Path, figures: list[Figure]) -> None:
    """Grouped bars, one group a scenario that loads, one colour a contender."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    speeds = {figure.name: figure.value for figure in figures if figure.unit == "records/s"}
    scenarios = [scenario.name for scenario in SCENARIOS if scenario.contenders is LOADERS]
    fig, axes = pyplot.subplots(figsize=(9, 4.5), layout="constrained")
    width = 0.8 / len(LOADERS)
    for place, contender in enumerate(LOADERS):
        names = [name if contender == HUB else f"{contender}_{name}" for name in scenarios]
        left = [group + place * width for group in range(len(scenarios))]
        bars = axes.bar(left, [speeds[name] for name in names], width, label=contender)
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7, padding=2)
    axes.set_xticks([group + 0.4 - width / 2 for group in range(len(scenarios))])
    axes.set_xticklabels([name.replace("_", " ") for name in scenarios])
    axes.set_ylabel("records/s (median)")
    axes.set_title("Records of 20 fields from a paged HTTP source into PostgreSQL", fontsize=11)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    fig.savefig(path, dpi=150)
    pyplot.close(fig)
