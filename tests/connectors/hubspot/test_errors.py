"""Every error answer becomes the error that says what happens next."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.errors import error_of
from hub.sdk.errors import (
    AuthFailed,
    LockContention,
    RateLimited,
    RecordGone,
    RecordRejected,
    RemoteError,
    Unavailable,
)
from hub.sdk.records import ReadQuery
from tests.connectors.hubspot.conftest import Bench, create, done, failed, read_all

COMPANIES = ReadQuery("companies", ("name",))
NIGHT = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "seconds", "scope"),
    [("SECONDLY", 1, "burst"), ("TEN_SECONDLY_ROLLING", 10, "burst"), ("DAILY", 1800, "daily")],
)
@pytest.mark.parametrize("body", ["category", "errorType"])
async def test_429_waits_by_policy_name(bench: Bench, policy: str, seconds: float, scope: str, body: str) -> None:
    hubspot = bench.connect(time_zone="Europe/Berlin")
    await hubspot.check()
    bench.later(seconds=(NIGHT - bench.sandbox.clock.now()).total_seconds())
    bench.sandbox.faults.set("rate_limit_body", body)
    bench.sandbox.faults.arm("throttle", options={"policy": policy}, match="/objects/")

    with pytest.raises(RateLimited) as caught:
        await hubspot.read_page(COMPANIES, None)

    assert caught.value.retry_after == seconds  # DAILY: 22:30 UTC is half an hour before midnight in Berlin
    assert caught.value.scope == scope
    assert caught.value.code == policy


async def test_retry_after_counts_more_than_the_policys_own_wait(bench: Bench) -> None:
    hubspot = bench.connect_with_key()
    bench.sandbox.faults.arm("throttle_with_retry_after", options={"seconds": 7})

    with pytest.raises(RateLimited) as caught:
        await hubspot.read_page(COMPANIES, None)

    assert caught.value.retry_after == 7


async def test_search_429_without_headers(bench: Bench) -> None:
    hubspot = bench.connect()
    scan = await read_all(hubspot, COMPANIES)
    bench.sandbox.faults.arm("search_throttle")

    with pytest.raises(RateLimited) as caught:
        await hubspot.read_page(COMPANIES, scan.cursor)

    assert caught.value.retry_after == 1
    assert (await read_all(hubspot, COMPANIES, scan.cursor)).records == []


async def test_sandbox_enforces_five_searches_a_second_without_headers(bench: Bench) -> None:
    bench.sandbox.faults.set("enforce_limits", True)

    answers = [await bench.api("POST", "/crm/v3/objects/companies/search", json={}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert not any(name.startswith("x-hubspot-ratelimit") for answer in answers for name in answer.headers)


async def test_rate_limit_headers_are_told_to_the_budget(bench: Bench) -> None:
    await bench.connect_with_key().read_page(COMPANIES, None)

    assert [(usage.kind, usage.amount, usage.remaining) for usage in bench.budget.seen] == [
        ("burst", 190, 189),
        ("daily", 625_000, 624_999),
    ]


async def test_423_lock_is_retried_after_two_seconds(bench: Bench, hubspot: HubSpotClient) -> None:
    op = create(("hub_id", "c-1"), name="Locked")
    bench.sandbox.faults.arm("lock_row")

    with pytest.raises(LockContention):
        await hubspot.write("companies", [op])
    bench.later(seconds=2)

    assert done((await hubspot.write("companies", [op]))[0]).created


async def test_477_pauses_connection_as_told(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.sandbox.faults.arm("account_migration", options={"seconds": 7200})

    with pytest.raises(Unavailable) as caught:
        await hubspot.read_page(COMPANIES, None)

    assert caught.value.retry_after == 7200
    assert caught.value.status == 477


@pytest.mark.parametrize("status", [502, 503, 504, 521, 523, 524])
async def test_errors_of_the_edge_are_unavailable_whatever_page_they_show(bench: Bench, status: int) -> None:
    hubspot = bench.connect_with_key()
    bench.sandbox.faults.arm("edge_error", options={"status": status})

    with pytest.raises(Unavailable) as caught:
        await hubspot.write("companies", [create(("hub_id", "c-1"), name="A")])

    assert caught.value.status == status


async def test_530_is_a_malformed_token(bench: Bench) -> None:
    bench.sandbox.faults.arm("malformed_token")

    with pytest.raises(AuthFailed):
        await bench.connect_with_key().check()


async def test_missing_scope_is_named(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.sandbox.faults.set("missing_scopes", ["crm.objects.deals.read"])

    with pytest.raises(AuthFailed, match=r"crm\.objects\.deals\.read"):
        await hubspot.check()


async def test_admin_validation_400_is_record_rejected(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.sandbox.faults.set("admin_validation", ("companies.country",))

    outcomes = await hubspot.write(
        "companies", [create(("hub_id", "c-1"), name="A"), create(("hub_id", "c-2"), name="B", country="France")]
    )

    rejected = failed(outcomes[0])
    assert isinstance(rejected, RecordRejected)
    assert "required by a rule" in rejected.message
    assert rejected.fields == ("country",)
    assert done(outcomes[1]).created


async def test_taken_unique_value_names_the_record_in_the_way(bench: Bench, hubspot: HubSpotClient) -> None:
    holder = bench.sandbox.human_create("contacts", {"lastname": "First", "email": "a@x.example"})

    outcomes = await hubspot.write("contacts", [create(("hub_id", "p-1"), lastname="Second", email="a@x.example")])

    rejected = failed(outcomes[0])
    assert isinstance(rejected, RecordRejected)
    assert rejected.existing_id == holder


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"category": "INVALID_AUTHENTICATION"}, AuthFailed),
        (403, {"category": "MISSING_SCOPES", "context": "none"}, AuthFailed),
        (403, {}, AuthFailed),
        (404, {"category": "OBJECT_NOT_FOUND"}, RecordGone),
        (409, {"category": "CONFLICT", "message": "without an id"}, RecordRejected),
        (400, {"errors": "not a list"}, RecordRejected),
        (429, {}, RateLimited),
        (500, {"message": "internal"}, Unavailable),
        (404, {"category": "NOT_FOUND"}, AuthFailed),
        (404, None, Unavailable),
        (302, None, Unavailable),
    ],
)
def test_errors_keep_their_class_whatever_keys_are_missing(
    status: int, body: dict[str, object] | None, kind: type[RemoteError]
) -> None:
    response = httpx.Response(status, json=body) if body is not None else httpx.Response(status, html="<h1>no</h1>")

    error = error_of(response, now=NIGHT, zone=ZoneInfo("UTC"))

    assert type(error) is kind
    assert error.status == status
