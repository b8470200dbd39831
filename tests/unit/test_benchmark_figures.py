"""The arithmetic and the table behind the published figures."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.figures import Figure, figures_of, write_table
from benchmarks.measure import Lap, Result

_AT = datetime(2026, 11, 22, tzinfo=UTC)


def _lap(contender: str, *, seconds: float, number: int = 1, scenario: str = "initial_load", mb: float = 50) -> Lap:
    return Lap(number, scenario, contender, Result(seconds=seconds, records=1000, peak_rss_mb=mb))


def _figures(*laps: Lap) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures_of(laps, machine="a test", measured_at=_AT)}


def test_a_speed_is_the_median_of_the_rounds() -> None:
    figures = _figures(*[_lap("hub", number=number, seconds=s) for number, s in enumerate((1.0, 10.0, 2.0))])

    assert figures["initial_load"].value == 500
    assert figures["initial_load"].unit == "records/s"


def test_a_ratio_compares_values_of_the_same_round() -> None:
    """The second round met a busy machine: all are ten times slower, and every ratio stays what it was."""
    figures = _figures(
        *[_lap("floor", number=number, seconds=s) for number, s in enumerate((1.0, 10.0, 1.0))],
        *[_lap("dlt", number=number, seconds=s) for number, s in enumerate((8.0, 80.0, 8.0))],
        *[_lap("hub", number=number, seconds=s) for number, s in enumerate((2.0, 20.0, 2.0))],
    )

    assert figures["initial_load"].ratio_to_floor == 0.5
    assert figures["initial_load"].ratio_to_dlt == 4
    assert figures["dlt_initial_load"].ratio_to_floor == 0.125


def test_what_has_no_counterpart_has_no_ratio() -> None:
    figures = _figures(_lap("floor", seconds=1))

    assert figures["floor_initial_load"].ratio_to_floor == 1
    assert figures["floor_initial_load"].ratio_to_dlt is None


def test_peak_memory_is_that_of_the_load_of_a_million_and_the_ordinary_load_is_told_beside_it() -> None:
    figures = _figures(_lap("hub", seconds=1, mb=90), _lap("hub", scenario="initial_load_1m", seconds=9, mb=95))

    assert (figures["peak_rss_mb"].value, figures["peak_rss_mb"].unit) == (95, "MB")
    assert figures["peak_rss_mb_initial_load"].value == 90


def test_the_mapping_ratio_says_how_many_times_longer_the_hub_takes() -> None:
    laps = [_lap("floor", scenario="mapping", seconds=1), _lap("hub", scenario="mapping", seconds=1.6)]

    ratio = _figures(*laps)["mapping_ratio"]

    assert ratio.value == pytest.approx(1.6)
    assert ratio.unit == "times"


def test_the_table_replaces_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- figures begin -->\nold\n<!-- figures end -->\nafter\n")

    write_table(readme, list(_figures(_lap("floor", seconds=1)).values()))

    text = readme.read_text()
    assert text.startswith("before\n<!-- figures begin -->\nMeasured 2026-11-22")
    assert "| `floor_initial_load` | 1,000 | records/s | 1.00× | – |\n" in text
    assert text.endswith("<!-- figures end -->\nafter\n")
    assert "old" not in text


def test_a_readme_that_lost_its_marks_is_refused(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("no marks\n")

    with pytest.raises(ValueError, match="put the two marks back"):
        write_table(readme, list(_figures(_lap("floor", seconds=1)).values()))
