"""One connector on its sandbox, with one object to try: what every promise of the contract is checked with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NoReturn, TypeVar

import pytest

from hub.sdk.auth import MemoryTokenStore
from hub.sdk.capabilities import (
    Checks,
    Describes,
    FindsByKey,
    ObjectCapabilities,
    Reads,
    ReceivesWebhooks,
    Writes,
)
from hub.sdk.connector import ConnectorSpec, OpenConnector
from hub.sdk.errors import RateLimited, RemoteError
from hub.sdk.records import ReadQuery, WriteOp, WriteOutcome, Written
from hub.sdk.sandbox import ContractObject, Sandbox
from hub.sdk.sandbox.serve import SandboxServer
from hub.sdk.sandbox.transport import TRANSPORT_FAULTS
from hub.sdk.testing import Reading, create

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAGE_SIZE = 200
MAX_PAUSES = 200

T = TypeVar("T")


@dataclass(slots=True)
class Trial:
    """The connector under test, its emulator, and the object of this round.

    The emulator's clock stands still unless a test moves it, or the connector is asked to pause.
    """

    spec: ConnectorSpec
    server: SandboxServer
    tokens: MemoryTokenStore
    connector: OpenConnector
    object: ContractObject
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def sandbox(self) -> Sandbox:
        return self.server.sandbox

    @property
    def can(self) -> ObjectCapabilities:
        return self.connector.capabilities.of(self.object.name)

    # The connector's capabilities; a test that asks for one it does not have is skipped

    @property
    def checks(self) -> Checks:
        return self.connector if isinstance(self.connector, Checks) else self._lacks("Checks")

    @property
    def describes(self) -> Describes:
        return self.connector if isinstance(self.connector, Describes) else self._lacks("Describes")

    @property
    def reads(self) -> Reads:
        return self.connector if isinstance(self.connector, Reads) else self._lacks("Reads")

    @property
    def finds(self) -> FindsByKey:
        return self.connector if isinstance(self.connector, FindsByKey) else self._lacks("FindsByKey")

    @property
    def hooks(self) -> ReceivesWebhooks:
        return self.connector if isinstance(self.connector, ReceivesWebhooks) else self._lacks("ReceivesWebhooks")

    @property
    def writes(self) -> Writes:
        if not self.can.writable:
            pytest.skip(f"{self.spec.name} declares {self.object.name} read-only")
        return self.connector if isinstance(self.connector, Writes) else self._lacks("Writes")

    def _lacks(self, capability: str) -> NoReturn:
        pytest.skip(f"{self.spec.name} does not declare {capability}")

    def needs_fault(self, name: str) -> None:
        if name not in self.sandbox.faults_known and name not in TRANSPORT_FAULTS:
            pytest.skip(f"{self.spec.name}'s sandbox has no fault {name!r}")

    # People in the vendor's screens

    def seed(self, amount: int) -> list[str]:
        """A person creates that many valid records, all in the same instant."""
        return [self.sandbox.human_create(self.object.name, self.valid()) for _ in range(amount)]

    def valid(self, **fields: Any) -> dict[str, Any]:
        """Vendor fields of the next valid record."""
        return {**self.object.make(next(self.numbers)), **fields}

    def edit(self, record_id: str, text: str | None) -> None:
        self.sandbox.human_edit(self.object.name, record_id, {self.object.text_field: text})

    def rows(self) -> dict[str, dict[str, Any]]:
        return self.sandbox.rows(self.object.name)

    def text(self, record_id: str) -> Any:
        return self.rows()[record_id].get(self.object.text_field)

    def keyed(self, value: str) -> list[str]:
        """Ids of the records that truly carry this hub key."""
        return [i for i, fields in self.rows().items() if fields.get(self.object.key_field) == value]

    def later(self, *, seconds: float = 0, minutes: float = 0) -> None:
        self.sandbox.clock.advance(timedelta(seconds=seconds, minutes=minutes))

    # The hub

    @property
    def query(self) -> ReadQuery:
        fields = (self.object.text_field, self.object.key_field)
        return ReadQuery(object=self.object.name, fields=fields, page_size=PAGE_SIZE)

    async def patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """What `call` gives in the end, when pauses are kept that the vendor asks for."""
        for _ in range(MAX_PAUSES):
            try:
                return await call()
            except RateLimited as pause:
                self.later(seconds=pause.retry_after or 10)
        raise AssertionError(f"{self.spec.name} asks for pauses without end")

    async def read(self, cursor: str | None = None, *, query: ReadQuery | None = None) -> Reading:
        """One whole run of reads, from `cursor` to its end."""
        reads, reading = self.reads, Reading(cursor=cursor)
        for _ in range(1000):
            page = await self.patiently(lambda: reads.read_page(query or self.query, reading.cursor))
            reading.take(page)
            if page.done:
                return reading
        raise AssertionError(f"Reading {self.object.name} does not end")

    async def write(self, *ops: WriteOp) -> Sequence[WriteOutcome]:
        writes = self.writes
        return await self.patiently(lambda: writes.write(self.object.name, ops))

    async def create(self, key: str, fields: Mapping[str, Any] | None = None) -> str:
        """A record created through the connector; its id."""
        return done((await self.write(self.creation(key, fields)))[0]).remote_id

    def creation(self, key: str, fields: Mapping[str, Any] | None = None) -> WriteOp:
        return create((self.object.key_field, key), self.valid() if fields is None else fields)

    async def warm_up(self) -> None:
        """Fetch tokens and schemas, so that a fault armed next meets the request it is meant for."""
        known = self.seed(1)
        await self.reads.read_many(self.object.name, known, self.query.fields)
        await self.reads.read_page(self.query, None)


def done(outcome: WriteOutcome) -> Written:
    """The outcome of a row that was written."""
    assert isinstance(outcome, Written), f"{type(outcome).__name__}: {outcome}"
    return outcome


def failed(outcome: WriteOutcome) -> RemoteError:
    """The outcome of a row that was not."""
    assert isinstance(outcome, RemoteError), f"expected an error, got {outcome}"
    return outcome
