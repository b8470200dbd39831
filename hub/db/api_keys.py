"""API keys: only their hashes are stored."""

from __future__ import annotations

from psycopg.rows import DictRow

from hub.db.session import Tx


async def add(tx: Tx, *, name: str, prefix: str, hash_: str, role: str) -> int:
    """Raises psycopg.errors.UniqueViolation when the name (or prefix) is taken."""
    row = await tx.one(
        "insert into api_key (name, prefix, hash, role) values (%s, %s, %s, %s) returning id", name, prefix, hash_, role
    )
    assert row is not None
    return int(row["id"])


async def by_prefix(tx: Tx, prefix: str) -> DictRow | None:
    """A key that was not revoked."""
    return await tx.one("select * from api_key where prefix = %s and revoked_at is null", prefix)


async def all_of(tx: Tx) -> list[DictRow]:
    return await tx.all("select id, name, prefix, role, created_at, revoked_at from api_key order by id")


async def revoke(tx: Tx, key_id: int) -> bool:
    return bool(await tx.run("update api_key set revoked_at = now() where id = %s and revoked_at is null", key_id))


async def lock(tx: Tx) -> None:
    """Until the transaction ends nobody else makes or revokes keys."""
    await tx.run("lock table api_key in share row exclusive mode")
