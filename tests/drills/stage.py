"""The stage of a drill: two systems, the hub's real processes around one database, and people at work."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server
from typing import Any

from config.settings import Settings
from hub.app import App, open_app
from hub.db.session import Database
from hub.engines import start_engines, stop_engines
from hub.services.connections import add_connection
from hub.services.counts import Counts
from hub.services.keys import ensure_admin_key
from hub.services.plans.deciding import approve_plan
from hub.services.plans.running import apply_now, plan_now
from tests.drills.laws import Violations, violations
from tests.drills.network import Network
from tests.drills.people import People, System

ROOT = Path(__file__).parents[2]
MAPPING = """
version: 1
object: partners
record: partner
key: {field: hub_id}
match: [{on: [website_domain, country]}]
on_delete: mirror
fields:
  legal_name: {remote: name, required: true}
  website_domain: {remote: website, lens: url_domain}
  country: {remote: country}
  city: {remote: city}
"""
# People here create and delete as nobody does in a day; guards have tests of their own.
_UNGUARDED = {way: dict.fromkeys(("creates", "changes", "nulls", "deletes"), "unlimited") for way in ("in", "out")}
# What the drill waits for; the product's own promise is RECOVERY_SECONDS.
RECOVERY_SECONDS = 60
_PATIENCE = 150
_FIRMS = 40


@dataclass
class HubProcess:
    """One `partnerhub` process: `up` or `worker`, on a host (a command that enters it) or on this one."""

    command: str
    log: Path
    host: tuple[str, ...] = ()
    folder: Path = ROOT  # of the code
    popen: subprocess.Popen[bytes] | None = None

    def start(self, environment: dict[str, str]) -> None:
        with self.log.open("ab") as log:
            command = [*self.host, sys.executable, "-m", "tests.drills.hub_process", self.command, "--json"]
            env = {**os.environ, **environment, "PYTHONPATH": str(self.folder)}
            self.popen = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL: no handler runs, no lock or lease is given back."""
        if self.popen:
            self.popen.kill()
            self.popen.wait()

    def end(self, *, seconds: float = 30) -> int:
        """Ask it to stop, as a service manager does; its exit code."""
        assert self.popen is not None
        self.popen.terminate()
        return self.popen.wait(seconds)

    def lives(self) -> bool:
        return self.popen is not None and self.popen.poll() is None

    def said(self, event: str) -> int:
        """How often this event stands in its log."""
        return self.log.read_text(errors="replace").count(f'"{event}"') if self.log.exists() else 0


@dataclass
class Stage:
    """Everything that plays. `chance` decides when things break."""

    folder: Path
    settings: Settings
    database_url: str
    people: People
    chance: random.Random
    processes: list[HubProcess] = field(default_factory=list)
    markers: dict[str, str] = field(default_factory=dict)
    rounds: int = 3  # faults one after the other, where a drill is not a story of its own
    faults: int = 0
    recoveries: list[float] = field(default_factory=list)
    network: Network | None = None

    def start(self, command: str, **more: Any) -> HubProcess:
        process = HubProcess(command, self.folder / f"{command}-{len(self.processes)}.log", **more)
        self.processes.append(process)
        process.start(self.environment())
        return process

    def restart(self, process: HubProcess) -> None:
        """What a service manager does with a process that died."""
        process.start(self.environment())

    def environment(self) -> dict[str, str]:
        return {
            "PARTNERHUB_HOME": str(self.settings.home),
            "PARTNERHUB_DATABASE_URL": self.settings.database_url or "",
            "PARTNERHUB_REDIS_URL": self.settings.redis_url or "",
            "PARTNERHUB_PORT": str(self.settings.port),
            "PARTNERHUB_LOG_FORMAT": "json",
        }

    async def any_moment(self) -> None:
        """Until the hub has talked with its systems for a random while."""
        before, number = await self._calls(), self.chance.randrange(8)
        await until(lambda: self._spoke(before + number), seconds=_PATIENCE, what="the hub talks with its systems")
        await asyncio.sleep(self.chance.random() / 5)  # not to wait for anything: the moment is to be any moment

    async def recover(self) -> float:
        """Seconds from now until edits made now have reached the other system, in both directions."""
        self.faults += 1
        begin = time.monotonic()
        await asyncio.gather(*(self._crosses(*pair) for pair in (self.people.systems, self.people.systems[::-1])))
        self.recoveries.append(time.monotonic() - begin)
        return self.recoveries[-1]

    async def rest(self) -> Violations:
        """Send the people home and wait until nothing moves; what does not hold then."""
        self.people.stop.set()
        async with Database(self.database_url) as db:
            found = Violations()

            async def holds() -> bool:
                nonlocal found
                found = await violations(db, self.people.systems, self.people.ledger)
                return not found

            try:
                await until(holds, seconds=_PATIENCE, pause=0.5)
                await self._quiet(db)
            except Unkept as exc:
                if not found:
                    found.unsettled.append(str(exc))
            return found

    async def _quiet(self, db: Database) -> None:
        """Two more reads of each system write nothing."""
        before, pulls = await self._writes(), await _pulls(db)

        async def read_twice() -> bool:
            return all(n >= pulls.get(system, 0) + 2 for system, n in (await _pulls(db)).items())

        await until(read_twice, seconds=_PATIENCE, pause=0.5, what="two quiet reads")
        if (after := await self._writes()) != before:
            raise Unkept(f"echo: {after - before} writes at rest")

    async def _crosses(self, here: System, there: System) -> None:
        value = await here.edit(self.people.ledger, self.markers[here.name], "city")

        async def is_there() -> bool:
            return (await there.act("find", field="city", value=value))["id"] is not None

        await until(is_there, seconds=_PATIENCE, pause=0.1, what=f"an edit in {here.name} reaches {there.name}")

    async def _spoke(self, calls: int) -> bool:
        return await self._calls() > calls

    async def _calls(self) -> int:
        return sum([(await system.act("look"))["calls"] for system in self.people.systems])

    async def _writes(self) -> int:
        return sum([(await system.act("look"))["writes"] for system in self.people.systems])


