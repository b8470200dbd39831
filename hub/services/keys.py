"""API keys: made once and shown once, hashed at rest, checked fast."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.db import api_keys, audit
from hub.db.session import Database, Tx
from hub.services.refusals import Duplicate, NotFound, invalid

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

BOOTSTRAP_NAME = "first admin"
_FORM = re.compile(r"ph_([0-9a-f]{12})_([0-9a-f]{48})", re.ASCII)
# The secret has 192 random bits, so the hash need not be slow against guessing: it must only not be reversible.
_hasher = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
_NOBODY = _hasher.hash(secrets.token_hex(24))


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what they may do."""

    key_id: int
    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Each role may do everything that the ones before it may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    @property
    def actor(self) -> str:
        """As changes and the audit trail name it."""
        return f"key {self.name}"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; `secret` is the whole text to send, and cannot be shown again."""

    id: int
    name: str
    role: Role
    secret: str


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it can be shown."""

    id: int
    name: str
    role: Role
    prefix: str
    created_at: datetime
    revoked_at: datetime | None


async def create_key(tx: Tx, *, name: str, role: Role, actor: str) -> NewKey:
    """Make a key. Raises Duplicate when the name was used before."""
    if not name.strip() or len(name) > 100:
        raise invalid("name", "must have 1 to 100 characters")
    prefix, secret = secrets.token_hex(6), secrets.token_hex(24)
    hash_ = await asyncio.to_thread(_hasher.hash, secret)
    try:
        key_id = await api_keys.add(tx, name=name, prefix=prefix, hash_=hash_, role=role)
    except psycopg.errors.UniqueViolation:
        raise Duplicate(f"There is or was a key called {name!r}; take another name.") from None
    await audit.note(tx, actor=actor, action="key_created", subject=name, detail={"role": role})
    return NewKey(key_id, name, role, f"ph_{prefix}_{secret}")


async def ensure_admin_key(db: Database) -> NewKey | None:
    """The first admin key, once in the life of a database; None when there is or was any key."""
    async with db.transaction() as tx:
        await api_keys.lock(tx)
        if await api_keys.all_of(tx):
            return None
        return await create_key(tx, name=BOOTSTRAP_NAME, role="admin", actor="hub")


async def list_keys(tx: Tx) -> list[KeyView]:
    return [KeyView(**row) for row in await api_keys.all_of(tx)]


async def revoke_key(tx: Tx, *, key_id: int, actor: str) -> None:
    """Within half a minute no process accepts the key any more. The last admin key cannot be revoked."""
    await api_keys.lock(tx)
    living = {key.id: key for key in await list_keys(tx) if key.revoked_at is None}
    if key_id not in living:
        raise NotFound("There is no such key in force.")
    if living[key_id].role == "admin" and sum(key.role == "admin" for key in living.values()) == 1:
        raise invalid("key", "is the last admin key; make another one first")
    await api_keys.revoke(tx, key_id)
    await audit.note(tx, actor=actor, action="key_revoked", subject=living[key_id].name)


class KeyRing:
    """Recognises keys. One that was just verified is known for a short time, so that requests stay fast."""

    def __init__(self, db: Database, *, seconds: float = 30, clock: Callable[[], float] = time.monotonic) -> None:
        self._db, self._seconds, self._clock = db, seconds, clock
        self._known: dict[bytes, tuple[float, Principal]] = {}

    def remembered(self, text: str) -> Principal | None:
        """Who this is, when it was verified a moment ago."""
        known = self._known.get(_digest(text))
        return known[1] if known is not None and known[0] > self._clock() else None

    async def identify(self, text: str) -> Principal | None:
        """Who this is; None for a key that is wrong, unknown or revoked. Takes equally long for each of these."""
        if known := self.remembered(text):
            return known
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        async with self._db.transaction() as tx:
            row = await api_keys.by_prefix(tx, match[1])
        good = await asyncio.to_thread(_verifies, row["hash"] if row else _NOBODY, match[2])
        if row is None or not good:
            return None
        principal = Principal(row["id"], row["name"], row["role"])
        self._remember(text, principal)
        return principal

    def forget(self, key_id: int) -> None:
        """The key was revoked: this process does not accept it any more."""
        self._known = {digest: entry for digest, entry in self._known.items() if entry[1].key_id != key_id}

    def _remember(self, text: str, principal: Principal) -> None:
        now = self._clock()
        self._known = {digest: entry for digest, entry in self._known.items() if entry[0] > now}
        self._known[_digest(text)] = (now + self._seconds, principal)


def _verifies(hash_: str, secret: str) -> bool:
    try:
        return _hasher.verify(hash_, secret)
    except (VerificationError, InvalidHashError):
        return False


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
