"""One seeded world: people at every system and at the hub, workers that may die, remotes that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import psycopg
from psycopg_pool import PoolTimeout

from hub.db import deliveries
from hub.db.leases import LeaseLost
from hub.sdk.capabilities import Limit
from hub.sdk.errors import RemoteError
from hub.sdk.sandbox import SandboxClock
from hub.services.cycle import Halted
from hub.services.refusals import Refusal
from hub.simulation import facts
from hub.simulation.clocks import START
from hub.simulation.database import SimDatabase
from hub.simulation.deal_desk import DealDesk
from hub.simulation.desk import Desk
from hub.simulation.ledger import Ledger
from hub.simulation.mishaps import misbehave
from hub.simulation.people import People
from hub.simulation.script import Disaster, Person, Round, Script, Shift
from hub.simulation.seeded import seeded
from hub.simulation.setting import Setting
from hub.simulation.system import System, Weather, open_system
from hub.simulation.turns import PARTY, Killed, Party, Turns
from hub.simulation.work import QUIET, Workers

_HOUR = timedelta(hours=1)
_LEASE_ENDS = timedelta(seconds=45)
_MOST_QUIET_TRIES = 16

# What may end a worker's work in real life, and is made up for later. Everything else is a fault of the engine.
_PART_OF_LIFE = (Halted, RemoteError, LeaseLost, Refusal, psycopg.OperationalError, PoolTimeout)

Act = Callable[[], Awaitable[object]]


class Restless(AssertionError):
    """The hub does not come to rest."""


@dataclass(frozen=True)
class Ground:
    """The database of one world. `restart` restarts its server, where that is possible."""

    database_url: str
    restart: Callable[[], None] | None = None


class World:
    """`steps` says what happened, in words, in order; the same script makes the same."""

    def __init__(self, script: Script, setting: Setting, ground: Ground) -> None:
        self.script = script if setting.registers else script.without_registrations()
        self.setting, self.ground = setting, ground
        self.chance = Random(f"world {script.seed}")
        self.turns = Turns(Random(f"turns {script.seed}"))
        self.clock = SandboxClock(START, frozen=True)
        self.ledger = Ledger()
        self.steps: list[str] = []
        self.sleepers: list[tuple[Party, asyncio.Task[None]]] = []
        self.people: People
        self.desk: Desk
        self.deals: DealDesk
        self.workers: Workers
        self.db: SimDatabase

    @property
    def systems(self) -> list[System]:
        return self.people.systems

    @classmethod
    @asynccontextmanager
    async def open(cls, script: Script, setting: Setting, ground: Ground) -> AsyncIterator[World]:
        world = cls(script, setting, ground)
        PARTY.set(Party("world"))
        async with AsyncExitStack() as stack:
            stack.enter_context(seeded(Random(f"waits {script.seed}")))
            world.db = SimDatabase(ground.database_url, world.turns)
            await stack.enter_async_context(world.db)
            await world.db.wind()
            await world._set_up(stack)
            try:
                yield world
            finally:
                await world._end_sleepers()

    async def _set_up(self, stack: AsyncExitStack) -> None:
        sides, traits = self.setting.make(self.chance, self.script.theme)
        limits = (Limit("burst", 40, per_seconds=10),) if self.chance.random() < 0.3 else ()
        grace = timedelta(minutes=self.chance.choice([0, 10, 10]))
        systems = []
        for side in sides:
            weather = Weather(
                skew=timedelta(seconds=self.chance.choice([0, 0, -90, -3, 5, 120])),
                jitter=timedelta(seconds=self.chance.choice([0, 0, 2, 30])),
                limits=limits,
                grace=grace,
            )
            system = await open_system(
                self.db, stack, self.turns, side=side, traits=traits, weather=weather, clock=self.clock,
                ledger=self.ledger, chance=Random(f"{side.name} {self.script.seed}"),
            )  # fmt: skip
            systems.append(system)
            self.steps.append(
                f"{side.name}: clock off by {weather.skew.total_seconds():g} s,"
                f" stamps by up to {weather.jitter.total_seconds():g} s"
            )
        self.people = People(systems)
        self.desk = Desk(self.db, systems, self.setting.types, self.ledger, self.people.pen, self.people.made)
        self.deals = DealDesk(self.db)
        if self.script.registers:
            await self.deals.open()
        self.workers = Workers(self.db, systems, driven=self.chance.random() < 0.3, webhooks=traits.webhooks)
        policies = sorted(
            {f"{m.object} on_delete {m.on_delete.pull.kind}" for s in systems for m in s.objects.values()}
        )
        how = "the sweep and wake-ups drive the workers" if self.workers.driven else "workers do anything at any time"
        self.steps.insert(0, f"{traits}; {', '.join(policies)}; {how}; limits {[x.amount for x in limits]}")

    # Life

    async def live(self) -> None:
        """People and workers, at the same time, round after round."""
        for each in self.script.rounds:
            self.steps.append(f"--- round {each.number}")
            await self._play(each)

    async def _play(self, each: Round) -> None:
        self.turns.chance = Random(f"turns {self.script.seed} {each.number}")
        for mishap in each.mishaps:
            self.steps.append("    " + misbehave(self.systems, mishap.theme, Random(mishap.luck)))
        acts = [self._person(person, n) for n, person in enumerate(each.people)]
        acts += [self._worker(shift, n) for n, shift in enumerate(each.shifts)]
        if each.disaster:
            acts.append((Party("disaster"), self._disaster(each.disaster)))
        wakes = Random(f"sleepers {self.script.seed} {each.number}")
        await self._together(acts, wake=lambda: wakes.random() < 0.3)
        self.clock.advance(timedelta(seconds=each.remote_seconds))
        if each.hub_seconds:
            self.steps.append("    an hour passes in the hub")
            await self._pass_time(timedelta(seconds=each.hub_seconds))
        if each.hub_days:
            self.steps.append(f"    {each.hub_days} days pass in the hub")
            await self._pass_time(timedelta(days=each.hub_days))

    async def _together(self, acts: list[tuple[Party, Act]], *, wake: Callable[[], bool]) -> None:
        """Let parties act at the same time, until each is at its end or stands still."""
        logged = len(self.turns.log)
        running = [(party, asyncio.create_task(self._act(party, act))) for party, act in acts]
        for party, task in list(self.sleepers):
            if wake():
                self.sleepers.remove((party, task))
                party.wake()
                running.append((party, task))
        await asyncio.gather(*(party.quiet.wait() for party, _ in running))
        self.steps += [f"    {line}" for line in self.turns.log[logged:]]
        for party, task in running:
            if party.asleep:
                self.sleepers.append((party, task))
            else:
                await task

    async def _act(self, party: Party, act: Act) -> None:
        PARTY.set(party)
        try:
            await act()
        except Killed:
            pass
        except _PART_OF_LIFE as exc:
            error = exc.error if isinstance(exc, Halted) else exc
            self.turns.log.append(f"{party.name}: stopped by {type(error).__name__}: {error}")
        finally:
            party.quiet.set()

    def _person(self, person: Person, number: int) -> tuple[Party, Act]:
        remote, desk = self.people.deeds(), self.desk.deeds() | self.deals.deeds()

        async def act() -> None:
            for deed in person.deeds:
                chance = Random(deed.luck)
                if deed.kind in desk:
                    self._say(deed.kind, await desk[deed.kind](chance))
                else:
                    async with self.turns.turn(deed.kind):
                        self._say(deed.kind, remote[deed.kind](chance))

        return Party(f"person {number}", person.fate), act

    def _worker(self, shift: Shift, number: int) -> tuple[Party, Act]:
        if shift.work == "time":
            return Party("time"), self._let_leases_end
        return Party(f"worker {number}", shift.fate), lambda: self.workers.shift(shift)

    def _say(self, deed: str, words: str) -> None:
        self.turns.log.append(f"{PARTY.get().name}: {deed} → {words}")

    async def _let_leases_end(self) -> None:
        async with self.turns.turn("45 seconds pass in the hub"):
            await self._pass_time(_LEASE_ENDS)

    async def _pass_time(self, by: timedelta) -> None:
        await self.db.pass_time(by)
        self.workers.queue.pass_time(by)

    def _disaster(self, disaster: Disaster) -> Act:
        async def act() -> None:
            async with self.turns.turn(disaster.replace("_", " ")):
                if disaster == "redis_flushed":
                    self.workers.queue.flush()
                elif disaster == "postgres_restarted" and self.ground.restart:
                    await asyncio.to_thread(self.ground.restart)
                else:
                    await self.db.cut_connections()

        return act

    # Rest

    async def come_to_rest(self) -> None:
        """No more people, faults and deaths; waiting times pass; operators resume and replay: all work ends."""
        self.steps.append("--- coming to rest")
        for system in self.systems:
            system.sandbox.faults.clear()
        await self._together([], wake=lambda: True)
        PARTY.set(Party("rest"))
        for _ in range(_MOST_QUIET_TRIES):
            await self._pass_time(_HOUR)
            self.clock.advance(timedelta(seconds=400))
            async with self.db.transaction() as tx:
                await facts.resume_all(tx)
                for system in self.systems:
                    await deliveries.replay_dead(tx, connection_id=system.connection.id)
                await facts.read_quarantined(tx)
            if self.script.registers:
                await self.deals.keep_deadlines(Random(1))
            if not await self.one_turn_of_all():
                return
        async with self.db.transaction() as tx:
            raise Restless(f"The hub does not come to rest: {await facts.unrest(tx)}")

    async def one_turn_of_all(self) -> bool:
        """Everything that is to be done is done; whether anything moved."""
        logged = len(self.turns.log)
        moved = await (self._one_sweep() if self.workers.driven else self._one_cycle())
        self.steps += [f"    {line}" for line in self.turns.log[logged:]]
        return moved

    async def _one_cycle(self) -> bool:
        moved: dict[str, int] = {}
        for work in ("pull", "reread", "push"):
            for system in self.systems:
                PARTY.set(Party(f"rest {work} {system.name}"))
                if work == "reread":
                    await self.workers.take_webhooks(system, Random(1))
                for what, number in (await self.workers.do(work, system, "rest")).items():
                    moved[what] = moved.get(what, 0) + number
        return any(n for what, n in moved.items() if what not in QUIET)

    async def _one_sweep(self) -> bool:
        """What the sweep alone finds to do is enough."""
        PARTY.set(Party("rest sweep"))
        async with self.db.transaction() as tx:
            before = await facts.pulse(tx)
        written = sum(system.connector.written for system in self.systems)
        await self.workers.shift(Shift("sweep", 0))
        for system in self.systems:
            await self.workers.take_webhooks(system, Random(1))
        for number in range(200):
            PARTY.set(Party(f"rest job {number}"))
            if not await self.workers.take_job(Random(number)):
                break
        async with self.db.transaction() as tx:
            after = await facts.pulse(tx)
        return before != after or written != sum(system.connector.written for system in self.systems)

    async def _end_sleepers(self) -> None:
        for party, task in self.sleepers:
            party.dead = True
            party.wake()
            task.cancel()
        await asyncio.gather(*(task for _, task in self.sleepers), return_exceptions=True)
