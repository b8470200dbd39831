"""Connections: added after a successful check, opened for work, paused and resumed, their secrets never shown."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from collections.abc import Mapping as MappingOf
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import to_jsonable_python

from hub.budget import ConnectionBudget, at_priority
from hub.db import audit, connections, field_policies
from hub.db.connections import StoredConnection
from hub.db.session import Database
from hub.db.vault import StoredTokens, Vault
from hub.domain.matching import Weights, default_weights
from hub.mapping.load import load_system
from hub.mapping.model import Mapping
from hub.record.definition import RecordType
from hub.registry import connector
from hub.sdk.auth import MemoryTokenStore
from hub.sdk.capabilities import Account, Checks, Closes
from hub.sdk.clock import Clock, SystemClock
from hub.sdk.connector import ConnectorContext, ConnectorSpec, OpenConnector
from hub.sdk.http import Budget, RemoteHttp, open_http
from hub.services.connection_options import checked_options, creates, grace_of, registrations_of, scan_every
from hub.services.custom_fields import record_types
from hub.services.guards.policy import guards_of
from hub.services.objects import DESCRIBE_EVERY, OpenConnection
from hub.services.refusals import NotNow

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


class ConnectionUnknown(LookupError):
    """There is no connection of that name."""


class ConnectionRefused(ValueError):
    """The connection cannot be added as it was described; the message says what to correct."""


@dataclass(frozen=True)
class Workshop:
    """What is needed to open connections: shared by all doors and workers of a process."""

    db: Database
    vault: Vault
    mappings: Path
    budget_of: Callable[[StoredConnection], ConnectionBudget | None]
    clock: Clock = field(default_factory=SystemClock)
    allow_private: bool = False
    weights: Weights = field(default_factory=default_weights)


async def add_connection(
    shop: Workshop,
    *,
    name: str,
    system: str,
    settings: MappingOf[str, Any],
    options: MappingOf[str, Any],
    actor: str,
) -> tuple[StoredConnection, Account]:
    """Check the credentials against the remote first; store the connection only when they are good.

    `options`: see ConnectionOptions. Raises ConnectionRefused, ConnectorMissing, Invalid, RemoteErrors.
    """
    options = checked_options(options)
    if not _NAME.fullmatch(name):
        raise ConnectionRefused(
            "A connection's name has 1 to 63 lower-case letters, digits, - and _, and begins with a letter or digit."
        )
    account, plain = await checked_settings(shop, system=system, name=name, settings=settings, options=options)
    try:
        async with shop.db.transaction() as tx:
            stored = await connections.add(
                tx,
                name=name,
                system=system,
                account_id=account.id,
                settings=shop.vault.seal(plain),
                options=options,
            )
            await audit.note(tx, actor=actor, action="connection_added", subject=name, detail={"system": system})
    except psycopg.errors.UniqueViolation:
        raise ConnectionRefused(f"There is a connection called {name!r} already.") from None
    return stored, account


async def checked_settings(
    shop: Workshop, *, system: str, name: str, settings: MappingOf[str, Any], options: MappingOf[str, Any]
) -> tuple[Account, dict[str, Any]]:
    """Who answers under these settings, and the settings as they go into the vault.

    Raises ConnectionRefused, ConnectorMissing, RemoteErrors; nothing is stored, not even a token.
    """
    spec = connector(system)
    typed = _typed(spec, settings)
    http = _http(shop, options, None)
    opened = spec.open(typed, ConnectorContext(http=http, tokens=MemoryTokenStore(), clock=shop.clock))
    try:
        account = await opened.check() if isinstance(opened, Checks) else Account(id=name, name=name)
    finally:
        await _close(opened, http)
    return account, _plain(typed)


async def find_connection(shop: Workshop, name: str) -> StoredConnection:
    async with shop.db.transaction() as tx:
        stored = await connections.by_name(tx, name)
    if stored is None:
        raise ConnectionUnknown(f"There is no connection called {name!r}.")
    return stored


def refuse_unbegun(stored: StoredConnection) -> None:
    """Raises NotNow for a connection whose first sync nobody has approved yet."""
    if stored.begun_at is None:
        raise NotNow(
            f"{stored.name} waits for its first plan: partnerhub plan {stored.name} shows what its first sync would do,"
            " and partnerhub apply does it."
        )


async def open_connection(shop: Workshop, stored: StoredConnection) -> OpenedConnection:
    """Open a stored connection for work; the caller closes it. Raises MappingError."""
    async with shop.db.transaction() as tx:
        mappings = mappings_of(shop, stored, await record_types(tx))
        policies = await field_policies.in_force(tx)
        await connections.note_sales_objects(tx, connection_id=stored.id, objects=_sales_objects(mappings))
    opened, http = _open(shop, stored)
    sync = OpenConnection(
        id=stored.id,
        name=stored.name,
        system=stored.system,
        account_id=stored.account_id or stored.name,
        connector=opened,
        mappings=mappings,
        policies=policies,
        grace=grace_of(stored.options),
        describe_every=_describe_every(stored),
        scan_every=scan_every(stored.options),
        creates=creates(stored.options),
        guards=guards_of(stored.options),
        registrations=registrations_of(stored.options),
        weights=shop.weights,
    )
    return OpenedConnection(sync, http)


_SALES = ("opportunity", "activity", "organization")


def _sales_objects(mappings: MappingOf[str, Mapping]) -> list[str]:
    """Those that mirror what direct sales do; the rules of deal registration ask how fresh they are."""
    return sorted(name for name, mapping in mappings.items() if mapping.inbound and mapping.record.name in _SALES)


def _describe_every(stored: StoredConnection) -> timedelta:
    minutes = stored.options.get("describe_minutes")
    return timedelta(minutes=minutes) if isinstance(minutes, int) else DESCRIBE_EVERY


@asynccontextmanager
async def connected(shop: Workshop, stored: StoredConnection) -> AsyncIterator[OpenConnector]:
    """The stored connection's connector alone, for what needs no mapping and somebody waits for.

    Checks, descriptions, webhooks: what they ask of the system goes before all other work.
    """
    opened, http = _open(shop, stored)
    try:
        with at_priority("interactive"):
            yield opened
    finally:
        await _close(opened, http)


def mappings_of(shop: Workshop, stored: StoredConnection, types: dict[str, RecordType]) -> dict[str, Mapping]:
    """The connection's own mappings where it has some, else those of its system. Raises MappingError.

    `types`: the record types with the custom fields that are declared now (`custom_fields.record_types`).
    """
    own = stored.options.get("mappings")
    return load_system(Path(own) if own else shop.mappings, stored.system, types)


@dataclass(frozen=True)
class OpenedConnection:
    """An open connection with its HTTP client; use it as an async context manager."""

    sync: OpenConnection
    http: RemoteHttp

    async def close(self) -> None:
        await _close(self.sync.connector, self.http)

    async def __aenter__(self) -> OpenConnection:
        return self.sync

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _open(shop: Workshop, stored: StoredConnection) -> tuple[OpenConnector, RemoteHttp]:
    spec = connector(stored.system)
    settings = _typed(spec, shop.vault.open(stored.settings))
    budget = shop.budget_of(stored)
    http = _http(shop, stored.options, budget)
    tokens = StoredTokens(shop.db, shop.vault, stored.id)
    opened = spec.open(settings, ConnectorContext(http=http, tokens=tokens, clock=shop.clock))
    if budget:
        budget.declare(opened.capabilities.limits)
    return opened, http


async def _close(opened: OpenConnector, http: RemoteHttp) -> None:
    if isinstance(opened, Closes):
        await opened.close()
    await http.close()


def _typed(spec: ConnectorSpec, settings: MappingOf[str, Any]) -> BaseModel:
    try:
        return spec.settings.model_validate(dict(settings))
    except ValidationError as exc:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg'].removeprefix('Value error, ')}"
            for e in exc.errors(include_input=False, include_url=False)
        )
        raise ConnectionRefused(f"{spec.title}: {faults.rstrip('.')}.") from None


def _http(shop: Workshop, options: MappingOf[str, Any], budget: Budget | None) -> RemoteHttp:
    ca_file = options.get("ca_file")
    return open_http(
        budget=budget,
        allow_private=shop.allow_private or bool(options.get("allow_private")),
        ca_file=Path(ca_file) if ca_file else None,
    )


def _plain(settings: BaseModel) -> dict[str, Any]:
    """The settings with their secrets, as JSON: only ever given to the vault."""

    def reveal(value: Any) -> Any:
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        if isinstance(value, dict):
            return {key: reveal(item) for key, item in value.items()}
        return [reveal(item) for item in value] if isinstance(value, list | tuple) else to_jsonable_python(value)

    revealed: dict[str, Any] = reveal(settings.model_dump(mode="python", exclude_none=True))
    return revealed
