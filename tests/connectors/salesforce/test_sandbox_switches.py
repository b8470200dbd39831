"""The contract's open points as switches, and the faults that only other clients of the sandbox would meet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.connectors.salesforce.conftest import BASE, Bench, api

BATCHES = {"Sforce-Query-Options": "batchSize=200"}


async def first_page(bench: Bench) -> dict[str, Any]:
    answer = await api(bench, "GET", "/query?q=SELECT+Id+FROM+Account", headers=BATCHES)
    page: dict[str, Any] = answer.json()
    return page


async def more(bench: Bench, page: dict[str, Any]) -> int:
    path = page["nextRecordsUrl"].removeprefix("/services/data/v62.0")
    return (await api(bench, "GET", path, headers=BATCHES)).status_code


async def test_a_locator_names_its_offset_and_lives_until_told_otherwise(bench: Bench) -> None:
    bench.accounts(401)
    page = await first_page(bench)
    bench.sandbox.clock.advance(timedelta(days=30))

    assert page["nextRecordsUrl"].startswith("/services/data/v62.0/query/0r8")
    assert page["nextRecordsUrl"].endswith("-200")
    assert (page["done"], page["totalSize"], len(page["records"])) == (False, 401, 200)
    assert await more(bench, page) == 200


@pytest.mark.parametrize(
    ("lifetime", "alive", "dead"),
    [
        ("2_days", timedelta(hours=47), timedelta(hours=49)),
        ("15_minutes_10_cursors", timedelta(minutes=14), timedelta(minutes=16)),
    ],
)
async def test_a_locator_dies_of_old_age(bench: Bench, lifetime: str, alive: timedelta, dead: timedelta) -> None:
    bench.sandbox.faults.set("locator_lifetime", lifetime)
    bench.accounts(401)
    young, old = await first_page(bench), await first_page(bench)

    bench.sandbox.clock.advance(alive)
    young_status = await more(bench, young)
    bench.sandbox.clock.advance(dead - alive)
    old_status = await more(bench, old)

    assert (young_status, old_status) == (200, 400)


async def test_an_eleventh_cursor_ends_the_first(bench: Bench) -> None:
    bench.sandbox.faults.set("locator_lifetime", "15_minutes_10_cursors")
    bench.accounts(401)

    pages = [await first_page(bench) for _ in range(11)]

    assert [await more(bench, page) for page in (pages[0], pages[1])] == [400, 200]


@pytest.mark.parametrize(("switch", "fault", "status"), [
    ("request_limit_status", "quota_daily", 503),
    ("request_limit_status", "quota_concurrency", 429),
    ("lock_row_status", "lock_row", 409),
])  # fmt: skip
async def test_the_status_of_a_refusal_can_be_chosen(bench: Bench, switch: str, fault: str, status: int) -> None:
    bench.sandbox.faults.set(switch, status)
    bench.sandbox.faults.arm(fault)

    answer = await api(bench, "POST", "/sobjects/Account", json={"Name": "A"})

    assert answer.status_code == status


async def test_an_alert_of_a_duplicate_rule_can_be_overruled(bench: Bench) -> None:
    (existing,) = bench.accounts(1)
    bench.sandbox.faults.arm("duplicate_rule", times=2)

    refused = await api(bench, "POST", "/sobjects/Account", json={"Name": "A"})
    allowed = await api(
        bench,
        "POST",
        "/sobjects/Account",
        json={"Name": "A"},
        headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"},
    )

    (match,) = refused.json()[0]["duplicateResut"]["matchResults"][0]["matchRecords"]
    assert (refused.status_code, match["record"]["Id"]) == (400, existing)
    assert allowed.status_code == 201


async def test_the_date_covered_can_stand_still_and_the_retention_pass(bench: Bench) -> None:
    bench.sandbox.faults.set("latest_date_covered", "2026-10-30T00:00:00.000+0000")
    bench.sandbox.faults.arm("retention_passed")
    window = "start=2026-11-01T11:00:00Z&end=2026-11-01T13:00:00Z"

    updated = await api(bench, "GET", f"/sobjects/Account/updated/?{window}")
    deleted = await api(bench, "GET", f"/sobjects/Account/deleted/?{window}")

    assert updated.json()["latestDateCovered"] == "2026-10-30T00:00:00.000+0000"
    assert deleted.status_code == 400


async def test_change_events_can_overflow_name_wildcards_and_leave_the_retention(bench: Bench) -> None:
    bench.accounts(1)
    bench.sandbox.faults.arm("wildcard_ids")
    wildcard = (await api(bench, "GET", "/events/AccountChangeEvent?replayId=-2")).json()
    bench.sandbox.faults.arm("gap_overflow")
    gap = (await api(bench, "GET", "/events/AccountChangeEvent?replayId=-2")).json()
    bench.accounts(1)
    bench.sandbox.clock.advance(timedelta(hours=73))
    lost = await api(bench, "GET", f"/events/AccountChangeEvent?replayId={wildcard['latestReplayId']}")

    assert wildcard["events"][0]["payload"]["ChangeEventHeader"]["recordIds"] == ["001*"]
    assert gap["events"][0]["payload"]["ChangeEventHeader"]["changeType"] == "GAP_OVERFLOW"
    assert (lost.status_code, lost.json()[0]["errorCode"]) == (400, "INVALID_REPLAY_ID")


@pytest.mark.parametrize(("order", "sorted_already"), [("shuffled", False), ("input_order", True)])
async def test_bulk_results_come_in_the_order_of_the_switch(bench: Bench, order: str, sorted_already: bool) -> None:
    bench.sandbox.faults.set("bulk_result_order", order)
    job = (await api(bench, "POST", "/jobs/ingest", json={"object": "Account", "operation": "insert"})).json()
    path = f"/jobs/ingest/{job['id']}"
    csv = b"Name\n" + b"".join(b"A%03d\n" % n for n in range(50))
    token = bench.wire.requests[-1].headers["Authorization"]
    headers = {"Authorization": token, "Content-Type": "text/csv"}
    url = f"{BASE}/services/data/v62.0{path}/batches"
    uploaded = [await bench.http.request("PUT", url, headers=headers, content=csv) for _ in range(2)]
    await api(bench, "PATCH", path, json={"state": "UploadComplete"})

    states = [(await api(bench, "GET", path)).json()["state"] for _ in range(2)]
    names = [line.split(",")[-1] for line in (await api(bench, "GET", f"{path}/successfulResults")).text.split()[1:]]

    assert [answer.status_code for answer in uploaded] == [201, 400]
    assert states == ["InProgress", "JobComplete"]
    assert (names == sorted(names)) is sorted_already
    assert len(names) == 50


async def test_batch_requests_stand_alone(bench: Bench) -> None:
    requests = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "A"}},
        {"method": "GET", "url": "v62.0/sobjects/Account/001000000000ZZZAAA"},
    ]

    answer = (await api(bench, "POST", "/composite/batch", json={"batchRequests": requests})).json()

    assert answer["hasErrors"]
    assert [result["statusCode"] for result in answer["results"]] == [201, 404]
