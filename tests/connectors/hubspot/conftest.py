"""An account in memory and open connections to it, over either family of paths."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.paths import API_VERSION, NUMBERED
from connectors.hubspot.sandbox import SANDBOX, HubSpotSandbox
from connectors.hubspot.settings import HubSpotSettings
from hub.sdk.auth import MemoryTokenStore
from hub.sdk.connector import ConnectorContext
from hub.sdk.errors import RemoteError
from hub.sdk.http import NoBudget, RemoteHttp, Usage
from hub.sdk.records import ReadQuery, RemoteRecord, WriteOp, WriteOutcome, Written
from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.app import build_app
from hub.sdk.testing import Reading, read_to_end

BASE = "https://hubspot.test"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
VERSIONS = [NUMBERED, API_VERSION, "2026-09"]


class SeenBudget(NoBudget):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[Usage] = []

    async def observe(self, usage: Usage) -> None:
        self.seen.append(usage)


@dataclass
class Bench:
    """A sandbox, its connection, and the requests that pass between them."""

    sandbox: HubSpotSandbox
    http: RemoteHttp
    budget: SeenBudget
    version: str = API_VERSION
    requests: list[httpx.Request] = field(default_factory=list)
    store: MemoryTokenStore = field(default_factory=MemoryTokenStore)

    def connect(self, **changed: Any) -> HubSpotClient:
        """Open a connection with the sandbox's settings, some of them changed."""
        settings = HubSpotSettings.model_validate(self.sandbox.settings(BASE) | changed)
        context = ConnectorContext(http=self.http, tokens=self.store, clock=self.sandbox.clock)
        return HubSpotClient(settings, context, version=self.version)

    def connect_with_key(self) -> HubSpotClient:
        """Open a connection with a service key."""
        settings = HubSpotSettings.model_validate(self.sandbox.static_settings(BASE))
        context = ConnectorContext(http=self.http, tokens=self.store, clock=self.sandbox.clock)
        return HubSpotClient(settings, context, version=self.version)

    def later(self, *, seconds: float) -> None:
        self.sandbox.clock.advance(timedelta(seconds=seconds))

    def companies(self, amount: int) -> list[str]:
        """Companies that a person creates, all in one instant while the clock stands."""
        return [self.sandbox.human_create("companies", {"name": f"Company {n}"}) for n in range(amount)]

    def sent(self, part: str) -> list[httpx.Request]:
        return [request for request in self.requests if part in request.url.path]

    async def api(self, method: str, path: str, *, json: Any = None) -> httpx.Response:
        """A call as any program could make it with the account's key."""
        key = self.sandbox.static_settings(BASE)["access_token"]
        content = httpx.Request(method, BASE, json=json).content if json is not None else None
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return await self.http.request(method, BASE + path, headers=headers, content=content)


@pytest.fixture
def sandbox() -> HubSpotSandbox:
    made = SANDBOX.make(clock=SandboxClock(START, frozen=True))
    assert isinstance(made, HubSpotSandbox)
    return made


@pytest.fixture
async def bench(sandbox: HubSpotSandbox) -> AsyncIterator[Bench]:
    budget, requests = SeenBudget(), list[httpx.Request]()

    async def note(request: httpx.Request) -> None:
        requests.append(request)

    transport = httpx.ASGITransport(app=build_app(sandbox))
    async with httpx.AsyncClient(transport=transport, event_hooks={"request": [note]}) as client:
        yield Bench(sandbox, RemoteHttp(client=client, budget=budget), budget, requests=requests)


@pytest.fixture
def hubspot(bench: Bench) -> HubSpotClient:
    return bench.connect()


async def read_all(client: HubSpotClient, query: ReadQuery, cursor: str | None = None) -> Reading:
    return await read_to_end(client, query, cursor)


async def read_one(client: HubSpotClient, object_name: str, record_id: str, *fields: str) -> RemoteRecord:
    [record] = (await client.read_many(object_name, [record_id], fields)).records
    return record


def create(key: tuple[str, str], **fields: Any) -> WriteOp:
    return WriteOp("create", fields, f"create:{key[1]}", key=key)


def update(remote_id: str, fields: dict[str, Any]) -> WriteOp:
    return WriteOp("update", fields, f"update:{remote_id}", remote_id=remote_id)


def done(outcome: WriteOutcome) -> Written:
    assert isinstance(outcome, Written), repr(outcome)
    return outcome


def failed(outcome: WriteOutcome) -> RemoteError:
    assert isinstance(outcome, RemoteError), repr(outcome)
    return outcome
