"""Tokens that expire: one refresh at a time over all processes, and none lost to a crash.

A refresh with rotation is the dangerous moment: the vendor has used up the old refresh token, and the new one is not
saved yet. So an intent is stored before the refresh. Whoever finds one knows that an earlier refresh did not end; the
stored refresh token is tried once more, and when the vendor refuses it, a person is told what happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from hub.sdk.clock import Clock
from hub.sdk.connector import TokenStore
from hub.sdk.errors import AuthFailed, RateLimited

Token = dict[str, object]

# Token keys the hub reads; all others belong to the connector. `expires_at` is ISO text, aware.
EXPIRES_AT = "expires_at"
_INTENT = "refresh_started_at"

_LOST = (
    "The refresh token is used up: an earlier token refresh began at {at} and broke off before the new token was "
    "saved, and the vendor now refuses the old one. Authorise the connection again."
)


class TokenSource:
    """The current token of one connection.

    `fetch` gets the stored token (None at first) and returns the next one; it raises AuthFailed with
    `code="invalid_grant"` when the vendor refuses the refresh token. `early` is how long before `expires_at` a token
    is replaced.
    """

    def __init__(
        self,
        *,
        store: TokenStore,
        clock: Clock,
        fetch: Callable[[Token | None], Awaitable[Token]],
        early: timedelta = timedelta(minutes=2),
    ) -> None:
        self._store = store
        self._clock = clock
        self._fetch = fetch
        self._early = early
        self._turn = asyncio.Lock()

    async def get(self) -> Token:
        """A token that is not known to be stale; fetched or refreshed when there is none, or it expires soon."""
        stored = await self._store.load()
        if stored is not None and self._usable(stored):
            return _plain(stored)
        return await self._refresh(lambda token: token is not None and self._usable(token))

    async def renew(self, stale: Token) -> Token:
        """A token other than `stale`, which the vendor has refused: somebody else's newer one, or a fresh one."""
        return await self._refresh(lambda token: token is not None and self._usable(token) and token != stale)

    def _usable(self, token: Token) -> bool:
        if _INTENT in token:
            return False
        expires_at = token.get(EXPIRES_AT)
        return expires_at is None or datetime.fromisoformat(str(expires_at)) - self._early > self._clock.now()

    async def _refresh(self, good: Callable[[Token | None], bool]) -> Token:
        async with self._alone():
            stored = await self._store.load()
            if stored is not None and good(stored):
                return stored
            intent = await self._announce(stored)
            fresh = await self._fetch_after(stored, intent)
            if await self._store.save(fresh, replaces=intent):
                return fresh
            return await self._saved_by_another()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._turn, self._store.lock():
            yield

    async def _announce(self, stored: Token | None) -> Token | None:
        """Store that a refresh begins; what is stored from now on."""
        if stored is None:
            return None
        intent = {**_plain(stored), _INTENT: self._clock.now().isoformat()}
        await self._store.save(intent, replaces=stored)
        return intent

    async def _fetch_after(self, stored: Token | None, intent: Token | None) -> Token:
        try:
            return await self._fetch(None if stored is None else _plain(stored))
        except (AuthFailed, RateLimited) as exc:
            await self._withdraw(stored, intent)
            if stored is not None and _INTENT in stored and exc.code == "invalid_grant":
                raise AuthFailed(_LOST.format(at=stored[_INTENT]), code=exc.code, status=exc.status) from exc
            raise

    async def _withdraw(self, stored: Token | None, intent: Token | None) -> None:
        """The vendor said no: this try has used up nothing. Any other failure leaves that open, and the intent too."""
        if stored is not None and intent is not None:
            await self._store.save(stored, replaces=intent)

    async def _saved_by_another(self) -> Token:
        """An operator replaced the token meanwhile: theirs counts."""
        stored = await self._store.load()
        if stored is None:
            raise AuthFailed("The connection's token was removed while it was being refreshed. Authorise it again.")
        return _plain(stored)


class MemoryTokenStore:
    """Tokens of one process, for tests and trials."""

    def __init__(self, token: Token | None = None) -> None:
        self.token = token
        self._lock = asyncio.Lock()

    async def load(self) -> Token | None:
        return None if self.token is None else dict(self.token)

    async def save(self, token: Token, *, replaces: Token | None) -> bool:
        if self.token != replaces:
            return False
        self.token = dict(token)
        return True

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        async with self._lock:
            yield


def _plain(token: Token) -> Token:
    """The token as the connector knows it."""
    return {key: value for key, value in token.items() if key != _INTENT}
