"""Who runs: each contender brings a store to the state of the source, alone in a process of its own.

`python -m benchmarks.contenders SCENARIO CONTENDER SOURCE_URL DATABASE_URL COUNT` prints the Result as its last line.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks import floor, hub, mapping, peers
from benchmarks.measure import Result
from benchmarks.records import Revision

ROOT = Path(__file__).parent.parent

# (URL of a revision of the source, URL of the contender's own database, number of records) -> what it took.
Run = Callable[[str, str, int], Result]


@dataclass(frozen=True)
class Contender:
    """`totals` is SQL for (number of records, sum of the annual revenue to the cent), by which the work is checked.

    A contender without it writes nothing.
    """

    run: Run
    totals: str | None = None
    at_a_million: bool = False


@dataclass(frozen=True)
class Scenario:
    """What all its contenders are asked to do; the scenarios of a round share one database for each contender."""

    name: str
    revision: Revision
    contenders: dict[str, Contender]


_DLT_TOTALS = "SELECT count(*), sum(annual_revenue::numeric(18, 2)) FROM peer.account"

LOADERS = {
    "hub": Contender(hub.load, hub.TOTALS, at_a_million=True),
    "floor": Contender(floor.load, "SELECT count(*), sum(annual_revenue) FROM account", at_a_million=True),
    "dlt": Contender(peers.load_dicts, _DLT_TOTALS),
    "dlt_arrow": Contender(peers.load_arrow, _DLT_TOTALS),
    "dlt_arrow_adbc": Contender(peers.load_arrow_adbc, _DLT_TOTALS),
}
MAPPERS = {"hub": Contender(hub.map_all), "floor": Contender(mapping.map_all)}

SCENARIOS = (
    Scenario("initial_load", "initial", LOADERS),
    Scenario("unchanged_reread", "initial", LOADERS),
    Scenario("one_percent", "one_percent", LOADERS),
    Scenario("mapping", "initial", MAPPERS),
)
INITIAL_LOAD = SCENARIOS[0]


def run_alone(
    *, scenario: Scenario, contender: str, source_url: str, database_url: str, count: int, folder: Path
) -> Result:
    """One run in a fresh process whose working directory is `folder`; a run that fails raises with its last words."""
    command = [sys.executable, "-m", "benchmarks.contenders", scenario.name, contender]
    arguments = [f"{source_url}/{scenario.revision}", database_url, str(count)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{contender} failed in {scenario.name}:\n{done.stderr[-4000:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Result)


def _main() -> None:
    scenario_name, name, source_url, database_url, count = sys.argv[1:]
    scenario = next(scenario for scenario in SCENARIOS if scenario.name == scenario_name)
    result = scenario.contenders[name].run(source_url, database_url, int(count))
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    _main()
