"""More worlds than a test run has time for: `python -m hub.simulation.run --worlds 500 --seed 1`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

import psycopg
import structlog

from hub.db import migrate
from hub.engines import start_engines, stop_engines
from hub.simulation.play import play_alone


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--worlds", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1, help="the first seed")
    arguments.add_argument("--most", type=int, default=5, help="stop after so many broken worlds")
    arguments.add_argument("--story", action="store_true", help="print everything that happened in a broken world")
    chosen = arguments.parse_args()
    structlog.configure(processors=[_say_nothing])
    began, broken = time.monotonic(), []
    with TemporaryDirectory(prefix="partnerhub-worlds-") as folder:
        engines = start_engines(home=Path(folder), durable=False)
        try:
            with psycopg.connect(engines.database_url, autocommit=True) as admin:
                admin.execute(b"create database migrated")
                migrate.upgrade(with_database(engines.database_url, "migrated"))
                for seed in range(chosen.seed, chosen.seed + chosen.worlds):
                    admin.execute(b"create database world template migrated strategy file_copy")
                    played = play_alone(seed, with_database(engines.database_url, "world"))
                    admin.execute(b"drop database world with (force)")
                    if played.violations:
                        broken.append(seed)
                        _print(played if chosen.story else f"World {seed}: " + "\n   ".join(played.violations))
                        if len(broken) >= chosen.most:
                            break
        finally:
            stop_engines(engines)
    _print(f"{seed - chosen.seed + 1} worlds, {len(broken)} broken {broken}, {time.monotonic() - began:.0f} s")
    return 1 if broken else 0


def with_database(database_url: str, name: str) -> str:
    """The same server's database of that name."""
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))


def _print(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _say_nothing(*_: object) -> NoReturn:
    raise structlog.DropEvent


if __name__ == "__main__":
    sys.exit(main())
