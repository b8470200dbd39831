"""The sandbox against the vendor's contract, by plain HTTP: rows, composite, limits of the address, windows, events."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.connectors.salesforce.conftest import BASE, Bench, api

ROW = "/sobjects/Account"


async def made(bench: Bench, **fields: Any) -> str:
    answer = await api(bench, "POST", ROW, json={"Name": "A", **fields})
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def test_rows_are_created_read_changed_and_deleted(bench: Bench) -> None:
    record = await made(bench)

    changed = await api(bench, "PATCH", f"{ROW}/{record[:15]}", json={"Phone": "1"})
    shown = await api(bench, "GET", f"{ROW}/{record}?fields=Phone,Website")
    deleted = await api(bench, "DELETE", f"{ROW}/{record}")
    gone = await api(bench, "GET", f"{ROW}/{record}")
    never = await api(bench, "GET", f"{ROW}/001000000000ZZZAAA")

    assert (changed.status_code, changed.content) == (204, b"")
    assert list(shown.json()) == ["attributes", "Phone", "Website", "Id"]
    assert shown.json()["Website"] is None
    assert deleted.status_code == 204
    assert (gone.status_code, gone.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")
    assert (never.status_code, never.json()[0]["errorCode"]) == (404, "NOT_FOUND")


async def test_an_upsert_says_whether_it_created(bench: Bench) -> None:
    path = f"{ROW}/Hub_Id__c/a%2Fb%20c"

    first = await api(bench, "PATCH", path, json={"Name": "A"})
    second = await api(bench, "PATCH", path.replace("a%2F", "A%2F"), json={"Name": "B"})
    shown = await api(bench, "GET", f"{path}?fields=Name,Hub_Id__c")

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"], second.json()["id"]) == (200, False, first.json()["id"])
    assert (shown.json()["Name"], shown.json()["Hub_Id__c"]) == ("B", "a/b c")


@pytest.mark.parametrize("code", ["INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"])
async def test_an_upsert_with_its_key_in_the_body_is_refused(bench: Bench, code: str) -> None:
    bench.sandbox.faults.set("key_in_upsert_body", code)

    answer = await api(bench, "PATCH", f"{ROW}/Hub_Id__c/x", json={"Name": "A", "Hub_Id__c": "x"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


async def test_a_field_that_is_no_external_id_is_not_found(bench: Bench) -> None:
    answer = await api(bench, "PATCH", f"{ROW}/Phone/1", json={"Name": "A"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": "x" * 256}, "STRING_TOO_LONG"),
        ({"Name": ""}, "REQUIRED_FIELD_MISSING"),
        ({"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"OwnerId": "x"}, "MALFORMED_ID"),
        ({"ParentId": "005000000000001AAA"}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"ParentId": "001000000000ZZZAAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"NumberOfEmployees": 10**9}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"Partner_Roles__c": "MSP;Baker"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Contract_End__c": "soon"}, "JSON_PARSER_ERROR"),
        ({"Phone": 5}, "JSON_PARSER_ERROR"),
    ],
)
async def test_a_value_that_will_not_do_gets_the_vendors_code(bench: Bench, fields: dict[str, Any], code: str) -> None:
    answer = await api(bench, "POST", ROW, json={"Name": "A", **fields})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert bench.sandbox.rows("Account") == {}


async def test_conditional_requests_know_whole_seconds_and_tags_on_accounts_only(bench: Bench) -> None:
    account = await made(bench)
    contact = (await api(bench, "POST", "/sobjects/Contact", json={"LastName": "B"})).json()["id"]
    first = await api(bench, "GET", f"{ROW}/{account}")
    stamp = first.headers["Last-Modified"]
    bench.sandbox.clock.advance(timedelta(seconds=1))
    bench.sandbox.human_edit("Account", account, {"Phone": "1"})

    answers = [
        await api(bench, method, f"{ROW}/{account}", json=body, headers=headers)
        for method, body, headers in [
            ("GET", None, {"If-None-Match": first.headers["ETag"]}),
            ("GET", None, {"If-Modified-Since": "Sun, 01 Nov 2026 12:00:01 GMT"}),
            ("PATCH", {"Phone": "2"}, {"If-Unmodified-Since": stamp}),
            ("PATCH", {"Phone": "2"}, {"If-Match": first.headers["ETag"]}),
            ("PATCH", {"Phone": "2"}, {"If-Unmodified-Since": "yesterday"}),
            ("DELETE", None, {"If-Unmodified-Since": stamp}),
        ]
    ]

    assert [answer.status_code for answer in answers] == [200, 304, 412, 412, 400, 204]
    assert "ETag" not in (await api(bench, "GET", f"/sobjects/Contact/{contact}")).headers


async def test_a_delete_can_honour_its_condition(bench: Bench) -> None:
    account = await made(bench)
    bench.sandbox.faults.set("delete_if_unmodified_since", "honoured")

    answer = await api(
        bench, "DELETE", f"{ROW}/{account}", headers={"If-Unmodified-Since": "Sun, 01 Nov 2026 11:59:59 GMT"}
    )

    assert answer.status_code == 412


async def test_composite_passes_ids_on_and_rolls_back_as_a_whole(bench: Bench) -> None:
    def body(all_or_none: bool, stage: str) -> dict[str, Any]:
        base = "/services/data/v62.0/sobjects/"
        return {
            "allOrNone": all_or_none,
            "compositeRequest": [
                {"method": "POST", "url": f"{base}Account", "referenceId": "a", "body": {"Name": "A"}},
                {
                    "method": "POST",
                    "url": f"{base}Deal_Registration__c",
                    "referenceId": "d",
                    "body": {"Name": "D", "Partner_Account__c": "@{a.id}", "Stage__c": stage},
                },
                {"method": "GET", "url": f"{base}Deal_Registration__c/@{{d.id}}?fields=Name", "referenceId": "g"},
            ],
        }

    good = await api(bench, "POST", "/composite", json=body(True, "Draft"))
    used = bench.sandbox.org.usage.used
    bad = await api(bench, "POST", "/composite", json=body(True, "Nonsense"))
    half = await api(bench, "POST", "/composite", json=body(False, "Nonsense"))

    def statuses(answer: Any) -> list[int]:
        return [part["httpStatusCode"] for part in answer.json()["compositeResponse"]]

    assert statuses(good) == [201, 201, 200]
    assert statuses(bad) == [400, 400, 400]
    assert statuses(half) == [201, 400, 400]
    assert len(bench.sandbox.rows("Account")) == 2
    assert bench.sandbox.org.usage.used == used + 2


async def test_collections_take_200_rows_and_all_or_none_undoes(bench: Bench) -> None:
    def rows(names: list[str]) -> list[dict[str, Any]]:
        return [{"attributes": {"type": "Account"}, "Name": name} for name in names]

    too_many = await api(bench, "POST", "/composite/sobjects", json={"records": rows(["A"] * 201)})
    undone = await api(bench, "POST", "/composite/sobjects", json={"allOrNone": True, "records": rows(["A", ""])})

    assert (too_many.status_code, too_many.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    assert undone.status_code == 200
    assert [row["errors"][0]["statusCode"] for row in undone.json()] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert bench.sandbox.rows("Account") == {}
    assert not bench.sandbox.take_webhooks("https://hub.example.com/hook")


async def test_addresses_have_a_length_and_calls_a_session(bench: Bench) -> None:
    long = await api(bench, "GET", "/query?q=" + "x" * 17_000)
    large = await api(bench, "GET", "/limits", headers={"X-Long": "x" * 17_000})
    stranger = await bench.http.request("GET", f"{BASE}/services/data/v62.0/limits")
    versions = await bench.http.request("GET", f"{BASE}/services/data/")
    wrong = await api(bench, "PUT", "/limits")

    assert (long.status_code, large.status_code) == (414, 431)
    assert (stranger.status_code, stranger.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert {"version": "62.0", "url": "/services/data/v62.0", "label": "API 62"} in versions.json()
    assert (wrong.status_code, wrong.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


async def test_updated_and_deleted_windows(bench: Bench) -> None:
    kept, gone = await made(bench), await made(bench)
    bench.sandbox.human_delete("Account", gone)
    window = "start=2026-11-01T11:00:00%2B00:00&end=2026-11-01T13:00:00%2B00:00"

    updated = (await api(bench, "GET", f"{ROW}/updated/?{window}")).json()
    deleted = (await api(bench, "GET", f"{ROW}/deleted/?{window}")).json()
    narrow = await api(bench, "GET", f"{ROW}/updated/?{window.replace('13:00:00', '11:00:59')}")
    old = await api(bench, "GET", f"{ROW}/deleted/?{window.replace('2026-11-01T11', '2026-10-16T11')}")

    assert updated == {"ids": [kept], "latestDateCovered": "2026-11-01T12:00:00.000+0000"}
    assert [row["id"] for row in deleted["deletedRecords"]] == [gone]
    assert (narrow.status_code, old.status_code) == (400, 400)


async def test_late_commits_hide_a_row_until_they_are_done(bench: Bench) -> None:
    account = await made(bench)
    bench.sandbox.faults.arm("late_commit", options={"seconds": 60})
    await api(bench, "PATCH", f"{ROW}/{account}", json={"Name": "B"})

    before = (await api(bench, "GET", "/query?q=SELECT+Name+FROM+Account")).json()
    bench.sandbox.clock.advance(timedelta(seconds=61))
    after = (await api(bench, "GET", "/query?q=SELECT+Name+FROM+Account")).json()

    assert [row["Name"] for row in before["records"]] == ["A"]
    assert [row["Name"] for row in after["records"]] == ["B"]
    assert bench.sandbox.rows("Account")[account]["Name"] == "B"


async def test_a_merge_moves_children_without_a_new_stamp(bench: Bench) -> None:
    winner, loser = await made(bench), await made(bench)
    child = bench.sandbox.human_create("Contact", {"LastName": "C", "AccountId": loser})
    bench.sandbox.clock.advance(timedelta(seconds=5))

    bench.sandbox.human_merge("Account", winner, loser)

    shown = (await api(bench, "GET", f"/sobjects/Contact/{child}?fields=AccountId,SystemModstamp")).json()
    assert shown["AccountId"] == winner
    assert shown["SystemModstamp"] == "2026-11-01T12:00:00.000+0000"


async def test_change_events_come_in_order_and_a_poll_waits_for_the_next(bench: Bench) -> None:
    first = await made(bench)
    seen = (await api(bench, "GET", "/events/AccountChangeEvent?replayId=-2")).json()
    poll = asyncio.create_task(api(bench, "GET", f"/events/ChangeEvents?replayId={seen['latestReplayId']}&wait=30"))
    await asyncio.sleep(0)
    bench.sandbox.human_edit("Account", first, {"Phone": "1"})

    (event,) = (await poll).json()["events"]

    header = event["payload"]["ChangeEventHeader"]
    assert [one["payload"]["ChangeEventHeader"]["changeType"] for one in seen["events"]] == ["CREATE"]
    assert (header["changeType"], header["recordIds"], header["changedFields"]) == ("UPDATE", [first], ["Phone"])


async def test_an_own_write_carries_its_client_in_the_change_origin(bench: Bench) -> None:
    headers = {"Sforce-Call-Options": "client=partnerhub"}
    await api(bench, "POST", "/sobjects/Deal_Registration__c", json={"Name": "D"}, headers=headers)

    seen = (await api(bench, "GET", "/events/Deal_Registration__ChangeEvent?replayId=-2")).json()

    origin = seen["events"][0]["payload"]["ChangeEventHeader"]["changeOrigin"]
    assert origin == "com/salesforce/api/rest/62.0;client=partnerhub"


async def test_a_reset_begins_again_with_the_same_ids(bench: Bench) -> None:
    first = await made(bench)

    bench.sandbox.reset()

    assert bench.sandbox.rows("Account") == {}
    assert await made(bench) == first


async def test_an_admins_schema_changes_are_seen_at_once(bench: Bench) -> None:
    await made(bench, Partner_Tier__c="Gold")
    bench.sandbox.set_picklist("Account", "Partner_Tier__c", ["Bronze"])
    bench.sandbox.remove_field("Account", "Website")

    query = await api(bench, "GET", "/query?q=SELECT+Website+FROM+Account")
    create = await api(bench, "POST", ROW, json={"Name": "B", "Partner_Tier__c": "Gold"})

    assert query.json()[0]["errorCode"] == "INVALID_FIELD"
    assert create.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_many_changes_of_one_seed_make_the_same_ids(bench: Bench) -> None:
    other = type(bench.sandbox)(seed=1, clock=bench.sandbox.clock)

    assert other.human_create("Account", {"Name": "A"}) != bench.sandbox.human_create("Account", {"Name": "A"})
