"""Looking after connections: seen without their secrets, checked, described, changed, paused, resumed, retired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from hub.db import audit, connections
from hub.db.connections import StoredConnection
from hub.db.session import Tx
from hub.db.vault import SecretUnreadable
from hub.registry import broken_connectors, connectors
from hub.sdk.capabilities import Account, Checks, Describes, RemoteObject
from hub.services.connection_options import checked_options
from hub.services.connections import Workshop, checked_settings, connected, find_connection, refuse_unbegun
from hub.services.refusals import NotFound, NotNow, invalid


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection as it can be shown: of its settings only the names of those that are set."""

    name: str
    system: str
    account_id: str | None
    state: str
    state_reason: str | None
    settings_set: tuple[str, ...]
    options: dict[str, Any]
    rest_until: datetime | None
    rest_reason: str | None
    down_since: datetime | None
    begun_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SystemView:
    """A system, and what an operator has to type to connect it (JSON schema).

    `problem`: one sentence that says why its connector cannot be loaded; it has no settings then.
    """

    name: str
    title: str
    settings: dict[str, Any]
    problem: str | None = None


def list_systems() -> list[SystemView]:
    """Every connector there is: those that can be loaded first."""
    good = [
        SystemView(name, spec.title, spec.settings.model_json_schema()) for name, spec in sorted(connectors().items())
    ]
    return good + [SystemView(name, name, {}, problem) for name, problem in broken_systems().items()]


def broken_systems() -> dict[str, str]:
    """The connectors that cannot be loaded: one sentence each, by name."""
    return {
        name: f"The connector {name} cannot be loaded, so its connections do not work ({problem}):"
        f" correct connectors/{name} or install what it needs."
        for name, problem in sorted(broken_connectors().items())
    }


async def list_connections(shop: Workshop) -> list[ConnectionView]:
    async with shop.db.transaction() as tx:
        return [_view(shop, stored) for stored in await connections.all_of(tx)]


async def show_connection(shop: Workshop, *, name: str) -> ConnectionView:
    """Raises ConnectionUnknown."""
    return _view(shop, await find_connection(shop, name))


async def connection_id_of(tx: Tx, name: str | None) -> int | None:
    """For filters: None stays None. Raises NotFound."""
    if name is None:
        return None
    stored = await connections.by_name(tx, name)
    if stored is None:
        raise NotFound(f"There is no connection called {name!r}.")
    return stored.id


async def begun_connection(tx: Tx, name: str) -> int:
    """Of a connection that may be synced. Raises NotFound, and NotNow before its first plan was applied."""
    stored = await connections.by_name(tx, name)
    if stored is None:
        raise NotFound(f"There is no connection called {name!r}.")
    refuse_unbegun(stored)
    return stored.id


async def check_connection(shop: Workshop, *, name: str) -> Account:
    """Ask the system who we are. Raises ConnectionUnknown and RemoteErrors; nothing is changed."""
    stored = await find_connection(shop, name)
    async with connected(shop, stored) as opened:
        if isinstance(opened, Checks):
            return await opened.check()
    return Account(id=stored.account_id or name, name=name)


async def change_connection(
    shop: Workshop,
    *,
    name: str,
    settings: Mapping[str, Any],
    options: Mapping[str, Any] = MappingProxyType({}),
    actor: str,
) -> tuple[ConnectionView, Account]:
    """Lay `settings` and `options` over what is stored, check the result with the remote, then store it.

    None takes one away. The account must stay the same: another account is another connection.
    """
    stored = await find_connection(shop, name)
    merged = {k: v for k, v in {**shop.vault.open(stored.settings), **settings}.items() if v is not None}
    chosen = checked_options({**stored.options, **options})
    account, plain = await checked_settings(shop, system=stored.system, name=name, settings=merged, options=chosen)
    if stored.account_id is not None and account.id != stored.account_id:
        raise invalid(
            "settings",
            f"lead to the account {account.id}, and this connection is of {stored.account_id}: add a connection for it",
        )
    async with shop.db.transaction() as tx:
        await connections.change_settings(
            tx, connection_id=stored.id, settings=shop.vault.seal(plain), options=chosen, account_id=account.id
        )
        detail = {"settings": sorted(settings), "options": dict(options)}
        await audit.note(tx, actor=actor, action="connection_settings_changed", subject=name, detail=detail)
    return await show_connection(shop, name=name), account


async def pause_connection(shop: Workshop, *, name: str, reason: str, actor: str) -> ConnectionView:
    """No more work is done for it until somebody resumes it; what is to be done is kept."""
    stored = await find_connection(shop, name)
    if stored.state != "active":
        raise NotNow(f"{name} is {stored.state} already.")
    async with shop.db.transaction() as tx:
        await connections.pause(tx, connection_id=stored.id, reason=reason)
        await audit.note(tx, actor=actor, action="connection_paused", subject=name, detail={"reason": reason})
    return await show_connection(shop, name=name)


async def resume_connection(shop: Workshop, *, name: str, actor: str) -> ConnectionView:
    """Work goes on where it stopped. Raises NotNow for one that is not paused."""
    stored = await find_connection(shop, name)
    if stored.state != "paused":
        raise NotNow(f"{name} is not paused.")
    async with shop.db.transaction() as tx:
        await connections.resume(tx, connection_id=stored.id)
        await audit.note(tx, actor=actor, action="connection_resumed", subject=name)
    return await show_connection(shop, name=name)


async def retire_connection(shop: Workshop, *, name: str, actor: str) -> None:
    """Forget its credentials and stop for good; its history stays, its name becomes free."""
    stored = await find_connection(shop, name)
    async with shop.db.transaction() as tx:
        await connections.retire(tx, connection_id=stored.id)
        await audit.note(tx, actor=actor, action="connection_retired", subject=name)


async def discover_objects(shop: Workshop, *, name: str) -> Sequence[str]:
    """The remote objects that can be synced. Raises ConnectionUnknown, NotNow, RemoteErrors."""
    async with connected(shop, await find_connection(shop, name)) as opened:
        return sorted(await _describing(opened, name).objects())


async def describe_object(shop: Workshop, *, name: str, object_name: str) -> RemoteObject:
    """The object's fields as they are now."""
    async with connected(shop, await find_connection(shop, name)) as opened:
        return await _describing(opened, name).describe(object_name)


def _describing(opened: object, name: str) -> Describes:
    if not isinstance(opened, Describes):
        raise NotNow(f"The system of {name} cannot describe its objects.")
    return opened


def _view(shop: Workshop, stored: StoredConnection) -> ConnectionView:
    try:
        names = tuple(sorted(shop.vault.open(stored.settings)))
    except SecretUnreadable:
        names = ()
    return ConnectionView(
        name=stored.name,
        system=stored.system,
        account_id=stored.account_id,
        state=stored.state,
        state_reason=stored.state_reason,
        settings_set=names,
        options=stored.options,
        rest_until=stored.rest_until,
        rest_reason=stored.rest_reason,
        down_since=stored.down_since,
        begun_at=stored.begun_at,
        created_at=stored.created_at,
    )
