"""Token refresh: one at a time, and none lost to a crash."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from hub.sdk.auth import MemoryTokenStore, Token, TokenSource
from hub.sdk.errors import AuthFailed, OutcomeUnknown, RateLimited
from hub.sdk.sandbox import SandboxClock

START = datetime(2026, 11, 22, 9, tzinfo=UTC)


class RotatingVendor:
    """Hands out access tokens against refresh tokens that are good for one use."""

    def __init__(self, clock: SandboxClock) -> None:
        self.clock = clock
        self.refreshes = 0
        self.valid = "refresh-0"
        self.lose_answers = 0

    async def fetch(self, token: Token | None) -> Token:
        await asyncio.sleep(0)
        if token is not None and token["refresh"] != self.valid:
            raise AuthFailed("The refresh token is not valid.", code="invalid_grant", status=400)
        self.refreshes += 1
        self.valid = f"refresh-{self.refreshes}"
        if self.lose_answers:
            self.lose_answers -= 1
            raise OutcomeUnknown("No answer.")
        expires_at = (self.clock.now() + timedelta(minutes=30)).isoformat()
        return {"access": f"access-{self.refreshes}", "refresh": self.valid, "expires_at": expires_at}


@pytest.fixture
def clock() -> SandboxClock:
    return SandboxClock(START, frozen=True)


@pytest.fixture
def vendor(clock: SandboxClock) -> RotatingVendor:
    return RotatingVendor(clock)


@pytest.fixture
def store() -> MemoryTokenStore:
    return MemoryTokenStore()


@pytest.fixture
def tokens(store: MemoryTokenStore, clock: SandboxClock, vendor: RotatingVendor) -> TokenSource:
    return TokenSource(store=store, clock=clock, fetch=vendor.fetch)


async def test_first_get_fetches_and_stores(
    tokens: TokenSource, store: MemoryTokenStore, vendor: RotatingVendor
) -> None:
    token = await tokens.get()

    assert token["access"] == "access-1"
    assert store.token == token
    assert await tokens.get() == token
    assert vendor.refreshes == 1


async def test_token_is_replaced_before_it_expires(
    tokens: TokenSource, clock: SandboxClock, vendor: RotatingVendor
) -> None:
    await tokens.get()

    clock.advance(timedelta(minutes=29))

    assert (await tokens.get())["access"] == "access-2"
    assert vendor.refreshes == 2


async def test_token_without_expiry_is_kept_until_the_vendor_refuses_it(
    clock: SandboxClock, vendor: RotatingVendor
) -> None:
    tokens = TokenSource(
        store=MemoryTokenStore({"access": "a", "refresh": "refresh-0"}), clock=clock, fetch=vendor.fetch
    )
    clock.advance(timedelta(days=3650))

    assert (await tokens.get())["access"] == "a"


async def test_fifty_callers_make_one_refresh(tokens: TokenSource, vendor: RotatingVendor) -> None:
    stale = await tokens.get()

    renewed = await asyncio.gather(*(tokens.renew(stale) for _ in range(50)))

    assert {token["access"] for token in renewed} == {"access-2"}
    assert vendor.refreshes == 2


async def test_fifty_processes_make_one_refresh(
    store: MemoryTokenStore, clock: SandboxClock, vendor: RotatingVendor
) -> None:
    processes = [TokenSource(store=store, clock=clock, fetch=vendor.fetch) for _ in range(50)]

    found = await asyncio.gather(*(process.get() for process in processes))

    assert {token["access"] for token in found} == {"access-1"}
    assert vendor.refreshes == 1


async def test_new_token_is_stored_before_its_first_use(
    tokens: TokenSource, store: MemoryTokenStore, clock: SandboxClock, vendor: RotatingVendor
) -> None:
    renewed = await tokens.renew(await tokens.get())

    assert await TokenSource(store=store, clock=clock, fetch=vendor.fetch).get() == renewed


async def test_crash_before_the_vendor_acted_costs_nothing(
    tokens: TokenSource, store: MemoryTokenStore, clock: SandboxClock, vendor: RotatingVendor
) -> None:
    stale = await tokens.get()

    async def dies(_: Token | None) -> Token:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await TokenSource(store=store, clock=clock, fetch=dies).renew(stale)

    assert (await tokens.get())["access"] == "access-2"


async def test_crash_between_rotated_refresh_and_save_is_told_to_a_person(
    tokens: TokenSource, store: MemoryTokenStore, clock: SandboxClock, vendor: RotatingVendor
) -> None:
    stale = await tokens.get()
    vendor.lose_answers = 1
    with pytest.raises(OutcomeUnknown):
        await tokens.renew(stale)

    with pytest.raises(AuthFailed) as failure:
        await TokenSource(store=store, clock=clock, fetch=vendor.fetch).get()

    assert "2026-11-22T09:00:00" in failure.value.message
    assert "Authorise the connection again" in failure.value.message
    assert vendor.refreshes == 2


async def test_plain_refusal_is_not_called_a_crash(tokens: TokenSource, vendor: RotatingVendor) -> None:
    stale = await tokens.get()
    vendor.valid = "revoked"

    for _ in range(2):
        with pytest.raises(AuthFailed, match="The refresh token is not valid"):
            await tokens.renew(stale)


async def test_throttled_refresh_leaves_the_stored_token_as_it_was(
    tokens: TokenSource, store: MemoryTokenStore, clock: SandboxClock
) -> None:
    stale = await tokens.get()

    async def throttled(_: Token | None) -> Token:
        raise RateLimited("Slow down.")

    with pytest.raises(RateLimited):
        await TokenSource(store=store, clock=clock, fetch=throttled).renew(stale)

    assert store.token == stale


async def test_token_that_an_operator_typed_meanwhile_wins(store: MemoryTokenStore, clock: SandboxClock) -> None:
    store.token = {"access": "old"}

    async def overtaken(_: Token | None) -> Token:
        store.token = {"access": "typed by the operator"}
        return {"access": "refreshed"}

    renewed = await TokenSource(store=store, clock=clock, fetch=overtaken).renew({"access": "old"})

    assert renewed == {"access": "typed by the operator"}
    assert store.token == renewed
