"""One remote system of a world: the emulator with its people, and the hub's connection to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from hub.db import connections
from hub.db.session import Database
from hub.mapping.model import Mapping as ObjectMapping
from hub.record.values import Value
from hub.sdk.capabilities import Describes, Limit, Reads, RemoteField
from hub.sdk.connector import OpenConnector
from hub.sdk.records import ReadQuery
from hub.sdk.sandbox import Sandbox, SandboxClock
from hub.sdk.testing import open_sandboxed, read_to_end
from hub.services.objects import OpenConnection
from hub.simulation.budget import SimBudget
from hub.simulation.clocks import SkewedClock
from hub.simulation.connector import Row, SimConnector
from hub.simulation.ledger import Ledger, key_of
from hub.simulation.setting import Side, Traits
from hub.simulation.turns import Turns

_described: dict[tuple[str, str], Mapping[str, RemoteField]] = {}


@dataclass
class System:
    """`inner` is the connector as it is, for whoever judges; `connection` the one that the engine uses."""

    side: Side
    sandbox: Sandbox
    inner: OpenConnector
    connector: SimConnector
    connection: OpenConnection
    budget: SimBudget
    ledger: Ledger
    described: Mapping[str, Mapping[str, RemoteField]]

    @property
    def name(self) -> str:
        return self.side.name

    @property
    def objects(self) -> Mapping[str, ObjectMapping]:
        return self.side.mappings

    def rows(self, object_name: str) -> dict[str, dict[str, Any]]:
        return deepcopy(self.sandbox.rows(object_name))

    def values(self, object_name: str, row: Row) -> dict[str, Value]:
        """A row as the hub would read it; links as remote references."""
        return self.objects[object_name].get(row).values

    def photograph(self) -> set[tuple[str, str]]:
        """Which rows live."""
        return {(name, remote_id) for name in self.objects for remote_id in self.sandbox.rows(name)}

    def calls(self) -> int:
        return sum(self.sandbox.calls.values())

    async def within_scope(self, object_name: str) -> set[str]:
        """The rows that the mapping's own filter lets the hub read."""
        mapping = self.objects[object_name]
        assert isinstance(self.inner, Reads)
        found = await read_to_end(self.inner, ReadQuery(object_name, mapping.read_fields, mapping.where))
        return set(found.ids)

    def end_rows(self, before: Iterable[tuple[str, str]], *, but: Iterable[str] = ()) -> None:
        """Edits of rows that went away since `before` ended with them."""
        gone = set(before) - self.photograph()
        self.ledger.ended |= {(self.name, remote_id) for _, remote_id in gone if remote_id not in set(but)}

    def note_overwritten(self, object_name: str, _: str, seen: Row, before: Row, after: Row) -> None:
        """What somebody typed after the hub's last look, and a write destroyed."""
        was, knew, now = (self.values(object_name, row) for row in (before, seen, after))
        root = self.objects[object_name].record.root.name
        self.ledger.give_up(
            key_of(root, name, value)
            for name, value in was.items()
            if value != knew.get(name) and value != now.get(name)
        )


@dataclass(frozen=True, slots=True)
class Weather:
    """How a system's surroundings are: its clock's error, the hub's budget for it, and how long deletions wait."""

    skew: timedelta
    jitter: timedelta
    limits: tuple[Limit, ...]
    grace: timedelta


async def open_system(
    db: Database,
    stack: AsyncExitStack,
    turns: Turns,
    *,
    side: Side,
    traits: Traits,
    weather: Weather,
    clock: SandboxClock,
    ledger: Ledger,
    chance: Random,
) -> System:
    """Set the emulator up, connect the hub to it, and store the connection."""
    wrong = SkewedClock(clock, skew=weather.skew, jitter=weather.jitter, chance=chance)
    sandbox = side.spec.load_sandbox().make(seed=chance.randrange(1000), clock=wrong)
    side.prepare(sandbox)
    sandbox.base_url = f"https://{side.name}.test"
    budget = SimBudget(clock, weather.limits)
    inner = await stack.enter_async_context(open_sandboxed(side.spec, sandbox, clock=clock, budget=budget))
    system: System

    def overwritten(object_name: str, remote_id: str, seen: Row, before: Row, after: Row) -> None:
        system.note_overwritten(object_name, remote_id, seen, before, after)

    side.adapt(inner)
    connector = SimConnector(side.name, inner, turns, traits, lambda name: system.rows(name), overwritten)
    async with db.transaction() as tx:
        stored = await connections.add(
            tx, name=side.name, system=side.spec.name, account_id=side.name, settings=b"-", options={}
        )
        await connections.begin(tx, connection_id=stored.id, options={})
    connection = OpenConnection(
        stored.id, side.name, side.spec.name, side.name, connector, side.mappings, grace=weather.grace
    )
    described = {name: await _describe(side, name) for name in side.mappings}
    system = System(side, sandbox, inner, connector, connection, budget, ledger, described)
    return system


async def _describe(side: Side, object_name: str) -> Mapping[str, RemoteField]:
    """The object's fields, asked of an emulator of its own: they are the same in every world of one setting."""
    key = (side.name, object_name)
    if key not in _described:
        sandbox = side.spec.load_sandbox().make(seed=0)
        side.prepare(sandbox)
        async with open_sandboxed(side.spec, sandbox) as inner:
            _described[key] = (await inner.describe(object_name)).fields if isinstance(inner, Describes) else {}
    return _described[key]
