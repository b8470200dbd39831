"""Tokens: static keys, OAuth by expiry, rotation, and a person's new refresh token."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.settings import HubSpotSettings
from hub.sdk.errors import AuthFailed
from hub.sdk.records import ReadQuery
from tests.connectors.hubspot.conftest import Bench, read_all

COMPANIES = ReadQuery("companies", ("name",))


async def test_token_refreshed_before_1800_s(bench: Bench, hubspot: HubSpotClient) -> None:
    for _ in range(12):
        await read_all(hubspot, COMPANIES)
        bench.later(seconds=600)

    grants = bench.sent("/token")
    assert 4 <= len(grants) <= 6
    assert "POST /oauth/2026-03/token" in bench.sandbox.calls
    assert bench.sandbox.faults.fired == {}
    # no request was ever refused: as many lists as reads that ask for one
    assert len(bench.sent("/objects/2026-03/companies")) == 12


async def test_rotated_refresh_token_is_the_one_used_next(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.sandbox.faults.set("rotate_refresh_token", True)
    for _ in range(3):
        await hubspot.check()
        bench.later(seconds=1800)

    assert (await hubspot.check()).id
    assert bench.store.token is not None
    assert bench.store.token["refresh_token"] in bench.sandbox.account.tokens.refresh_tokens


async def test_revoked_refresh_token_needs_a_person_and_a_new_one_is_enough(bench: Bench) -> None:
    hubspot = bench.connect()
    await hubspot.check()
    bench.sandbox.faults.arm("revoke_refresh_token")
    bench.later(seconds=1800)
    with pytest.raises(AuthFailed) as caught:
        await hubspot.check()
    bench.sandbox.account.tokens.refresh_tokens.add("typed-anew")

    healed = bench.connect(refresh_token="typed-anew")

    assert caught.value.code == "invalid_grant"
    assert (await healed.check()).id


async def test_static_key_asks_for_no_token(bench: Bench) -> None:
    assert (await bench.connect_with_key().check()).name == "HubSpot account 148210077"
    assert bench.sent("/token") == []


async def test_refused_static_key_is_auth_failed_at_once(bench: Bench) -> None:
    bench.sandbox.faults.arm("persistent_401", times=9)

    with pytest.raises(AuthFailed):
        await bench.connect_with_key().check()

    assert len(bench.requests) == 1


async def test_check_tells_when_the_time_zone_is_another(hubspot: HubSpotClient, bench: Bench) -> None:
    told = (await hubspot.check()).notes
    silent = (await bench.connect(time_zone="US/Eastern").check()).notes

    assert any("US/Eastern" in note for note in told)
    assert not any("US/Eastern" in note for note in silent)


@pytest.mark.parametrize(
    "typed",
    [
        {"auth": "access_token"},
        {"auth": "oauth", "client_id": "a", "client_secret": "b"},
        {"auth": "access_token", "access_token": "x", "time_zone": "Mars/Olympus"},
        {"auth": "access_token", "access_token": "x", "acces_token": "typo"},
    ],
)
def test_incomplete_settings_are_refused(typed: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        HubSpotSettings.model_validate(typed)


def test_secrets_are_not_shown() -> None:
    typed = {"auth": "access_token", "access_token": "pat-1234", "webhook_secret": "hook-1234"}

    settings = HubSpotSettings.model_validate(typed)

    assert isinstance(settings.access_token, SecretStr)
    assert "1234" not in repr(settings)


def test_limits_follow_the_kind_of_access_and_the_tier(bench: Bench, hubspot: HubSpotClient) -> None:
    limits = {(limit.kind, limit.pool): limit.amount for limit in hubspot.capabilities.limits}
    keyed = {(limit.kind, limit.pool): limit.amount for limit in bench.connect_with_key().capabilities.limits}

    assert limits == {("burst", ""): 110, ("burst", "search"): 5}
    assert keyed == {("burst", ""): 190, ("daily", ""): 625_000, ("burst", "search"): 5}
