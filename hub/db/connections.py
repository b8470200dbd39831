"""Connections: configured accounts of remote systems, with their encrypted settings and tokens and their state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class StoredConnection:
    """One configured account. `settings` is ciphertext. `rest_until`: nobody talks to the remote before.

    `begun_at`: when its first plan was applied; nothing is synced before.
    """

    id: int
    name: str
    system: str
    account_id: str | None
    state: str
    state_reason: str | None
    settings: bytes
    options: dict[str, Any]
    rest_until: datetime | None
    rest_reason: str | None
    down_since: datetime | None
    begun_at: datetime | None
    created_at: datetime


_COLUMNS = (
    "id, name, system, account_id, state, state_reason, settings, options, rest_until, rest_reason, down_since,"
    " begun_at, created_at"
)


async def add(
    tx: Tx, *, name: str, system: str, account_id: str | None, settings: bytes, options: Mapping[str, Any]
) -> StoredConnection:
    """Store a new connection. Raises psycopg.errors.UniqueViolation when the name is taken."""
    row = await tx.one(
        f"insert into connection (name, system, account_id, settings, options) values (%s, %s, %s, %s, %s)"
        f" returning {_COLUMNS}",
        name,
        system,
        account_id,
        settings,
        Jsonb(dict(options)),
    )
    assert row is not None
    return StoredConnection(**row)


async def note_sales_objects(tx: Tx, *, connection_id: int, objects: Sequence[str]) -> None:
    """Which of its objects bring direct sales and their accounts into the hub."""
    await tx.run(
        "update connection set sales_objects = %s where id = %s and sales_objects is distinct from %s",
        list(objects),
        connection_id,
        list(objects),
    )


async def by_name(tx: Tx, name: str) -> StoredConnection | None:
    row = await tx.one(f"select {_COLUMNS} from connection where name = %s and state <> 'retired'", name)
    return StoredConnection(**row) if row else None


async def by_id(tx: Tx, connection_id: int) -> StoredConnection | None:
    row = await tx.one(f"select {_COLUMNS} from connection where id = %s and state <> 'retired'", connection_id)
    return StoredConnection(**row) if row else None


async def active(tx: Tx) -> list[StoredConnection]:
    """Those that have begun and nobody has paused; some may rest."""
    rows = await tx.all(
        f"select {_COLUMNS} from connection where state = 'active' and begun_at is not null order by id"
    )
    return [StoredConnection(**row) for row in rows]


async def all_of(tx: Tx) -> list[StoredConnection]:
    rows = await tx.all(f"select {_COLUMNS} from connection where state <> 'retired' order by id")
    return [StoredConnection(**row) for row in rows]


async def change_settings(
    tx: Tx, *, connection_id: int, settings: bytes, options: Mapping[str, Any], account_id: str | None
) -> None:
    await tx.run(
        "update connection set settings = %s, options = %s, account_id = coalesce(%s, account_id), token = null,"
        " updated_at = now() where id = %s",
        settings,
        Jsonb(dict(options)),
        account_id,
        connection_id,
    )


async def begin(tx: Tx, *, connection_id: int, options: Mapping[str, Any] | None = None) -> bool:
    """Its first plan was applied: from now on it is synced. `options` are laid over those that are there, the first
    time only; False when it had begun before."""
    return bool(
        await tx.run(
            "update connection set begun_at = clock_timestamp(), options = options || %s where id = %s"
            " and begun_at is null",
            Jsonb(dict(options or {})),
            connection_id,
        )
    )


async def pause(tx: Tx, *, connection_id: int, reason: str) -> None:
    """Stop all work of the connection until a person resumes it."""
    await tx.run(
        "update connection set state = 'paused', state_reason = %s, updated_at = now()"
        " where id = %s and state = 'active'",
        reason,
        connection_id,
    )


async def resume(tx: Tx, *, connection_id: int) -> None:
    await tx.run(
        "update connection set state = 'active', state_reason = null, rest_until = null, rest_reason = null,"
        " failures = 0, down_since = null, probe_until = null, updated_at = now() where id = %s and state = 'paused'",
        connection_id,
    )


async def retire(tx: Tx, *, connection_id: int) -> None:
    """Forget the connection's credentials and keep its history; the name becomes free."""
    await tx.run(
        "update connection set state = 'retired', settings = '', token = null, name = name || ' (' || id || ')',"
        " updated_at = now() where id = %s",
        connection_id,
    )


async def rest_alone(tx: Tx, *, connection_id: int, delay: timedelta, reason: str) -> None:
    """Leave this connection alone for a while, for a reason of its own; others of its account go on."""
    await tx.run(
        "update connection set rest_until = greatest(rest_until, clock_timestamp() + %s), rest_reason = %s"
        " where id = %s",
        delay,
        reason,
        connection_id,
    )


async def load_token(tx: Tx, *, connection_id: int, lock: bool = False) -> bytes | None:
    row = await tx.one(f"select token from connection where id = %s{' for update' if lock else ''}", connection_id)
    return row["token"] if row else None


async def save_token(tx: Tx, *, connection_id: int, token: bytes) -> None:
    await tx.run("update connection set token = %s where id = %s", token, connection_id)
