"""An org in memory and an open connection to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.salesforce import CONNECTOR
from connectors.salesforce.client import Salesforce
from connectors.salesforce.sandbox import SANDBOX
from connectors.salesforce.sandbox.emulator import SalesforceSandbox
from hub.sdk.auth import MemoryTokenStore
from hub.sdk.connector import ConnectorContext
from hub.sdk.http import NoBudget, RemoteHttp, Usage
from hub.sdk.records import Page, ReadQuery
from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.app import build_app

BASE = "http://salesforce.localhost"
START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


class SeenBudget(NoBudget):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[Usage] = []

    async def observe(self, usage: Usage) -> None:
        self.seen.append(usage)


@dataclass
class Wire:
    """The requests and responses that passed, in order."""

    requests: list[httpx.Request] = field(default_factory=list)

    def named(self, part: str) -> list[httpx.Request]:
        return [request for request in self.requests if part in request.url.path]


@dataclass
class Bench:
    """A sandbox, a connection, and all that passes between them."""

    sandbox: SalesforceSandbox
    http: RemoteHttp
    store: MemoryTokenStore
    wire: Wire
    budget: SeenBudget

    def connect(self, **changed: Any) -> Salesforce:
        """Open a connection with the sandbox's settings, some of them changed."""
        settings = CONNECTOR.settings.model_validate(self.sandbox.settings(BASE) | changed)
        context = ConnectorContext(http=self.http, tokens=self.store, clock=self.sandbox.clock)
        opened = CONNECTOR.open(settings, context)
        assert isinstance(opened, Salesforce)
        return opened

    def accounts(self, count: int, **fields: Any) -> list[str]:
        """Live accounts, all with the same stamp while the clock stands."""
        return [self.sandbox.human_create("Account", {"Name": f"Account {n}", **fields}) for n in range(count)]


@pytest.fixture
def sandbox() -> SalesforceSandbox:
    made = SANDBOX.make(clock=SandboxClock(START, frozen=True))
    assert isinstance(made, SalesforceSandbox)
    made.base_url = BASE
    return made


@pytest.fixture
async def bench(sandbox: SalesforceSandbox) -> AsyncIterator[Bench]:
    wire, budget = Wire(), SeenBudget()

    async def note(request: httpx.Request) -> None:
        wire.requests.append(request)

    transport = httpx.ASGITransport(app=build_app(sandbox))
    async with httpx.AsyncClient(transport=transport, event_hooks={"request": [note]}) as client:
        http = RemoteHttp(client=client, budget=budget)
        yield Bench(sandbox, http, MemoryTokenStore(), wire, budget)


@pytest.fixture
def salesforce(bench: Bench) -> Salesforce:
    return bench.connect()


async def read_run(
    salesforce: Salesforce, query: ReadQuery, cursor: str | None = None, *, most: int = 1000
) -> list[Page]:
    """All pages of one run."""
    pages: list[Page] = []
    for _ in range(most):
        pages.append(await salesforce.read_page(query, cursor))
        cursor = pages[-1].cursor
        if pages[-1].done:
            return pages
    raise AssertionError(f"not done after {most} pages")


def ids_of(pages: list[Page]) -> list[str]:
    return [record.id for page in pages for record in page.records]


async def api(
    bench: Bench, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """A call to the sandbox as any client could make it, signed in."""
    settings = bench.sandbox.settings(BASE)
    form = {
        "grant_type": settings["auth"],
        "client_id": settings["client_id"],
        "client_secret": settings["client_secret"],
    }
    answer = await bench.http.request("POST", f"{BASE}/services/oauth2/token", data=form)
    token = answer.json()["access_token"]
    content = httpx.Request(method, BASE, json=json).content if json is not None else None
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
    return await bench.http.request(method, f"{BASE}/services/data/v62.0{path}", headers=sent, content=content)
