"""Secrets at rest: encrypted with the newest key, readable with every key that is still configured."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from hub.db import connections
from hub.db.session import Database


class SecretUnreadable(Exception):
    """Something was encrypted with a key that is no longer configured."""


class Vault:
    """Encrypts small JSON documents. The first key encrypts; the others only decrypt (rotation)."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("At least one secret key is needed.")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def seal(self, document: object) -> bytes:
        return self._fernet.encrypt(msgspec.json.encode(document))

    def open(self, sealed: bytes) -> Any:
        try:
            return msgspec.json.decode(self._fernet.decrypt(sealed))
        except InvalidToken:
            raise SecretUnreadable(
                "Stored credentials cannot be decrypted: add the key they were stored with to PARTNERHUB_SECRET_KEYS."
            ) from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same document under the newest key."""
        return self._fernet.rotate(sealed)


class StoredTokens:
    """One connection's token, encrypted in its row; the row's lock lets one process at a time refresh it."""

    def __init__(self, db: Database, vault: Vault, connection_id: int) -> None:
        self._db, self._vault, self._connection_id = db, vault, connection_id

    async def load(self) -> dict[str, object] | None:
        async with self._db.transaction() as tx:
            return self._read(await connections.load_token(tx, connection_id=self._connection_id))

    async def save(self, token: dict[str, object], *, replaces: dict[str, object] | None) -> bool:
        async with self._db.transaction() as tx:
            stored = self._read(await connections.load_token(tx, connection_id=self._connection_id, lock=True))
            if stored != replaces:
                return False
            await connections.save_token(tx, connection_id=self._connection_id, token=self._vault.seal(token))
            return True

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        async with self._db.transaction() as tx:
            await tx.run("select pg_advisory_xact_lock(hashtext('token'), %s)", self._connection_id)
            yield

    def _read(self, sealed: bytes | None) -> dict[str, object] | None:
        if not sealed:
            return None
        token: dict[str, object] = self._vault.open(sealed)
        return token
