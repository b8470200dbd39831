"""The engine's surroundings under control: its database with a clock of its own, and connectors that can break."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NoReturn
from urllib.parse import quote
from uuid import UUID

from hub.db import connections
from hub.db.session import Database, Tx
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.sdk.capabilities import Capabilities
from hub.sdk.connector import OpenConnector
from hub.sdk.records import Page, ReadQuery, ReadResult, RemoteRecord, WebhookRequest, WriteOp, WriteOutcome
from hub.sdk.sample import CONNECTOR
from hub.sdk.sample.client import SampleClient
from hub.sdk.sample.sandbox import SampleSandbox, version_of
from hub.sdk.sandbox import SandboxClock
from hub.sdk.testing import open_sandboxed
from hub.services import matching, sieving
from hub.services.objects import ObjectSync, OpenConnection
from hub.simulation.turns import PARTY, Turns

START = datetime(2030, 1, 1, tzinfo=UTC)

# Time in the database is a sequence: it moves with every look at it, and by leaps when the world says so.
_CLOCK = """
create schema sim;
create sequence sim.ticks;
create function sim.clock_timestamp() returns timestamptz language sql volatile as
    $$ select timestamptz '2030-01-01' + nextval('sim.ticks') * interval '1 millisecond' $$
"""


class SimDatabase(Database):
    """The hub's database: one transaction a turn, in which its party may be killed."""

    def __init__(self, url: str, turns: Turns) -> None:
        super().__init__(f"{url}{'&' if '?' in url else '?'}options={quote('-csearch_path=sim,public,pg_catalog')}")
        self._turns = turns

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        async with self._turns.turn("transaction"), Database.transaction(self) as tx:
            yield tx
            PARTY.get().point("during")

    async def wind(self) -> None:
        """Give it its own clock; once for each database."""
        async with self._pool.connection() as conn:
            await conn.execute(_CLOCK.encode())

    async def pass_time(self, by: timedelta) -> None:
        async with self._pool.connection() as conn:
            leap = int(by.total_seconds() * 1000)
            await conn.execute(f"select setval('sim.ticks', nextval('sim.ticks') + {leap})".encode())


class SimConnector:
    """A sample connection: one call a turn, in which its party may be killed; as weak as `traits` say."""

    def __init__(
        self, inner: OpenConnector, turns: Turns, traits: Traits, sandbox: SampleSandbox, overwritten: set[str]
    ) -> None:
        assert isinstance(inner, SampleClient)
        self._sandbox, self._overwritten = sandbox, overwritten
        self._inner, self._turns, self._traits = inner, turns, traits
        default = inner.capabilities.default
        self.capabilities: Capabilities = replace(
            inner.capabilities,
            default=replace(
                default,
                precondition="etag" if traits.preconditions else "none",
                upsert=traits.upsert,
                create_batch=traits.batch,
                update_batch=traits.batch,
            ),
        )

    async def read_page(self, query: ReadQuery, cursor: str | None) -> Page:
        async with self._turns.turn("read page"):
            return await self._inner.read_page(replace_size(query, self._traits.page), cursor)

    async def read_many(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        async with self._turns.turn(f"read {', '.join(sorted(ids))}"):
            return await self._inner.read_many(object_name, ids, fields)

    async def find_by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        async with self._turns.turn("find by key"):
            return await self._inner.find_by_key(object_name, key_field, values, fields)

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        async with self._turns.turn("; ".join(f"{op.kind} {op.remote_id or ''} {_shown(op)}" for op in ops)):
            outcomes = await self._inner.write(object_name, [self._weakened(object_name, op) for op in ops])
            PARTY.get().point("during")
            return outcomes

    def _weakened(self, object_name: str, op: WriteOp) -> WriteOp:
        fields, key = op.fields, op.key
        if key is not None and not self._traits.upsert:
            fields, key = {**fields, key[0]: key[1]}, None
        precondition = op.precondition if self._traits.preconditions else None
        row = self._sandbox.world.get(object_name, op.remote_id or "")
        if row is not None and precondition is None and op.precondition != version_of(row):
            # Typed in between the hub's look and its write: without preconditions nobody can notice that.
            self._overwritten |= {str(row.fields[name]) for name in op.fields if row.fields.get(name)}
        return WriteOp(op.kind, fields, op.idempotency_key, op.remote_id, key, precondition, op.partition)

    def verify_webhook(self, request: WebhookRequest) -> None:
        self._inner.verify_webhook(request)

    def parse_webhook(self, request: WebhookRequest):  # type: ignore[no-untyped-def]
        return self._inner.parse_webhook(request)


def replace_size(query: ReadQuery, size: int) -> ReadQuery:
    return ReadQuery(query.object, query.fields, query.where, size)


def _shown(op: WriteOp) -> str:
    return " ".join(f"{name}={value}" for name, value in op.fields.items() if name != "hub_id")


class Traits:
    """How good this world's systems are."""

    def __init__(self, chance: Random) -> None:
        self.preconditions = chance.random() < 0.6
        self.upsert = chance.random() < 0.7
        self.batch = chance.choice([1, 2, 100])
        self.page = chance.choice([1, 2, 3, 100])

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in vars(self).items())


