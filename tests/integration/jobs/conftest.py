"""A hub between two sample accounts over HTTP, with workers inside the test or as processes that can be killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import connectors
from config.settings import Settings
from hub.app import App, open_app
from hub.db import connections, rereads
from hub.db.connections import StoredConnection
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.serve import SandboxServer
from hub.services.connections import add_connection
from sync_jobs.worker import work_until
from tests.integration.engine.conftest import MAPPING
from tests.integration.jobs.more_connectors import add_sample

ROOT = Path(__file__).parents[3]


@dataclass
class System:
    """One sample account at an address, and the hub's connection to it."""

    name: str
    server: SandboxServer
    sandbox: SampleSandbox
    stored: StoredConnection | None = None

    @property
    def id(self) -> int:
        assert self.stored is not None
        return self.stored.id

    def create(self, number: int) -> str:
        fields = {
            "name": f"{self.name} {number}",
            "website": f"https://{self.name}{number}.example",
            "tier": "Gold",
            "country": "DE",
        }
        return self.sandbox.human_create("partners", fields)

    def rows(self) -> dict[str, dict[str, Any]]:
        return self.sandbox.rows("partners")

    def partners(self) -> Counter[tuple[str, str | None]]:
        """Name and city of every partner, and how often it is there."""
        return Counter((row["name"], row.get("city")) for row in self.rows().values())


_MEANT = {way: {"creates": "unlimited", "changes": "unlimited"} for way in ("in", "out")}


@dataclass
class Hub:
    """The hub and its two systems."""

    app: App
    settings: Settings
    left: System
    right: System
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    async def connect(self, *systems: System, begun: bool = True, **options: Any) -> None:
        """Add the connections; workers find them by themselves, unless they have not `begun`: then a plan is needed.

        No guard stops a load, unless `guards` are named: whatever is made in bulk here is meant.
        """
        mappings = str(self.settings.home / "mappings")
        common = {"allow_private": True, "mappings": mappings, "guards": _MEANT}
        for system in systems or (self.left, self.right):
            system.stored, _ = await add_connection(
                self.app.shop,
                name=system.name,
                system="sample",
                settings=system.sandbox.settings(system.server.url),
                options={**common, **options},
                actor="test",
            )
            if begun:
                async with self.app.db.transaction() as tx:
                    await connections.begin(tx, connection_id=system.id)

    async def hint(self, system: System, remote_id: str) -> None:
        """What a webhook does: note that the record is to be read again, and wake a worker after the commit."""
        async with self.app.db.transaction() as tx:
            await rereads.ask(tx, connection_id=system.id, keys=[("partners", remote_id)], reason="webhook")
            tx.after_commit(lambda: self.app.queue.wake("reread", system.id))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """A worker inside this process."""
        stop = asyncio.Event()
        working = asyncio.create_task(work_until(self.app, stop=stop))
        try:
            yield
        finally:
            stop.set()
            await working

    def start_process(self) -> subprocess.Popen[bytes]:
        """A worker process on the same PostgreSQL and Redis."""
        known = {
            "PARTNERHUB_HOME": str(self.settings.home),
            "PARTNERHUB_DATABASE_URL": str(self.settings.database_url),
            "PARTNERHUB_REDIS_URL": str(self.settings.redis_url),
        }
        with (self.settings.home / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.jobs.worker_process"],
                cwd=ROOT,
                env={**os.environ, **known},
                stderr=log,
            )
        self.processes.append(process)
        return process

    def log(self) -> str:
        """What the worker processes have said so far."""
        path = self.settings.home / "worker.log"
        return path.read_text() if path.exists() else ""

    async def settled(self) -> bool:
        """Both systems hold the same records, each once, and nothing is on its way."""
        if self.left.partners() != self.right.partners():
            return False
        async with self.app.db.transaction() as tx:
            row = await tx.one(
                "select (select count(*) from delivery where state not in ('done', 'dropped')) as open,"
                " (select count(*) from reread) as hints"
            )
        return row == {"open": 0, "hints": 0}

    async def settle(self, *, seconds: float) -> float:
        """Wait until it is settled; when it never is, the error says what is in the way."""
        try:
            return await until(self.settled, seconds=seconds)
        except AssertionError as exc:
            raise AssertionError(await self._in_the_way()) from exc

    async def _in_the_way(self) -> str:
        async with self.app.db.transaction() as tx:
            deliveries = await tx.all(
                "select connection_id, state, op, error_class, message, count(*), min(next_attempt_at - now())::text,"
                " min(lease_until - now())::text from delivery where state <> 'done' group by 1, 2, 3, 4, 5"
            )
            hints = await tx.all(
                "select connection_id, count(*), min(next_attempt_at - now())::text from reread group by 1"
            )
            conflicts = await tx.all("select connection_id, remote_id, field, base, ours, theirs, state from conflict")
            leases = await tx.all("select name, (until - now())::text from lease where until > '-infinity'")
        differing = (self.left.partners() - self.right.partners(), self.right.partners() - self.left.partners())
        return f"{deliveries} {hints} {conflicts} {leases} {[list(d)[:5] for d in differing]} {self.log()[-2000:]}"


async def until(condition: Callable[[], Awaitable[bool] | bool], *, seconds: float, what: str = "") -> float:
    """Poll until it is true; returns the seconds that took, AssertionError when they are over."""
    begin = time.monotonic()
    while True:
        holds = condition()
        if await holds if isinstance(holds, Awaitable) else holds:
            return time.monotonic() - begin
        assert time.monotonic() - begin < seconds, f"Not within {seconds} seconds: {what or condition}"
        await asyncio.sleep(0.01)


@pytest.fixture
def sample_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process finds the sample connector, for the length of the test."""
    monkeypatch.setattr(connectors, "__path__", list(connectors.__path__))
    add_sample()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    folder = tmp_path / "mappings" / "sample"
    folder.mkdir(parents=True)
    (folder / "partners.yaml").write_text(MAPPING)
    return Settings(home=tmp_path, database_url=database_url, redis_url=redis_url, port=0)


@pytest.fixture
def systems() -> Iterator[tuple[System, System]]:
    sandboxes = [SampleSandbox(seed=n, clock=SandboxClock()) for n in (1, 2)]
    for sandbox in sandboxes:
        sandbox.records.schema["partners"] |= {
            "tier": {"type": "picklist", "values": ["Registered", "Silver", "Gold", "Platinum"]},
            "country": {"type": "text"},
            "city": {"type": "text"},
            "parent": {"type": "reference", "references": ["partners"]},
        }
    with SandboxServer(sandboxes[0]) as left, SandboxServer(sandboxes[1]) as right:
        yield System("left", left, sandboxes[0]), System("right", right, sandboxes[1])


@pytest.fixture
async def hub(settings: Settings, systems: tuple[System, System], sample_known: None) -> AsyncIterator[Hub]:
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(open_app(settings))
        hub = Hub(app, settings, *systems)
        yield hub
        for process in hub.processes:
            process.kill()
            process.wait()
