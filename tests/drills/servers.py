"""A PostgreSQL and a Redis at TCP addresses: a customer's servers, made of the embedded programs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGINT

import psycopg
import redis

from hub.engines import postgres, start_engines, stop_engines
from hub.engines import redis as redis_engine
from hub.engines.processes import wait_until


@contextmanager
def open_postgres(folder: Path, *, address: str, host: tuple[str, ...]) -> Iterator[str]:
    """A server on that host; its URL."""
    data = _cluster(folder)
    (data / "pg_hba.conf").write_text("local all all trust\nhost all all 0.0.0.0/0 trust\n")
    owner = data.stat()
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    user = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", *rights]
    server = [str(postgres._programs() / "postgres"), "-D", str(data), "-c", f"listen_addresses={address}"]
    server += ["-c", "unix_socket_directories=", "-c", "TimeZone=UTC"]
    url = f"postgresql://partnerhub@{address}/partnerhub"
    with _running([*host, *(user if os.geteuid() == 0 else []), *server], folder / "postgres.log"):
        assert wait_until(lambda: _postgres_answers(url), seconds=60), (folder / "postgres.log").read_text()
        yield url


@contextmanager
def open_redis(folder: Path, *, address: str, host: tuple[str, ...]) -> Iterator[str]:
    """A server on that host; its URL."""
    server = [redis_engine._program(), "--bind", address, "--protected-mode", "no", "--save", "", "--dir", folder]
    url = f"redis://{address}:6379/0"
    with _running([*host, *map(str, server)], folder / "redis.log"):
        assert wait_until(lambda: _redis_answers(url), seconds=60), (folder / "redis.log").read_text()
        yield url


def _cluster(folder: Path) -> Path:
    """A data folder with the hub's database in it."""
    home = folder / "external"
    stop_engines(start_engines(home=home))
    return home / "postgres"


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with ExitStack() as stack:
        out = stack.enter_context(log.open("ab"))
        process = subprocess.Popen(command, cwd="/", stdout=out, stderr=out)
        try:
            yield
        finally:
            process.send_signal(SIGINT)
            process.wait(60)


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=5) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
