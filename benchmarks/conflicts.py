"""How long a registration's conflict check takes in a full hub, and how often a misspelt customer is found first.

`python -m benchmarks.conflicts [--organizations 1000000] [--registrations 200000] [--quick] [--trgm-url URL]` starts an
engine of its own, builds a hub of a hundredth, a tenth and the whole of that size one after the other, and writes
conflicts.json, conflicts.png and the table in README.md. pg_trgm takes part where a PostgreSQL that has it is named.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import psycopg
import uvloop

from benchmarks.conflict_figures import Cost, Measured, publish
from benchmarks.deal_world import World, build, submission
from benchmarks.figures import this_machine
from benchmarks.misspelling import misspell
from benchmarks.name_contenders import MemoryIndex, Scan, Trgm
from hub.db import migrate
from hub.db.arrays import Uuids
from hub.db.session import Database
from hub.domain.matching import organization_features, spelt
from hub.engines import start_engines, stop_engines
from hub.garbage import collect_rarely
from hub.policy import SHIPPED, load_policy
from hub.record import RECORD_TYPES
from hub.services.deals import screening, submitting
from hub.services.deals.candidates import KeyCandidates
from hub.services.deals.desk import Desk
from hub.services.deals.screening import Judged
from hub.services.deals.submitting import Submission, submit
from hub.services.name_search import NameSearch
from hub.services.search_keys import index_records

_INDEXED = 5_000
_WARM_UP = 20


@dataclass(frozen=True)
class Sought:
    """A misspelt name as words, and the words of the right one."""

    text: str
    right: str


def text_of(name: str) -> str:
    """The name as all contenders get it: normalised, without its legal form."""
    return " ".join(spelt(organization_features({"legal_name": name}))[0])


async def measure(url: str, *, organizations: int, registrations: int, asked: int, trgm_url: str | None) -> Measured:
    """Build the hub, ask every contender for the same names, then hand in registrations."""
    async with Database(url) as db:
        world = await build(db, organizations=organizations, registrations=registrations)
        _tell(f"{organizations:,} organisations and {registrations:,} registrations are stored")
        indexed = await _index_some(db, world)
        random = Random(3)
        firms = random.sample(world.firms, asked)
        sought = [Sought(text_of(misspell(f.name, forms=f.forms, random=random)), text_of(f.name)) for f in firms]
        costs = [await _search(db, world, sought), *await _check(db, world, asked)]
    texts = [text_of(firm.name) for firm in world.firms]
    costs += _others(texts, sought, trgm_url)
    return Measured(organizations, registrations, indexed, costs)


async def _index_some(db: Database, world: World) -> int:
    """Records a second that the worker indexes anew beside all others; what autovacuum does comes after."""
    ids = sorted(firm.id for firm in Random(4).sample(world.firms, min(_INDEXED, len(world.firms))))
    async with db.transaction() as tx:
        await tx.run("update organization set version = version + 1 where id = any(%s)", Uuids(ids))
    with _timed() as taken:
        async with db.transaction() as tx:
            await index_records(tx, ids)
    with psycopg.connect(db.url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return round(len(ids) / taken[0])


async def _search(db: Database, world: World, sought: Sequence[Sought]) -> Cost:
    search, names = NameSearch(), {firm.id: firm.name for firm in world.firms}

    async def first(text: str) -> str | None:
        async with db.transaction() as tx:
            [found] = await search.nearest(tx, [organization_features({"legal_name": text})])
        best = next(iter(found), None)
        return text_of(names[best]) if best in names else None

    for one in sought[:_WARM_UP]:
        await first(one.text)
    times, right = [], 0
    for one in sought:
        with _timed() as taken:
            found = await first(one.text)
        times.append(taken[0])
        right += found == one.right
    return Cost.of("hub", times, right=right)


async def _check(db: Database, world: World, count: int) -> list[Cost]:
    """Whole submissions, one after the other, and the check within each.

    The check: locks, search, facts, all rules, the decision stored. The whole: also the registration with its events,
    changes, audit trail and alerts, and the commit.
    """
    desk, random = Desk(load_policy(SHIPPED).policy, KeyCandidates()), Random(5)
    checks: list[float] = []
    wholes: list[float] = []

    async def screen(*args: Any, **kwargs: Any) -> list[Judged]:
        with _timed() as taken:
            judged = await screening.screen(*args, **kwargs)
        checks.append(taken[0])
        return judged

    with patch.object(submitting, "screen", screen):
        for _ in range(count + _WARM_UP):
            values = submission(random.choice(world.firms), random.choice(world.partners), random)
            with _timed() as taken:
                async with db.transaction() as tx:
                    await submit(tx, desk, RECORD_TYPES, sent=Submission(values), actor="benchmark")
            wholes.append(taken[0])
    costs = [Cost.of("conflict check", checks[_WARM_UP:]), Cost.of("whole registration", wholes[_WARM_UP:])]
    _tell("; ".join(map(str, costs)))
    return costs


def _others(texts: list[str], sought: Sequence[Sought], trgm_url: str | None) -> list[Cost]:
    costs = [_ask(contender(texts), sought) for contender in (Scan, MemoryIndex)]
    if trgm_url is None:
        _tell("pg_trgm takes no part: the embedded PostgreSQL has no extensions, and no --trgm-url was given")
        return costs
    with psycopg.connect(trgm_url, autocommit=True) as connection:
        return [*costs, _ask(Trgm(connection, texts), sought)]


def _ask(contender: Scan | MemoryIndex | Trgm, sought: Sequence[Sought]) -> Cost:
    times, right = [], 0
    for one in sought:
        with _timed() as taken:
            found = contender.first(one.text)
        times.append(taken[0])
        right += found == one.right
    cost = Cost.of(contender.name, times, right=right)
    _tell(str(cost))
    return cost


@contextmanager
def _timed() -> Iterator[list[float]]:
    """A list that holds the seconds once the block has ended."""
    taken: list[float] = []
    begun = time.perf_counter()
    yield taken
    taken.append(time.perf_counter() - begun)


def _tell(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--organizations", type=int, default=1_000_000)
    arguments.add_argument("--registrations", type=int, default=200_000)
    arguments.add_argument("--asked", type=int, default=500, help="names, and registrations, of each size")
    arguments.add_argument("--quick", action="store_true", help="one small hub; the kept figures stay as they are")
    arguments.add_argument("--trgm-url", help="a PostgreSQL with pg_trgm, on this machine")
    chosen = arguments.parse_args()
    if not chosen.quick and find_spec("matplotlib") is None:
        arguments.error("the chart needs matplotlib: uv sync --inexact --group bench, or --quick for no chart")
    collect_rarely()
    shares = (1,) if chosen.quick else (100, 10, 1)
    whole = (10_000, 2_000) if chosen.quick else (chosen.organizations, chosen.registrations)
    measured = []
    with TemporaryDirectory(prefix="partnerhub-conflicts-") as folder:
        engines = start_engines(home=Path(folder))
        try:
            machine = this_machine(engines.database_url)
            for share in shares:
                url = _fresh_database(engines.database_url, f"of_{share}")
                organizations, registrations = (n // share for n in whole)
                measured.append(
                    uvloop.run(
                        measure(
                            url,
                            organizations=organizations,
                            registrations=registrations,
                            asked=chosen.asked,
                            trgm_url=chosen.trgm_url,
                        )
                    )
                )
        finally:
            stop_engines(engines)
    publish(measured, machine=machine, keep=not chosen.quick)


def _fresh_database(server_url: str, name: str) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    migrate.upgrade(url)
    return url


if __name__ == "__main__":
    main()
