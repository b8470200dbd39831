"""The program behind `make bench`: runs the race and keeps its figures, its picture and the table in the README."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from benchmarks.contenders import INITIAL_LOAD, SCENARIOS
from benchmarks.figures import Figure, figures_of, this_machine, write_figures, write_table
from benchmarks.journeys import figures_of_values, race_end_to_end
from benchmarks.measure import Lap
from benchmarks.picture import draw
from benchmarks.race import Announce, race, race_for_memory, running_postgres

_HERE = Path(__file__).parent
_RECORDS, _ROUNDS = 100_000, 3
_MILLION = 1_000_000
_EDITS, _QUICK_EDITS = 200, 20


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of 10,000 records and no load of a million")
    parser.add_argument("--records", type=int, default=_RECORDS, help="records of a load (%(default)s)")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="rounds of which the median is taken (%(default)s)")
    arguments = parser.parse_args()
    count, rounds = (10_000, 1) if arguments.quick else (arguments.records, arguments.rounds)
    million, edits = not arguments.quick, _QUICK_EDITS if arguments.quick else _EDITS
    console = Console()
    with running_postgres() as server_url:
        with _announcing(console, total=_steps(rounds=rounds, million=million)) as announce:
            laps = list(_races(server_url, count=count, rounds=rounds, million=million, announce=announce))
            values = race_end_to_end(server_url=server_url, edits=edits, rounds=rounds, announce=announce)
        machine, now = this_machine(server_url), datetime.now(UTC)
    figures = figures_of_values(values, machine=machine, measured_at=now)
    figures += figures_of(laps, machine=machine, measured_at=now)
    # What is kept is comparable from one time to the next; anything else goes to a temporary folder.
    comparable = (count, rounds) == (_RECORDS, _ROUNDS)
    folder = _HERE if comparable else Path(tempfile.mkdtemp(prefix="partnerhub-figures-"))
    _keep(figures, folder=folder)
    _show(figures, console)
    console.print(f"Written to {folder}")


def _steps(*, rounds: int, million: bool) -> int:
    laps = rounds * sum(len(scenario.contenders) for scenario in SCENARIOS)
    if million:
        laps += sum(contender.at_a_million for contender in INITIAL_LOAD.contenders.values())
    return laps + rounds + 1


@contextmanager
def _announcing(console: Console, *, total: int) -> Iterator[Announce]:
    """A bar that goes on by one with each announcement."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("making the records", total=total, completed=-1)

        def announce(number: int, scenario: str, contender: str) -> None:
            progress.update(bar, advance=1, description=f"round {number}: {scenario}, {contender}")

        yield announce


def _races(server_url: str, *, count: int, rounds: int, million: bool, announce: Announce) -> Iterator[Lap]:
    yield from race(server_url=server_url, count=count, rounds=rounds, announce=announce)
    if million:
        yield from race_for_memory(server_url=server_url, count=_MILLION, announce=announce)


def _keep(figures: list[Figure], *, folder: Path) -> None:
    write_figures(folder / "figures.json", figures)
    draw(folder / "figures.png", figures)
    if folder == _HERE:
        write_table(_HERE / "README.md", figures)


def _show(figures: list[Figure], console: Console) -> None:
    table = Table(Column("figure", overflow="fold"), "median", "unit", "of the floor", "of dlt's merge")
    for figure in figures:
        ratios = ("" if ratio is None else f"{ratio:.2f}" for ratio in (figure.ratio_to_floor, figure.ratio_to_dlt))
        table.add_row(figure.name, f"{figure.value:,g}", figure.unit, *ratios)
    console.print(table)


if __name__ == "__main__":
    main()
