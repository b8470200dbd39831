"""The real engines for every test that stores something: one pair a test process, one fresh database a test.

All that tests and what they start put into temporary files is kept in memory where there is room.
"""

import itertools
import os
import tempfile
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
import uvloop

from hub.db import migrate
from hub.engines import Engines, memory_folder, start_engines, stop_engines

if memory := memory_folder():
    tempfile.tempdir = os.environ["TMPDIR"] = memory

_TEMPLATE = "migrated"
_numbers = itertools.count(1)


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], AbstractEventLoop]]:
    """Tests run on the loop that the programs run on."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first: at the end all processes should have something to do."""
    items.sort(key=lambda item: "slow" not in item.keywords)


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """Throwaway engines of this test process; with several xdist workers each has its own."""
    with TemporaryDirectory(prefix="partnerhub-tests-") as folder:
        engines = start_engines(home=Path(folder), durable=False)
        yield engines
        stop_engines(engines)


@pytest.fixture(scope="session")
def migrated_template(engines: Engines) -> str:
    """Name of a database with the newest schema, which nothing may connect to."""
    _execute(engines.database_url, f"CREATE DATABASE {_TEMPLATE}")
    migrate.upgrade(_with_database(engines.database_url, _TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def database_url(engines: Engines, migrated_template: str) -> Iterator[str]:
    """A database of this test alone, with the newest schema and no rows."""
    name = f"test_{next(_numbers)}"
    _execute(engines.database_url, f"CREATE DATABASE {name} TEMPLATE {migrated_template} STRATEGY file_copy")
    yield _with_database(engines.database_url, name)
    _execute(engines.database_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(engines: Engines) -> str:
    """An empty Redis of this test process."""
    with redis.Redis.from_url(engines.redis_url) as client:
        client.flushall()
    return engines.redis_url


def _execute(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(statement.encode())


def _with_database(database_url: str, name: str) -> str:
    return urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