class System:
    """One remote system: the sandbox with its people, and the hub's connection to it."""

    def __init__(self, sandbox: SampleSandbox, connection: OpenConnection) -> None:
        self.sandbox, self.connection = sandbox, connection

    @property
    def name(self) -> str:
        return self.connection.name

    def rows(self) -> dict[str, dict[str, object]]:
        return self.sandbox.rows("partners")

    def writes(self) -> int:
        return sum(n for call, n in self.sandbox.calls.items() if call.endswith("/batch"))


async def open_system(
    db: Database,
    stack: AsyncExitStack,
    turns: Turns,
    *,
    name: str,
    clock: SandboxClock,
    mapping: str,
    grace: timedelta,
    traits: Traits,
    overwritten: set[str],
) -> System:
    sandbox = SampleSandbox(seed=len(name), clock=clock)
    sandbox.records.schema["partners"] |= {
        field: {"type": "text"} for field in ("city", "trade_name", "region", "industry", "note")
    } | {"parent": {"type": "reference", "references": ["partners"]}}
    inner = await stack.enter_async_context(open_sandboxed(CONNECTOR, sandbox))
    async with db.transaction() as tx:
        stored = await connections.add(tx, name=name, system="sample", account_id=name, settings=b"-", options={})
    compiled = load_mapping(mapping, record_types=RECORD_TYPES, system="sample")
    return System(
        sandbox,
        OpenConnection(
            id=stored.id,
            name=name,
            system="sample",
            account_id=name,
            connector=SimConnector(inner, turns, traits, sandbox, overwritten),
            mappings={"partners": compiled},
            grace=grace,
        ),
    )


@contextmanager
def nothing_sieved() -> Iterator[None]:
    """These worlds hold nothing that the database could refuse: whatever it refuses is a fault of the engine."""
    real = sieving._set_aside

    async def refuse(tx: Tx, sync: ObjectSync, record: RemoteRecord, exc: Exception, run_id: int) -> NoReturn:  # noqa: ARG001
        raise AssertionError(f"{sync.connection.name} {record.id} was set aside") from exc

    sieving._set_aside = refuse
    try:
        yield
    finally:
        sieving._set_aside = real


@contextmanager
def counted_ids() -> Iterator[None]:
    """Record ids are numbers in order, so that a seed makes the same ones again."""
    real, counter = matching.new_ids, iter(range(1, 1_000_000))

    def new_ids(count: int) -> Iterator[UUID]:
        for _ in range(count):
            yield UUID(int=(0x7 << 76) | (0x8 << 60) | next(counter))

    matching.new_ids = new_ids
    try:
        yield
    finally:
        matching.new_ids = real