class Unkept(AssertionError):
    """Something that is promised did not happen."""


async def until(
    condition: Callable[[], Awaitable[bool]], *, seconds: float, pause: float = 0.05, what: str = ""
) -> None:
    """Poll until it is true."""
    deadline = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > deadline:
            raise Unkept(f"not within {seconds:g} seconds: {what}")
        await asyncio.sleep(pause)


async def _pulls(db: Database) -> dict[int, int]:
    async with db.transaction() as tx:
        rows = await tx.all(
            "select connection_id, count(*) as n from run where kind = 'pull' and state = 'done' group by 1"
        )
    return {row["connection_id"]: row["n"] for row in rows}


@asynccontextmanager
async def open_stage(
    folder: Path,
    *,
    seed: int,
    commands: tuple[tuple[str, tuple[str, ...]], ...],
    home: Path | None = None,
    database_url: str | None = None,
    redis_url: str | None = None,
    address: str = "127.0.0.1",
) -> AsyncIterator[Stage]:
    """Two connected systems with people at work, and these processes: (command, the host it runs on)."""
    settings = Settings(home=home or folder / "home", database_url=database_url, redis_url=redis_url, port=_free_port())
    async with AsyncExitStack() as stack:
        told = stack.enter_context(_systems(address))
        left, right = [await stack.enter_async_context(System(name, told[name]["url"])) for name in told]
        systems = (left, right)
        async with open_app(settings) as app:
            key = await ensure_admin_key(app.db)
            api = f"http://127.0.0.1:{settings.port}" if any(command == "up" for command, _ in commands) else None
            people = People(systems, api=api, key=key.secret if key else "", seed=seed)
            stage = Stage(folder, settings, app.engines.database_url, people, random.Random(seed))
            await people.found(_FIRMS)
            for system in systems:
                stage.markers[system.name] = await people.marker(system)
            await _connect(app, folder, told)
            for command, host in commands:
                stage.start(command, host=host)
            await until(lambda: _all_work(stage), seconds=_PATIENCE, what="the processes start")
        try:
            working = asyncio.create_task(people.work())
            yield stage
            people.stop.set()
            await working
        finally:
            for process in stage.processes:
                process.kill()
            if not (database_url and redis_url):  # whoever would have stopped them was just killed
                await asyncio.to_thread(_stop_engines, settings)


def _stop_engines(settings: Settings) -> None:
    home, database_url, redis_url = settings.home, settings.database_url, settings.redis_url
    stop_engines(start_engines(home=home, database_url=database_url, redis_url=redis_url))


async def _connect(app: App, folder: Path, told: dict[str, dict[str, Any]]) -> None:
    """Connect both systems, and approve and apply the plan of each one's first sync."""
    mappings = folder / "mappings" / "sample"
    mappings.mkdir(parents=True)
    (mappings / "partners.yaml").write_text(MAPPING)
    options = {"allow_private": True, "mappings": str(mappings.parent), "poll_seconds": 2, "grace_seconds": 0}
    options["guards"] = _UNGUARDED
    for name, settings in told.items():
        await add_connection(app.shop, name=name, system="sample", settings=settings, options=options, actor="drill")
        plan = await plan_now(app.shop, name=name, actor="drill", owner="drill", listener=_nobody)
        async with app.db.transaction() as tx:
            await approve_plan(tx, plan_id=plan.id, actor="drill")
        await apply_now(app.shop, plan_id=plan.id, actor="drill", owner="drill", listener=_nobody)


def _nobody(_what: str, _counts: Counts) -> None:
    """Listens to nothing."""


async def _all_work(stage: Stage) -> bool:
    for process in stage.processes:
        if not process.lives():
            raise Unkept(f"{process.command} ended: {process.log.read_text()[-500:]}")
    return all(process.said("worker_started") for process in stage.processes)


@contextmanager
def _systems(address: str) -> Iterator[dict[str, dict[str, Any]]]:
    command = [sys.executable, "-m", "tests.drills.systems", address]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate()


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
