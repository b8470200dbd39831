"""The race: all contenders take turns in one run, each on its own database of one fully durable PostgreSQL."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.contenders import INITIAL_LOAD, ROOT, SCENARIOS, Scenario, run_alone
from benchmarks.measure import Lap, Result
from benchmarks.records import Expected, expected
from benchmarks.source import running_source
from hub.engines import start_engines, stop_engines

_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")

# The one scenario of `race_for_memory`.
INITIAL_LOAD_1M = "initial_load_1m"

# Told before each run, with the number of the round: scenario and contender.
Announce = Callable[[int, str, str], None]


@contextmanager
def running_postgres() -> Iterator[str]:
    """URL of the product's own PostgreSQL in a home of its own; refused when it does not keep what it acknowledged."""
    engines = start_engines(home=ROOT / ".partnerhub" / "bench")
    try:
        with psycopg.connect(engines.database_url) as connection:
            for name in _DURABILITY:
                row = connection.execute(f"SHOW {name}").fetchone()
                if row != ("on",):
                    raise RuntimeError(f"{name} is {row}, and figures of such a server would mislead")
        yield engines.database_url
    finally:
        stop_engines(engines)


def race(*, server_url: str, count: int, rounds: int, announce: Announce) -> Iterator[Lap]:
    """Every scenario with every contender, `rounds` times over."""
    names = list(dict.fromkeys(name for scenario in SCENARIOS for name in scenario.contenders))
    checks = {scenario.revision: expected(count=count, revision=scenario.revision) for scenario in SCENARIOS}
    with running_source(count=count) as source_url:
        for number in range(1, rounds + 1):
            with _lanes(server_url, names) as lanes:
                for scenario in SCENARIOS:
                    for name in _turned(names, by=number):
                        if name in scenario.contenders:
                            announce(number, scenario.name, name)
                            result = _lap(scenario, name, source_url, lanes[name], checks[scenario.revision])
                            yield Lap(number, scenario.name, name, result)


def race_for_memory(*, server_url: str, count: int, announce: Announce) -> Iterator[Lap]:
    """One initial load of a count so large that whoever keeps what it has read shows it."""
    names = [name for name, contender in INITIAL_LOAD.contenders.items() if contender.at_a_million]
    check = expected(count=count, revision=INITIAL_LOAD.revision)
    with running_source(count=count, revisions=(INITIAL_LOAD.revision,)) as source_url:
        for name in names:
            announce(1, INITIAL_LOAD_1M, name)
            with _lanes(server_url, [name]) as lanes:
                result = _lap(INITIAL_LOAD, name, source_url, lanes[name], check)
                yield Lap(1, INITIAL_LOAD_1M, name, result)


@contextmanager
def fresh_database(server_url: str, name: str) -> Iterator[str]:
    """URL of an empty database that is dropped in the end."""
    yield _recreated(server_url, name)
    _drop(server_url, name)


@dataclass(frozen=True)
class _Lane:
    """What one contender has to itself during a round."""

    database_url: str
    folder: Path


@contextmanager
def _lanes(server_url: str, names: list[str]) -> Iterator[dict[str, _Lane]]:
    with tempfile.TemporaryDirectory(prefix="partnerhub-bench-") as root:
        lanes = {name: _Lane(_recreated(server_url, f"bench_{name}"), Path(root, name)) for name in names}
        for lane in lanes.values():
            lane.folder.mkdir()
        yield lanes
        for name in names:
            _drop(server_url, f"bench_{name}")


def _lap(scenario: Scenario, name: str, source_url: str, lane: _Lane, check: Expected) -> Result:
    with psycopg.connect(lane.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # nobody pays for the pages that the one before has left to write
        result = run_alone(
            scenario=scenario,
            contender=name,
            source_url=source_url,
            database_url=lane.database_url,
            count=check.records,
            folder=lane.folder,
        )
        totals = scenario.contenders[name].totals
        found = Expected(*connection.execute(totals.encode()).fetchone() or ()) if totals else check
    if found != check or result.records != check.records:
        raise RuntimeError(f"{name} did not do its work in {scenario.name}: {found}, {result} instead of {check}")
    return result


def _recreated(server_url: str, database: str) -> str:
    _drop(server_url, database)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    parts = conninfo_to_dict(server_url) | {"dbname": database}
    return f"postgresql://{parts['user']}@/{database}?host={parts['host']}"


def _drop(server_url: str, database: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _turned(names: list[str], *, by: int) -> list[str]:
    """The contenders in another order each round, so that none always follows the same one."""
    shift = by % len(names)
    return names[shift:] + names[:shift]
