"""Many worlds: each process has throwaway engines of its own, and plays the seeds that fall to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import uvloop

from hub.db import migrate
from hub.engines import memory_folder, start_engines, stop_engines
from hub.engines.postgres import restart_postgres
from hub.simulation.mapped import mapped_setting
from hub.simulation.mutations import mutation_called
from hub.simulation.play import Played, play
from hub.simulation.sample import sample_setting
from hub.simulation.script import Script, write_script
from hub.simulation.setting import Setting
from hub.simulation.shrink import shrink
from hub.simulation.world import Ground

_TEMPLATE = "migrated"
_CHUNK = 5  # seeds that a process takes at once


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be played. `mappings` None: the sample worlds. `shrink`: broken worlds are made as short as can be.

    `mutation`: the protection that is taken away (hub.simulation.mutations).
    """

    seed: int = 1
    worlds: int = 300
    mappings: Path | None = None
    shrink: bool = False
    most_broken: int = 10
    mutation: str | None = None


@dataclass
class Harvest:
    """What came of it. Broken worlds are kept whole, in the order of their seeds."""

    worlds: int = 0
    api_calls: int = 0
    edits: int = 0
    broken: list[Played] = field(default_factory=list)

    def add(self, played: Played) -> None:
        self.worlds += 1
        self.api_calls += played.api_calls
        self.edits += played.edits
        if played.violations:
            self.broken.append(played)
            self.broken.sort(key=lambda each: each.seed)


class Field:
    """A throwaway server on which one world after the other is played."""

    def __init__(self, database_url: str, restart: Callable[[], None]) -> None:
        self._url, self._restart = database_url, restart
        self._numbers = count(1)

    async def play(self, script: Script, setting: Setting) -> Played:
        with self._database() as url:
            return await play(script, setting, Ground(url, self._restart))

    @contextmanager
    def _database(self) -> Iterator[str]:
        name = f"world_{next(self._numbers)}"
        self._execute(f"create database {name} template {_TEMPLATE} strategy file_copy")
        try:
            yield with_database(self._url, name)
        finally:
            self._execute(f"drop database {name} with (force)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._url, autocommit=True) as admin:
            admin.execute(statement.encode())


@contextmanager
def open_field() -> Iterator[Field]:
    """Engines that nobody will miss, with a migrated database to copy."""
    with TemporaryDirectory(prefix="partnerhub-worlds-", dir=memory_folder()) as folder:
        engines = start_engines(home=Path(folder), durable=False)
        try:
            with psycopg.connect(engines.database_url, autocommit=True) as admin:
                # Transactions that are nobody's would let the same seed come out differently.
                admin.execute(b"alter system set autovacuum = off")
                admin.execute(f"create database {_TEMPLATE}".encode())
            migrate.upgrade(with_database(engines.database_url, _TEMPLATE))
            restart = partial(restart_postgres, engines.home, durable=False)
            restart()
            yield Field(engines.database_url, restart)
        finally:
            stop_engines(engines)


def with_database(database_url: str, name: str) -> str:
    """The same server's database of that name."""
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))


def setting_of(order: Order) -> Setting:
    """Raises NothingToSimulate, MappingError."""
    return mapped_setting(order.mappings) if order.mappings else sample_setting()


def harvest(order: Order, *, progress: Callable[[Played], None] = lambda _: None) -> Harvest:
    """Play all worlds of the order, in as many processes as there are cores; stops early at `most_broken`."""
    setting_of(order)  # a faulty folder is refused before anything is started
    seeds = range(order.seed, order.seed + order.worlds)
    chunks = [seeds[start : start + _CHUNK] for start in range(0, len(seeds), _CHUNK)]
    processes = min(os.cpu_count() or 1, len(chunks))
    found = Harvest()
    for played in _in_processes(order, chunks, processes) if processes > 1 else _alone(order, seeds):
        found.add(played)
        progress(played)
        if len(found.broken) >= order.most_broken:
            break
    return found


def _alone(order: Order, seeds: Sequence[int]) -> Iterator[Played]:
    with open_field() as field:
        for seed in seeds:
            yield play_seed(field, order, seed)


def _in_processes(order: Order, chunks: Sequence[Sequence[int]], processes: int) -> Iterator[Played]:
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_begin) as pool:
        jobs = [pool.submit(_play_chunk, order, chunk) for chunk in chunks]
        try:
            for job in jobs:  # in the order of the seeds: the first broken world is the same on every machine
                yield from job.result()
        finally:
            for job in jobs:
                job.cancel()


_field: Field | None = None


def _begin() -> None:
    """A process keeps its engines until it ends."""
    import atexit

    global _field
    opened = open_field()
    _field = opened.__enter__()
    atexit.register(opened.__exit__, None, None, None)


def _play_chunk(order: Order, seeds: Sequence[int]) -> list[Played]:
    assert _field is not None
    return [play_seed(_field, order, seed) for seed in seeds]


def play_seed(field: Field, order: Order, seed: int) -> Played:
    """One world; where it is broken and the order says so, the shortest world that is broken alike."""
    setting = setting_of(order)

    def once(script: Script) -> Played:
        return uvloop.run(field.play(script, setting))

    with mutation_called(order.mutation).patch() if order.mutation else nullcontext():
        played = once(write_script(seed))
        return shrink(played, once) if order.shrink and played.violations else played
