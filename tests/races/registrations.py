"""A race of registrations: `python -m tests.races.registrations`, 1 when a law does not hold.

64 submitters send 1,000 registrations each, with planted conflicts and repeats, to four API processes over one
database; it takes a few minutes. `make races` starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.db import migrate
from hub.db.session import Database
from hub.engines import start_engines, stop_engines
from hub.garbage import collect_rarely
from hub.sdk.http import encode_json
from tests.races import stage
from tests.races.laws import Verdict, judge
from tests.races.plan import make_plan
from tests.races.submitters import Answered, submit_all, warm_up

_PER_PARTNER = 100  # a partner may hold so many open registrations


@dataclass(frozen=True, slots=True)
class Race:
    """How large it is. `planted` is the share of registrations that claim what another one claims."""

    processes: int = 4
    submitters: int = 64
    each: int = 1_000
    planted: float = 0.1
    organizations: int = 20_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """Throughput, latencies, and CPU seconds a thousand registrations of each part."""

    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_api: float
    cpu_postgres: float
    cpu_submitters: float
    load: float


async def run(race: Race, *, home: Path, database_url: str, redis_url: str) -> tuple[Figures, Verdict]:
    """In a database with the newest schema and nothing else."""
    async with Database(database_url) as db:
        partners = await stage.store_partners(
            db, submitters=race.submitters, each=max(2, -(-race.each // _PER_PARTNER))
        )
        plan = make_plan(
            submitters=race.submitters,
            each=race.each,
            partners=partners,
            planted=race.planted,
            organizations=race.organizations,
            seed=race.seed,
        )
        await stage.store_customers(db, plan.known)
        key = await stage.a_key(db)
        with stage.api_processes(
            race.processes, home=home, database_url=database_url, redis_url=redis_url
        ) as processes:
            collect_rarely()
            ports = [process.port for process in processes]
            warm = await warm_up(plan, ports=ports, key=key)
            before = await _cpu(db, processes)
            begin = time.perf_counter()
            answered = await submit_all(plan, ports=ports, key=key)
            seconds = time.perf_counter() - begin
            spent = [after - earlier for after, earlier in zip(await _cpu(db, processes), before, strict=True)]
        return _figures(answered, seconds, spent), await judge(db, plan, [*warm, *answered])


async def _cpu(db: Database, processes: Sequence[stage.Process]) -> tuple[float, float, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    api = sum(process.cpu_seconds() for process in processes)
    return api, await stage.postgres_seconds(db), own.ru_utime + own.ru_stime


def _figures(answered: Sequence[Answered], seconds: float, spent: Sequence[float]) -> Figures:
    times = sorted(a.seconds for a in answered)
    count = sum(not a.again for a in answered)
    api, postgres, submitters = (round(cpu / count * 1000, 2) for cpu in spent)
    return Figures(
        seconds=round(seconds, 1),
        per_second=round(count / seconds, 1),
        p50_ms=round(times[len(times) // 2] * 1000, 1),
        p99_ms=round(times[int(len(times) * 0.99)] * 1000, 1),
        cpu_api=api,
        cpu_postgres=postgres,
        cpu_submitters=submitters,
        load=round(os.getloadavg()[0], 1),
    )


def run_alone(race: Race) -> tuple[Figures, Verdict]:
    """With engines of its own, durable as in use."""
    with tempfile.TemporaryDirectory(prefix="race-") as folder:
        home = Path(folder)
        engines = start_engines(home=home)
        try:
            migrate.upgrade(engines.database_url)
            return asyncio.run(run(race, home=home, database_url=engines.database_url, redis_url=engines.redis_url))
        finally:
            stop_engines(engines)


def main(defaults: Race | None = None, *, prog: str = "make races") -> int:
    race, as_json = _arguments(defaults or Race(), prog)
    figures, verdict = run_alone(race)
    told = {**asdict(race), **asdict(figures), **asdict(verdict)}
    if as_json:
        sys.stdout.write(encode_json(told).decode() + "\n")
    else:
        violations = told.pop("violations")
        sys.stdout.write("".join(f"{name.replace('_', ' '):20} {value}\n" for name, value in told.items()))
        sys.stdout.write("".join(f"violated: {sentence}\n" for sentence in violations[:20]))
    return int(bool(verdict.violations))


def _arguments(defaults: Race, prog: str) -> tuple[Race, bool]:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    for name, value in asdict(defaults).items():
        parser.add_argument(f"--{name}", type=type(value), default=value, help=f"{value} when left out")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    return Race(**given), as_json


if __name__ == "__main__":
    sys.exit(main())
