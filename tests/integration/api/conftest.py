"""The API over the real database, with one Sample account connected."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI

from config.settings import Settings
from hub import registry
from hub.api import build_api
from hub.app import App
from hub.db import connections
from hub.db.session import Database
from hub.db.vault import Vault
from hub.engines import Engines
from hub.queue import Queue
from hub.sdk.connector import ConnectorSpec
from hub.sdk.http import RemoteHttp, open_http
from hub.sdk.sample import CONNECTOR
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.sandbox import SandboxClock
from hub.sdk.sandbox.app import build_app
from hub.services import connections as connecting
from hub.services.connections import OpenedConnection, Workshop, open_connection
from hub.services.keys import Role, create_key

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


@dataclass
class Woken:
    """A queue that remembers what it was asked for."""

    calls: list[tuple[str, int]] = field(default_factory=list)

    async def wake(self, name: str, connection_id: int, *, delay: timedelta = timedelta(0)) -> None:
        self.calls.append((name, connection_id))


@dataclass
class Api:
    """A client of each role, and what stands behind the API."""

    app: App
    asgi: FastAPI
    queue: Woken
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    viewer: httpx.AsyncClient
    anybody: httpx.AsyncClient

    async def all(self, sql: str, *params: object) -> list[dict[str, Any]]:
        async with self.app.db.transaction() as tx:
            return await tx.all(sql, *params)

    async def create(self, record_type: str = "partner", **fields: Any) -> dict[str, Any]:
        answer = await self.operator.post(f"/api/v1/records/{record_type}", json=fields)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@dataclass
class System:
    """A connected Sample account."""

    name: str
    sandbox: SampleSandbox
    opened: OpenedConnection


@pytest.fixture
async def api(database_url: str, engines: Engines, tmp_path: Path) -> AsyncIterator[Api]:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "partners.yaml").write_text(MAPPING)
    async with AsyncExitStack() as stack:
        db = await stack.enter_async_context(Database(database_url))
        shop = Workshop(
            db=db,
            vault=Vault([Fernet.generate_key().decode()]),
            mappings=tmp_path,
            budget_of=lambda _: None,
            allow_private=True,
        )
        queue = Woken()
        app = App(
            settings=Settings(home=tmp_path, public_url="https://hub.example"),
            engines=engines,
            db=db,
            shop=shop,
            queue=cast(Queue, queue),
        )
        asgi = build_api(app)
        clients = {role: await stack.enter_async_context(await _client(asgi, db, role)) for role in _ROLES}
        anybody = await stack.enter_async_context(_anonymous(asgi))
        yield Api(app, asgi, queue, **clients, anybody=anybody)


_ROLES: tuple[Role, ...] = ("admin", "operator", "viewer")


async def _client(asgi: FastAPI, db: Database, role: Role) -> httpx.AsyncClient:
    async with db.transaction() as tx:
        key = await create_key(tx, name=f"test {role}", role=role, actor="test")
    client = _anonymous(asgi)
    client.headers["Authorization"] = f"Bearer {key.secret}"
    return client


def _anonymous(asgi: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(asgi, raise_app_exceptions=False), base_url="http://inside:8090"
    )


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> SampleSandbox:
    """A Sample account that every connection of the system `sample` reaches, in process."""
    sandbox = SampleSandbox(seed=1, clock=SandboxClock())
    sandbox.base_url = "https://sample.test"
    sandbox.records.schema["partners"] |= {
        "tier": {"type": "picklist", "values": ["Registered", "Silver", "Gold", "Platinum"]},
        "country": {"type": "text"},
        "city": {"type": "text"},
        "parent": {"type": "reference", "references": ["partners"]},
    }

    def into_sandbox(**settings: Any) -> RemoteHttp:
        return open_http(**settings, transport=httpx.ASGITransport(build_app(sandbox)))

    def sample(name: str) -> ConnectorSpec:
        return CONNECTOR if name == "sample" else registry.connector(name)

    monkeypatch.setattr(connecting, "open_http", into_sandbox)
    monkeypatch.setattr(connecting, "connector", sample)
    return sandbox


@pytest.fixture
async def system(api: Api, sandbox: SampleSandbox) -> AsyncIterator[System]:
    """The Sample account as the connection `crm`, as if somebody had approved its first plan."""
    answer = await api.admin.post(
        "/api/v1/connections",
        json={"name": "crm", "system": "sample", "settings": sandbox.settings(sandbox.base_url)},
    )
    assert answer.status_code == 201, answer.text
    async with api.app.db.transaction() as tx:
        stored = await connections.by_name(tx, "crm")
        assert stored is not None
        await connections.begin(tx, connection_id=stored.id)
    opened = await open_connection(api.app.shop, stored)
    yield System("crm", sandbox, opened)
    await opened.close()


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that the answer is this problem, and give its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert body["type"] == f"urn:partnerhub:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


__all__ = ["Api", "System", "Woken", "problem"]
