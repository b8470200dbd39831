"""Signing in: three grants, expiry, rotation, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.salesforce.client import Salesforce
from connectors.salesforce.sandbox.oauth import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, USERNAME
from connectors.salesforce.settings import SalesforceSettings
from hub.sdk.errors import AuthFailed, RateLimited, Unavailable
from hub.sdk.http import Usage
from hub.sdk.records import WriteOp, Written
from tests.connectors.salesforce.conftest import Bench

REFRESH = {
    "auth": "refresh_token",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": REFRESH_TOKEN,
}


def jwt_settings(bench: Bench, **changed: str) -> dict[str, str | None]:
    settings: dict[str, str | None] = {
        "auth": "jwt_bearer",
        "client_id": CLIENT_ID,
        "client_secret": None,
        "username": USERNAME,
        "private_key": bench.sandbox.org.oauth.private_key(),
    }
    return {**settings, **changed}


async def test_each_grant_signs_in(bench: Bench) -> None:
    grants: list[Mapping[str, Any]] = [
        {},
        REFRESH,
        jwt_settings(bench),
        jwt_settings(bench, audience="https://test.salesforce.com"),
    ]

    names = [(await bench.connect(**grant).check()).name for grant in grants]

    assert names == ["Sandbox Org"] * 4


@pytest.mark.parametrize(
    "changed",
    [{"client_secret": "wrong"}, {"client_id": "nobody"}, REFRESH | {"refresh_token": "stolen"}],
)
async def test_a_refused_sign_in_is_auth_failed_and_keeps_secrets_out(bench: Bench, changed: dict[str, str]) -> None:
    with pytest.raises(AuthFailed) as raised:
        await bench.connect(**changed).check()

    assert raised.value.code in ("invalid_client", "invalid_client_id", "invalid_grant")
    assert "wrong" not in str(raised.value)
    assert "stolen" not in str(raised.value)


@pytest.mark.parametrize("changed", [{"audience": "https://example.com"}, {"username": "someone@else"}])
async def test_a_jwt_for_another_audience_or_user_is_refused(bench: Bench, changed: dict[str, str]) -> None:
    with pytest.raises(AuthFailed):
        await bench.connect(**jwt_settings(bench, **changed)).check()


async def test_a_key_that_is_no_pem_is_named_before_any_request(bench: Bench) -> None:
    with pytest.raises(AuthFailed, match="PEM"):
        await bench.connect(**jwt_settings(bench, private_key="not a key")).check()

    assert not bench.wire.requests


async def test_one_session_serves_all_calls_and_every_opening(bench: Bench) -> None:
    await bench.connect().check()
    await bench.connect().check()

    assert len(bench.wire.named("/oauth2/token")) == 1


async def test_a_session_of_other_settings_is_never_used(bench: Bench) -> None:
    await bench.connect().check()

    await bench.connect(**REFRESH).check()

    assert len(bench.wire.named("/oauth2/token")) == 2


async def test_refresh_after_401_keeps_conditional_headers(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1)
    await salesforce.check()
    bench.sandbox.faults.arm("expire_token")
    op = WriteOp("update", {"Phone": "1"}, "k", remote_id=account, precondition="2026-11-01T12:00:00.000+0000")

    (outcome,) = await salesforce.write("Account", [op])

    first, second = bench.wire.named("/composite")
    assert outcome == Written(account)
    assert first.content == second.content
    assert b'"If-Unmodified-Since":"Sun, 01 Nov 2026 12:00:00 GMT"' in first.content
    different = {name for name in first.headers if first.headers[name] != second.headers[name]}
    assert different == {"authorization"}
    assert set(first.headers) == set(second.headers)


async def test_persistent_401_stops_after_one_refresh(bench: Bench, salesforce: Salesforce) -> None:
    await salesforce.check()
    sent = len(bench.wire.requests)
    bench.sandbox.faults.arm("persistent_401", times=99)

    with pytest.raises(AuthFailed):
        await salesforce.describe("Account")

    paths = [request.url.path.rsplit("/", 1)[1] for request in bench.wire.requests[sent:]]
    assert paths == ["describe", "token", "describe"]


async def test_a_rotated_refresh_token_is_stored_and_used_next(bench: Bench) -> None:
    bench.sandbox.faults.set("rotate_refresh_token", True)
    salesforce = bench.connect(**REFRESH)

    for _ in range(3):
        await salesforce.check()
        bench.sandbox.faults.arm("expire_token")

    assert bench.store.token is not None
    assert bench.store.token["refresh_token"] != REFRESH_TOKEN
    assert len(bench.wire.named("/oauth2/token")) == 3


async def test_crash_between_rotated_refresh_and_persist(bench: Bench) -> None:
    bench.sandbox.faults.set("rotate_refresh_token", True)
    await bench.connect(**REFRESH).check()
    before = dict(bench.store.token or {})
    bench.sandbox.faults.arm("expire_token")
    await bench.connect(**REFRESH).check()
    saved = dict(bench.store.token or {})
    bench.store.token = before  # the process died before the new token was saved

    bench.sandbox.faults.arm("expire_token")
    with pytest.raises(AuthFailed):
        await bench.connect(**REFRESH).check()

    assert saved["refresh_token"] != before["refresh_token"]


@pytest.mark.parametrize("rotating", [True, False])
async def test_a_refresh_whose_answer_was_lost_is_tried_again_and_says_when_the_token_is_used_up(
    bench: Bench, rotating: bool
) -> None:
    bench.sandbox.faults.set("rotate_refresh_token", rotating)
    salesforce = bench.connect(**REFRESH)
    await salesforce.check()
    bench.sandbox.faults.arm("expire_token")
    bench.sandbox.faults.arm("lose_response", match="/oauth2/token")

    with pytest.raises(Unavailable):
        await salesforce.check()
    if rotating:
        with pytest.raises(AuthFailed, match="used up"):
            await salesforce.check()
    else:
        assert (await salesforce.check()).name == "Sandbox Org"


async def test_a_revoked_grant_is_auth_failed(bench: Bench) -> None:
    salesforce = bench.connect(**REFRESH)
    await salesforce.check()
    bench.sandbox.faults.arm("expire_token")
    bench.sandbox.faults.arm("revoke_refresh_token")

    with pytest.raises(AuthFailed, match="invalid_grant"):
        await salesforce.check()


async def test_request_limit_exceeded_403_is_rate_limit_not_auth(bench: Bench, salesforce: Salesforce) -> None:
    await salesforce.check()
    scopes = []
    for fault in ("quota_daily", "quota_concurrency"):
        bench.sandbox.faults.arm(fault)
        with pytest.raises(RateLimited) as raised:
            await salesforce.describe("Account")
        scopes.append((raised.value.scope, raised.value.status))

    assert scopes == [("daily", 403), ("concurrency", 403)]
    assert (await salesforce.check()).name == "Sandbox Org"


async def test_a_used_up_day_is_a_daily_limit_and_ends_with_the_day(bench: Bench, salesforce: Salesforce) -> None:
    bench.sandbox.faults.set("daily_quota", 2)
    await salesforce.check()

    with pytest.raises(RateLimited) as raised:
        await salesforce.check()
    bench.sandbox.clock.advance(timedelta(hours=25))

    assert raised.value.scope == "daily"
    assert (await salesforce.check()).name == "Sandbox Org"


@pytest.mark.parametrize("status", [406, 420, 502, 503])
@pytest.mark.parametrize("fault", ["html_error", "empty_error"])
async def test_html_503_is_unavailable(bench: Bench, salesforce: Salesforce, fault: str, status: int) -> None:
    await salesforce.check()
    bench.sandbox.faults.arm(fault, options={"status": status})

    with pytest.raises(Unavailable) as raised:
        await salesforce.describe("Account")

    assert raised.value.status == status


@pytest.mark.parametrize("form", ["short", "with_per_app", "with_api_bursts"])
async def test_the_quota_is_reported_from_any_form_of_the_header(
    bench: Bench, salesforce: Salesforce, form: str
) -> None:
    bench.sandbox.faults.set("limit_info", form)
    bench.sandbox.faults.set("daily_quota", 5000)

    await salesforce.describe("Account")

    assert bench.budget.seen[0] == Usage("daily", 5000, 4999)
    assert [usage for usage in bench.budget.seen if usage.kind == "burst"] == (
        [Usage("burst", 750, 749)] if form == "with_api_bursts" else []
    )


async def test_every_call_names_the_hub(bench: Bench, salesforce: Salesforce) -> None:
    await salesforce.check()
    await salesforce.write("Account", [WriteOp("create", {"Name": "A"}, "k", key=("Hub_Id__c", "1"))])

    calls = bench.wire.named("/services/data")
    assert {request.headers["Sforce-Call-Options"] for request in calls} == {"client=partnerhub"}
    assert {record.by for record in bench.sandbox.world.all("Account")} == {"partnerhub"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"instance": "https://login.salesforce.com"},
        {"instance": "http://acme.my.salesforce.com"},
        {"instance": "acme"},
        {"client_secret": None},
        {"auth": "jwt_bearer"},
        {"auth": "refresh_token"},
        {"api_version": "45.0"},
        {"unknown": "x"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    good = {"instance": "https://acme.my.salesforce.com/", "client_id": "c", "client_secret": "s"}

    assert SalesforceSettings.model_validate(good).instance == "https://acme.my.salesforce.com"
    with pytest.raises(ValidationError):
        SalesforceSettings.model_validate(good | wrong)
