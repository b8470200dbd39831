"""Opens connectors on sandboxes, for contract tests, connector tests, demos and trials."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from tenacity import wait_none

from hub.sdk.auth import MemoryTokenStore
from hub.sdk.capabilities import Closes, Reads
from hub.sdk.clock import Clock
from hub.sdk.connector import ConnectorContext, ConnectorSpec, OpenConnector, TokenStore
from hub.sdk.http import MAX_RESPONSE_BYTES, Budget, open_http
from hub.sdk.records import Deletion, JsonValue, Page, ReadQuery, RemoteRecord, WriteOp
from hub.sdk.sandbox import Sandbox
from hub.sdk.sandbox.app import build_app
from hub.sdk.sandbox.serve import SandboxServer


@asynccontextmanager
async def open_sandboxed(
    spec: ConnectorSpec,
    target: Sandbox | SandboxServer,
    *,
    settings: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    tokens: TokenStore | None = None,
    budget: Budget | None = None,
    max_response_bytes: int = MAX_RESPONSE_BYTES,
) -> AsyncIterator[OpenConnector]:
    """The connector, connected to a sandbox: over the wire to a server, or in process to the sandbox itself.

    `settings` replaces single values of what the sandbox tells an operator to type; the clock is the sandbox's own
    unless given. Nothing waits between tries of a broken request.
    """
    sandbox, transport = _reach(target)
    http = open_http(
        budget=budget,
        allow_private=True,
        ca_file=target.ca_file if isinstance(target, SandboxServer) else None,
        max_response_bytes=max_response_bytes,
        retry_wait=wait_none(),
        transport=transport,
    )
    typed = {**sandbox.settings(sandbox.base_url), **(settings or {})}
    context = ConnectorContext(http=http, tokens=tokens or MemoryTokenStore(), clock=clock or sandbox.clock)
    connector = spec.open(spec.settings.model_validate(typed), context)
    try:
        yield connector
    finally:
        if isinstance(connector, Closes):
            await connector.close()
        await http.close()


def _reach(target: Sandbox | SandboxServer) -> tuple[Sandbox, httpx.AsyncBaseTransport | None]:
    if isinstance(target, SandboxServer):
        return target.sandbox, None
    target.base_url = target.base_url or f"https://{target.name}.test"
    return target, httpx.ASGITransport(app=build_app(target))


@dataclass(slots=True)
class Reading:
    """Everything that one run of reads saw, in order; `cursor` is where the next run begins."""

    records: list[RemoteRecord] = field(default_factory=list)
    deletions: list[Deletion] = field(default_factory=list)
    pages: int = 0
    reread: int = 0
    cursor: str | None = None
    complete_scan: bool = False

    def take(self, page: Page) -> None:
        """Add the next page."""
        self.records += page.records
        self.deletions += page.deletions
        self.pages += 1
        self.reread += page.reread
        self.cursor = page.cursor
        self.complete_scan = page.complete_scan

    @property
    def ids(self) -> list[str]:
        return [record.id for record in self.records]

    def latest(self, record_id: str) -> RemoteRecord:
        """The record as it was seen last; KeyError when it was not seen."""
        for record in reversed(self.records):
            if record.id == record_id:
                return record
        raise KeyError(record_id)


async def read_to_end(reads: Reads, query: ReadQuery, cursor: str | None = None, *, max_pages: int = 1000) -> Reading:
    """Read page after page until there is nothing more; AssertionError when that takes more than `max_pages`."""
    reading = Reading(cursor=cursor)
    for _ in range(max_pages):
        page = await reads.read_page(query, reading.cursor)
        reading.take(page)
        if page.done:
            return reading
    raise AssertionError(f"Reading {query.object} does not end: {max_pages} pages")


def create(key: tuple[str, str], fields: Mapping[str, JsonValue]) -> WriteOp:
    """A create that carries the hub's key: `key` = (unique field, value)."""
    return WriteOp(kind="create", key=key, fields=dict(fields), idempotency_key=f"create:{key[1]}")


def update(remote_id: str, fields: Mapping[str, JsonValue], *, precondition: str | None = None) -> WriteOp:
    """An update of the given fields, held to the version token `precondition`."""
    return WriteOp(
        kind="update",
        remote_id=remote_id,
        fields=dict(fields),
        precondition=precondition,
        idempotency_key=f"update:{remote_id}",
    )


def delete(remote_id: str) -> WriteOp:
    """A delete."""
    return WriteOp(kind="delete", remote_id=remote_id, fields={}, idempotency_key=f"delete:{remote_id}")
