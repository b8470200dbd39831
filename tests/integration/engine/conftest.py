"""Two small remote systems around one hub, over the real database: the stage on which the engine's promises play."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

import pytest

from hub.db import connections, links, records
from hub.db.session import Database
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.record.values import Value
from hub.sdk.http import Budget
from hub.sdk.sample import CONNECTOR
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox import SandboxClock
from hub.sdk.testing import open_sandboxed
from hub.services.counts import Counts
from hub.services.cycle import Halted, pull, push, reread
from hub.services.objects import OpenConnection

MAPPING = """
version: 1
object: partners
record: partner
key: {field: hub_id}
match: [{on: [website_domain, country]}]
fields:
  legal_name: {remote: name, required: true}
  website_domain: {remote: website, lens: url_domain}
  tier: {remote: tier, lens: {values: {registered: Registered, silver: Silver, gold: Gold, platinum: Platinum}}}
  country: {remote: country}
  city: {remote: city}
  parent: {remote: parent, lens: {link: partner}}
"""


NO_GRACE = timedelta(0)


@dataclass
class System:
    """One remote system: the sandbox with its people, and the hub's connection to it."""

    sandbox: SampleSandbox
    connection: OpenConnection

    @property
    def object(self) -> str:
        """The one that is mapped."""
        return next(iter(self.connection.mappings))

    def create(self, **fields: Any) -> str:
        return self.sandbox.human_create(self.object, fields)

    def edit(self, remote_id: str, **fields: Any) -> None:
        self.sandbox.human_edit(self.object, remote_id, fields)

    def rows(self) -> dict[str, dict[str, Any]]:
        return self.sandbox.rows(self.object)

    def row(self, remote_id: str) -> dict[str, Any]:
        return self.rows()[remote_id]

    def names(self) -> list[str]:
        return sorted(row["name"] for row in self.rows().values())

    def writes(self) -> int:
        return sum(n for call, n in self.sandbox.calls.items() if call.endswith("/batch"))


@dataclass
class Stage:
    """The hub between two systems, `left` and `right`."""

    db: Database
    left: System
    right: System
    counts: dict[str, Counts] = field(default_factory=dict)

    async def pull(self, system: System) -> Counts:
        return await pull(self.db, system.connection, owner="test")

    async def push(self, system: System) -> Counts:
        return await push(self.db, system.connection, owner="test")

    async def settle(self, *, rounds: int = 6) -> None:
        """Let the hub work until nothing moves any more; AssertionError when it never rests."""
        for _ in range(rounds):
            moved = Counts()
            for system in (self.left, self.right):
                moved += await self.pull(system)
                moved += await reread(self.db, system.connection)
            for system in (self.left, self.right):
                moved += await self.push(system)
            for quiet in ("read", "unchanged", "overlap", "agreed", "quarantined", "out_of_scope", "not_created"):
                del moved[quiet]
            if not +moved:
                return
        raise AssertionError(f"The hub does not come to rest: {dict(moved)}")

    async def db_ready(self) -> None:
        """Let every waiting time be over."""
        async with self.db.transaction() as tx:
            await tx.run("update delivery set next_attempt_at = now(), updated_at = now() - interval '1 hour'")
            await tx.run("update connection set rest_until = null, probe_until = null")
            await tx.run("update departure set due_at = now() where state = 'waiting'")

    async def halted(self, system: System) -> str:
        """Push, and say which error stopped the connection."""
        with pytest.raises(Halted) as stop:
            await self.push(system)
        return stop.value.error.kind

    async def linked(self, system: System) -> dict[str, Any]:
        """Remote id → link row of one system."""
        async with self.db.transaction() as tx:
            rows = await tx.all("select * from link where connection_id = %s", system.connection.id)
        return {row["remote_id"]: row for row in rows}

    async def values(self, system: System, remote_id: str) -> dict[str, Value]:
        """The hub's record behind a remote id."""
        record_type = RECORD_TYPES["partner"]
        async with self.db.transaction() as tx:
            found = await links.records_of(
                tx, connection_id=system.connection.id, objects=[system.object], remote_ids=[remote_id]
            )
            stored = await records.load(tx, record_type, list(found.values()))
        return stored[found[remote_id]].values

    async def all(self, sql: str) -> list[dict[str, Any]]:
        async with self.db.transaction() as tx:
            return await tx.all(sql)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


class Build(Protocol):
    """Builds a stage whose two systems are mapped by the first mapping, or the right one by a second.

    Several mappings of one system are parted by a line of three dashes; the first one's object is the system's.
    Deletions there wait for `grace`; `budget` sees every request.
    """

    def __call__(
        self, mapping: str, right: str | None = None, *, grace: timedelta = NO_GRACE, budget: Budget | None = None
    ) -> Awaitable[Stage]: ...


@pytest.fixture
async def build(db: Database) -> AsyncIterator[Build]:
    async with AsyncExitStack() as stack:

        async def built(
            mapping: str, right: str | None = None, *, grace: timedelta = NO_GRACE, budget: Budget | None = None
        ) -> Stage:
            left = await _system(db, stack, "left", mapping, grace, budget)
            return Stage(db, left, await _system(db, stack, "right", right or mapping, grace, budget))

        yield built


@pytest.fixture
async def stage(build: Build) -> Stage:
    return await build(MAPPING)


async def _system(
    db: Database,
    stack: AsyncExitStack,
    name: str,
    mapping_text: str,
    grace: timedelta,
    budget: Budget | None,
) -> System:
    sandbox = SampleSandbox(seed=len(name), clock=SandboxClock())
    for name_there in ("partners", "prospects"):
        sandbox.records.schema[name_there] |= {
            "tier": {"type": "picklist", "values": ["Registered", "Silver", "Gold", "Platinum"]},
            "country": {"type": "text"},
            "city": {"type": "text"},
            "status": {"type": "text"},
            "parent": {"type": "reference", "references": [name_there]},
        }
    connector = await stack.enter_async_context(open_sandboxed(CONNECTOR, sandbox, budget=budget))
    async with db.transaction() as tx:
        stored = await connections.add(tx, name=name, system="sample", account_id=name, settings=b"-", options={})
    mappings = [
        load_mapping(text, record_types=RECORD_TYPES, system="sample") for text in mapping_text.split("\n---\n")
    ]
    connection = OpenConnection(
        id=stored.id,
        name=name,
        system="sample",
        account_id=name,
        connector=connector,
        mappings={mapping.object: mapping for mapping in mappings},
        grace=grace,
    )
    return System(sandbox, connection)
