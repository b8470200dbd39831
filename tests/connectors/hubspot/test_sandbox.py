"""The emulator keeps the vendor's rules, whoever calls it."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.hubspot.sandbox.schema import PARTNER_PIPELINE, PARTNER_STAGES
from tests.connectors.hubspot.conftest import Bench

OBJECTS = "/crm/v3/objects"


def condition(name: str, operator: str, **operands: Any) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, **operands}


async def search(bench: Bench, *filters: dict[str, Any], **body: Any) -> Any:
    question = {"filterGroups": [{"filters": list(filters)}], **body}
    answer = await bench.api("POST", f"{OBJECTS}/companies/search", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("one", "names"),
    [
        (condition("name", "EQ", value="alpha"), ["Alpha"]),
        (condition("name", "NEQ", value="Alpha"), ["Beta", "Gamma"]),
        (condition("annualrevenue", "GT", value="200"), ["Gamma"]),
        (condition("annualrevenue", "GTE", value="200"), ["Beta", "Gamma"]),
        (condition("annualrevenue", "LT", value="200"), ["Alpha"]),
        (condition("annualrevenue", "LTE", value="200"), ["Alpha", "Beta"]),
        (condition("annualrevenue", "BETWEEN", value="150", highValue="250"), ["Beta"]),
        (condition("type", "IN", values=["PARTNER", "VENDOR"]), ["Alpha", "Gamma"]),
        (condition("type", "NOT_IN", values=["PARTNER"]), ["Beta", "Gamma"]),
        (condition("phone", "HAS_PROPERTY"), ["Beta"]),
        (condition("phone", "NOT_HAS_PROPERTY"), ["Alpha", "Gamma"]),
        (condition("name", "CONTAINS_TOKEN", value="*mm*"), ["Gamma"]),
        (condition("partner_roles", "EQ", value="msp"), ["Alpha"]),
    ],
)
async def test_search_operators_select_as_documented(bench: Bench, one: dict[str, Any], names: list[str]) -> None:
    for fields in (
        {"name": "Alpha", "annualrevenue": "99.5", "type": "PARTNER", "partner_roles": "msp;si"},
        {"name": "Beta", "annualrevenue": "200", "phone": "1"},
        {"name": "Gamma", "annualrevenue": "1000", "type": "VENDOR"},
    ):
        bench.sandbox.human_create("companies", fields)

    found = await search(bench, one, sorts=[{"propertyName": "name", "direction": "ASCENDING"}])

    assert [row["properties"]["name"] for row in found["results"]] == names
    assert found["total"] == len(names)
    assert "paging" not in found


@pytest.mark.parametrize(("maxima", "most"), [("5/6/18", 18), ("5/10/25", 25), ("6 groups", 36)])
async def test_search_refuses_more_filters_than_the_maxima(bench: Bench, maxima: str, most: int) -> None:
    bench.sandbox.faults.set("filter_maxima", maxima)
    per_group = {"5/6/18": 6, "5/10/25": 10, "6 groups": 6}[maxima]
    one = condition("phone", "HAS_PROPERTY")
    full = [{"filters": [one] * per_group} for _ in range(most // per_group)]
    rest = most % per_group

    fits = [*full, {"filters": [one] * rest}] if rest else full
    too_many = [*full, {"filters": [one] * (rest + 1)}]

    answers = [
        await bench.api("POST", f"{OBJECTS}/companies/search", json={"filterGroups": groups})
        for groups in (fits, too_many)
    ]
    assert [answer.status_code for answer in answers] == [200, 400]


async def test_archived_records_are_listed_apart_and_never_searched(bench: Bench) -> None:
    kept, archived = bench.companies(2)
    bench.sandbox.human_delete("companies", archived)

    live = (await bench.api("GET", f"{OBJECTS}/companies")).json()
    past = (await bench.api("GET", f"{OBJECTS}/companies?archived=true")).json()
    by_id = await bench.api("GET", f"{OBJECTS}/companies/{archived}")
    asked = await bench.api("GET", f"{OBJECTS}/companies/{archived}?archived=true")

    assert [row["id"] for row in live["results"]] == [kept]
    assert [(row["id"], row["archived"]) for row in past["results"]] == [(archived, True)]
    assert (by_id.status_code, asked.status_code) == (404, 200)
    assert [row["id"] for row in (await search(bench))["results"]] == [kept]


async def test_archived_record_comes_back_within_ninety_days_only(bench: Bench) -> None:
    early, late = bench.companies(2)
    for company in (early, late):
        bench.sandbox.human_delete("companies", company)
    bench.later(seconds=89 * 86_400)
    bench.sandbox.human_undelete("companies", early)
    bench.later(seconds=2 * 86_400)

    with pytest.raises(ValueError, match="restored"):
        bench.sandbox.human_undelete("companies", late)
    assert list(bench.sandbox.rows("companies")) == [early]


async def test_old_id_of_a_merged_record_is_answered_with_the_new_one(bench: Bench) -> None:
    first, second = bench.companies(2)

    merged = await bench.api(
        "POST", f"{OBJECTS}/companies/merge", json={"primaryObjectId": first, "objectIdToMerge": second}
    )
    read = await bench.api("GET", f"{OBJECTS}/companies/{second}?properties=hs_merged_object_ids,name")

    survivor = merged.json()["id"]
    assert read.json()["id"] == survivor not in (first, second)
    assert read.json()["properties"]["hs_merged_object_ids"] == f"{first};{second}"
    assert read.json()["properties"]["name"] == "Company 0"


async def test_merged_record_keeps_the_primary_company_of_the_winner(bench: Bench) -> None:
    one, two = bench.companies(2)
    winner = bench.sandbox.human_create("contacts", {"lastname": "A", "associations": {"companies": one}})
    loser = bench.sandbox.human_create("contacts", {"lastname": "B", "associations": {"companies": two}})

    survivor = bench.sandbox.human_merge("contacts", winner, loser)

    found = await bench.api("GET", f"/crm/v4/objects/contacts/{survivor}/associations/companies")
    labels = {
        row["toObjectId"]: {kind["typeId"] for kind in row["associationTypes"]} for row in found.json()["results"]
    }
    assert labels == {one: {1, 279}, two: {279}}


async def test_batch_without_trace_ids_is_refused_as_a_whole(bench: Bench) -> None:
    inputs = [{"properties": {"name": "Good"}}, {"properties": {"name": "Bad", "type": "NO_SUCH"}}]

    refused = await bench.api("POST", f"{OBJECTS}/companies/batch/create", json={"inputs": inputs})

    assert refused.status_code == 400
    assert bench.sandbox.rows("companies") == {}


async def test_batch_with_trace_ids_says_which_row_failed(bench: Bench) -> None:
    inputs = [
        {"properties": {"name": "Good"}, "objectWriteTraceId": "a"},
        {"properties": {"name": "Bad", "type": "NO_SUCH"}, "objectWriteTraceId": "b"},
    ]

    mixed = await bench.api("POST", f"{OBJECTS}/companies/batch/create", json={"inputs": inputs})

    assert mixed.status_code == 207
    assert [row["objectWriteTraceId"] for row in mixed.json()["results"]] == ["a"]
    assert mixed.json()["numErrors"] == 1
    assert mixed.json()["errors"][0]["context"]["objectWriteTraceId"] == ["b"]


async def test_batch_of_more_than_a_hundred_is_refused(bench: Bench) -> None:
    inputs = [{"id": "1"}] * 101

    assert (await bench.api("POST", f"{OBJECTS}/companies/batch/read", json={"inputs": inputs})).status_code == 400


async def test_deal_stage_must_belong_to_its_pipeline(bench: Bench) -> None:
    stage = PARTNER_STAGES["approved"]
    fits = {"dealname": "D", "pipeline": PARTNER_PIPELINE, "dealstage": stage}

    good = await bench.api("POST", f"{OBJECTS}/deals", json={"properties": fits})
    bad = await bench.api("POST", f"{OBJECTS}/deals", json={"properties": {**fits, "pipeline": "default"}})

    assert (good.status_code, bad.status_code) == (201, 400)


async def test_write_of_an_app_fires_a_webhook_like_a_persons(bench: Bench) -> None:
    await bench.api("POST", f"{OBJECTS}/companies", json={"properties": {"name": "A"}})

    [request] = bench.sandbox.take_webhooks("https://hub.example/hook")

    assert b'"changeSource":"INTEGRATION"' in request.body


async def test_unique_property_is_created_and_used_as_a_key(bench: Bench) -> None:
    made = {"name": "erp_key", "label": "ERP key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    created = await bench.api("POST", "/crm/v3/properties/companies", json=made)
    await bench.api("POST", f"{OBJECTS}/companies", json={"properties": {"name": "A", "erp_key": "K1"}})

    found = await bench.api("GET", f"{OBJECTS}/companies/k1?idProperty=erp_key&properties=name")
    again = await bench.api("POST", f"{OBJECTS}/companies", json={"properties": {"name": "B", "erp_key": "K1"}})

    assert created.status_code == 201
    assert found.json()["properties"]["name"] == "A"
    assert (again.status_code, again.json()["category"]) == (409, "CONFLICT")


async def test_value_of_an_enumeration_follows_its_options(bench: Bench) -> None:
    body = {"properties": {"name": "A", "partner_tier": "diamond"}}
    refused = await bench.api("POST", f"{OBJECTS}/companies", json=body)

    bench.sandbox.set_picklist("companies", "partner_tier", ["gold", "diamond"])

    assert refused.json()["errors"][0]["code"] == "INVALID_OPTION"
    assert (await bench.api("POST", f"{OBJECTS}/companies", json=body)).status_code == 201


async def test_reset_is_the_state_after_construction(bench: Bench) -> None:
    first = bench.companies(1)
    bench.sandbox.faults.set("search_lag", 9)

    bench.sandbox.reset()

    assert bench.sandbox.rows("companies") == {}
    assert bench.companies(1) == first
    assert bench.sandbox.faults.get("search_lag") == 0


async def test_who_changed_a_record_is_set_by_hubspot_alone(bench: Bench) -> None:
    bench.sandbox.faults.set("updated_by_of_apps", "kept")
    [company] = bench.companies(1)
    path = f"{OBJECTS}/companies/{company}"

    refused = await bench.api("PATCH", path, json={"properties": {"hs_updated_by_user_id": "1"}})
    written = await bench.api("PATCH", path, json={"properties": {"phone": "1"}})
    kept = await bench.api("GET", f"{path}?properties=hs_updated_by_user_id")

    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "READ_ONLY_VALUE")
    assert written.status_code == 200
    assert kept.json()["properties"]["hs_updated_by_user_id"] == "9586504"
