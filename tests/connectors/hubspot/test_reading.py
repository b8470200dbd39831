"""Reads lose nothing: lag, ties, windows, merges, archives, restores and poisoned records."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.paths import API_VERSION
from connectors.hubspot.records import UPDATED_BY
from connectors.hubspot.sandbox.crm import INSTALLER, PERSON
from hub.sdk.errors import CursorExpired, RateLimited, RecordRejected
from hub.sdk.records import Deletion, ReadQuery
from tests.connectors.hubspot.conftest import Bench, read_all, read_one, update

COMPANIES = ReadQuery("companies", ("name", "phone"))
SEARCH = f"/crm/objects/{API_VERSION}/companies/search"


async def test_search_lag_does_not_lose_a_change(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    scan = await read_all(hubspot, COMPANIES)
    bench.later(seconds=600)
    bench.sandbox.faults.set("search_lag", 90)
    bench.sandbox.human_edit("companies", company, {"phone": "1"})
    bench.later(seconds=10)
    early = await read_all(hubspot, COMPANIES, scan.cursor)
    bench.later(seconds=100)

    late = await read_all(hubspot, COMPANIES, early.cursor)

    assert early.latest(company).fields["phone"] is None  # the index still shows the old state
    assert late.latest(company).fields["phone"] == "1"


async def test_ten_thousand_cap_with_equal_timestamps(bench: Bench, hubspot: HubSpotClient) -> None:
    scan = await read_all(hubspot, COMPANIES)
    bench.later(seconds=60)
    crowd = bench.companies(10_300)
    bench.later(seconds=60)
    after = bench.companies(3)

    changes = await read_all(hubspot, COMPANIES, scan.cursor)

    assert Counter(changes.ids) == Counter([*crowd, *after])
    assert changes.pages <= 10_300 / 200 + 3


async def test_search_beyond_ten_thousand_is_refused_by_the_vendor(bench: Bench) -> None:
    body = {"limit": 200, "after": "9900"}

    refused = await bench.api("POST", SEARCH, json=body)

    assert refused.status_code == 400
    assert refused.json()["category"] == "VALIDATION_ERROR"


async def test_records_that_move_while_a_run_is_under_way_hide_none(bench: Bench, hubspot: HubSpotClient) -> None:
    scan = await read_all(hubspot, COMPANIES)
    bench.later(seconds=600)
    companies = []
    for _ in range(30):
        companies += bench.companies(1)
        bench.later(seconds=1)
    query = ReadQuery("companies", ("name",), page_size=10)
    cursor, seen, moved = scan.cursor, list[str](), iter(companies)
    for _ in range(40):
        page = await hubspot.read_page(query, cursor)
        cursor = page.cursor
        seen += [record.id for record in page.records]
        if page.done:
            break
        bench.sandbox.human_edit("companies", next(moved), {"phone": "moved"})
        bench.later(seconds=1)

    assert page.done
    assert set(seen) == set(companies)


async def test_where_is_applied_to_scans_and_changes(bench: Bench, hubspot: HubSpotClient) -> None:
    partner = bench.sandbox.human_create("companies", {"name": "P", "type": "PARTNER"})
    bench.sandbox.human_create("companies", {"name": "V", "type": "VENDOR"})
    where = json.dumps([{"propertyName": "type", "operator": "EQ", "value": "PARTNER"}])
    query = ReadQuery("companies", ("name",), where=where)

    scan = await read_all(hubspot, query)
    bench.later(seconds=600)
    settled = await read_all(hubspot, query, scan.cursor)
    bench.later(seconds=600)
    either = [{"propertyName": "type", "operator": "IN", "values": ["PARTNER"]}]
    groups = json.dumps([{"filters": either}, {"filters": [{"propertyName": "phone", "operator": "HAS_PROPERTY"}]}])
    called = bench.sandbox.human_create("companies", {"name": "Called", "phone": "1"})
    changes = await read_all(hubspot, ReadQuery("companies", ("name",), where=groups), settled.cursor)

    assert scan.ids == [partner]
    assert not scan.complete_scan  # search may lag: only the list proves that it saw everything
    assert changes.ids == [called]


@pytest.mark.parametrize(
    "where",
    [
        "type = 'PARTNER'",
        '{"propertyName": "type"}',
        '[{"propertyName": "type", "operator": "EQ", "value": "A", "sneaky": 1}]',
        json.dumps([{"propertyName": "type", "operator": "EQ", "value": "A"}] * 5),
    ],
)
async def test_scope_that_is_no_search_filter_is_rejected(hubspot: HubSpotClient, where: str) -> None:
    with pytest.raises(RecordRejected, match="scope"):
        await hubspot.read_page(ReadQuery("companies", ("name",), where=where), None)


async def test_expired_list_token_means_a_full_read(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.companies(250)
    query = ReadQuery("companies", ("name",), page_size=100)
    first = await hubspot.read_page(query, None)
    bench.sandbox.faults.arm("expire_cursor")

    with pytest.raises(CursorExpired):
        await hubspot.read_page(query, first.cursor)

    assert len((await read_all(hubspot, query)).ids) == 250


async def test_pause_in_the_middle_of_a_page_keeps_what_was_read(bench: Bench, hubspot: HubSpotClient) -> None:
    companies = bench.companies(350)
    await hubspot.check()
    bench.sandbox.faults.arm("throttle", match="/objects/", after=2, times=2)

    first = await hubspot.read_page(COMPANIES, None)
    with pytest.raises(RateLimited):
        await hubspot.read_page(COMPANIES, first.cursor)
    rest = await read_all(hubspot, COMPANIES, first.cursor)

    assert [record.id for record in first.records] == companies[:200]
    assert rest.ids == companies[200:]
    assert not first.done


async def test_thousand_changes_cost_no_more_than_a_few_requests(bench: Bench, hubspot: HubSpotClient) -> None:
    query = ReadQuery("contacts", ("lastname", "associations.companies"))
    [company] = bench.companies(1)
    scan = await read_all(hubspot, query)
    bench.later(seconds=600)
    for number in range(1000):
        bench.later(seconds=0.01)
        bench.sandbox.human_create("contacts", {"lastname": f"P{number}", "associations": {"companies": company}})
    bench.requests.clear()

    changes = await read_all(hubspot, query, scan.cursor)

    assert len(set(changes.ids)) == 1000
    assert len(bench.sent("/search")) <= 6
    assert len(bench.sent("/associations/")) <= 2
    assert len(bench.requests) <= 9


async def test_scan_asks_for_associations_once_a_page(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    for number in range(450):
        fields = {"lastname": f"Person {number}", "associations": {"companies": company}}
        bench.sandbox.human_create("contacts", fields)

    scan = await read_all(hubspot, ReadQuery("contacts", ("lastname", "associations.companies")))

    assert scan.complete_scan
    assert {record.fields["associations"]["companies"] for record in scan.records} == {company}
    assert len(bench.sent("/batch/read")) == 1
    assert len(bench.sent("/objects/")) == 5


@pytest.mark.parametrize("batch_read_of_merged", ["survivor", "missing"])
async def test_id_changes_after_merge(bench: Bench, hubspot: HubSpotClient, batch_read_of_merged: str) -> None:
    bench.sandbox.faults.set("batch_read_of_merged", batch_read_of_merged)
    winner, loser, other = bench.companies(3)
    scan = await read_all(hubspot, COMPANIES)
    bench.later(seconds=60)
    survivor = bench.sandbox.human_merge("companies", winner, loser)

    changes = await read_all(hubspot, COMPANIES, scan.cursor)
    read = await hubspot.read_many("companies", [winner, loser, other, survivor], COMPANIES.fields)

    assert survivor not in (winner, loser)
    assert changes.latest(survivor).fields["name"] == "Company 0"
    merged = {(one.id, one.kind, one.merged_into) for one in changes.deletions}
    assert merged == {(winner, "merged", survivor), (loser, "merged", survivor)}
    assert [(record.id, record.requested_id) for record in read.records] == [
        (survivor, winner),
        (survivor, loser),
        (other, None),
        (survivor, None),
    ]
    assert read.deletions == []


async def test_chain_of_merges_ends_at_the_last_survivor(bench: Bench, hubspot: HubSpotClient) -> None:
    first, second, third = bench.companies(3)
    middle = bench.sandbox.human_merge("companies", first, second)
    last = bench.sandbox.human_merge("companies", third, middle)

    read = await hubspot.read_many("companies", [first, second, third, middle], ("name",))

    assert {record.id for record in read.records} == {last}
    assert (await read_one(hubspot, "companies", first, "name")).fields["name"] == "Company 2"


async def test_merged_record_whose_survivor_was_archived_is_told_as_merged(
    bench: Bench, hubspot: HubSpotClient
) -> None:
    first, second = bench.companies(2)
    scan = await read_all(hubspot, COMPANIES)
    bench.later(seconds=60)
    survivor = bench.sandbox.human_merge("companies", first, second)
    bench.sandbox.human_delete("companies", survivor)

    changes = await read_all(hubspot, COMPANIES, scan.cursor)
    probed = await hubspot.read_many("companies", [first, survivor], ("name",))

    told = {(one.id, one.kind, one.merged_into) for one in changes.deletions}
    assert told == {(first, "merged", survivor), (second, "merged", survivor), (survivor, "deleted", None)}
    assert [(one.id, one.kind, one.merged_into) for one in probed.deletions] == [
        (first, "merged", survivor),
        (survivor, "deleted", None),
    ]


async def test_archived_is_not_deleted(bench: Bench, hubspot: HubSpotClient) -> None:
    archived, purged = bench.companies(2)
    scan = await read_all(hubspot, COMPANIES)
    bench.later(seconds=60)
    bench.sandbox.human_delete("companies", archived)
    bench.sandbox.human_purge("companies", purged)
    at = bench.sandbox.clock.now()

    changes = await read_all(hubspot, COMPANIES, scan.cursor)
    probed = await hubspot.read_many("companies", [archived, purged], ("name",))
    bench.later(seconds=60)
    bench.sandbox.human_undelete("companies", archived)
    restored = await read_all(hubspot, COMPANIES, changes.cursor)

    assert changes.deletions == [Deletion(archived, "deleted", at=at)]
    assert probed.deletions == [
        Deletion(archived, "deleted", at=at, source="probe"),
        Deletion(purged, "purged", source="probe"),
    ]
    assert archived in restored.ids


async def test_archived_company_is_no_ones_company_until_it_is_restored(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    contact = bench.sandbox.human_create("contacts", {"lastname": "A", "associations": {"companies": company}})
    bench.sandbox.human_delete("companies", company)
    alone = await read_one(hubspot, "contacts", contact, "associations.companies")
    bench.sandbox.human_undelete("companies", company)

    joined = await read_one(hubspot, "contacts", contact, "associations.companies")

    assert alone.fields == {"associations": {"companies": None}}
    assert joined.fields == {"associations": {"companies": company}}


async def test_old_archive_is_not_told_again(bench: Bench, hubspot: HubSpotClient) -> None:
    companies = bench.companies(130)
    scan = await read_all(hubspot, COMPANIES)
    for company in companies:
        bench.sandbox.human_delete("companies", company)
    bench.later(seconds=60)
    told = await read_all(hubspot, COMPANIES, scan.cursor)
    bench.later(seconds=3600)
    quiet = await read_all(hubspot, COMPANIES, told.cursor)
    bench.later(seconds=3600)

    silent = await read_all(hubspot, COMPANIES, quiet.cursor)

    assert {one.id for one in told.deletions} == set(companies)
    assert silent.deletions == []


async def test_null_values_differ_from_absent(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    bench.sandbox.human_edit("companies", company, {"phone": "030", "city": "Berlin"})

    before = await read_one(hubspot, "companies", company, "phone", "duns", "no_such_property")
    await hubspot.write("companies", [update(company, {"phone": None})])

    assert before.fields == {"phone": "030", "duns": None}
    row = bench.sandbox.rows("companies")[company]
    assert "phone" not in row
    assert row["city"] == "Berlin"


@pytest.mark.parametrize("fraction", [True, False])
async def test_times_are_read_with_and_without_a_fraction(bench: Bench, hubspot: HubSpotClient, fraction: bool) -> None:
    bench.sandbox.faults.set("datetime_fraction", fraction)
    deal = bench.sandbox.human_create("deals", {"dealname": "D", "submitted_at": "2026-11-02T08:00:00Z"})

    record = await read_one(hubspot, "deals", deal, "submitted_at")

    assert record.fields["submitted_at"] == ("2026-11-02T08:00:00.000Z" if fraction else "2026-11-02T08:00:00Z")
    assert record.modified_at == bench.sandbox.clock.now()


async def test_numeric_stage_ids_stay_strings(bench: Bench, hubspot: HubSpotClient) -> None:
    described = (await hubspot.describe("deals")).fields
    stage, pipeline = described["dealstage"].values[-1], described["pipeline"].values[-1]
    deal = bench.sandbox.human_create("deals", {"dealname": "D", "pipeline": pipeline, "dealstage": stage})

    record = await read_one(hubspot, "deals", deal, "dealstage", "pipeline")

    assert stage.isdigit()
    assert record.fields == {"dealstage": stage, "pipeline": pipeline}


async def test_poisoned_record_comes_through_as_sent_and_stops_no_page(bench: Bench, hubspot: HubSpotClient) -> None:
    companies = bench.companies(3)
    bench.sandbox.faults.arm("poison_record")

    scan = await read_all(hubspot, COMPANIES)

    assert scan.ids == companies
    assert scan.records[0].fields["name"] == {"unexpected": ["Company 0"]}
    assert scan.records[1].fields["name"] == "Company 1"


async def test_unknown_property_on_read_is_ignored_or_a_clear_error(bench: Bench, hubspot: HubSpotClient) -> None:
    bench.companies(1)
    query = ReadQuery("companies", ("name", "no_such_property"))
    ignored = await read_all(hubspot, query)
    bench.sandbox.faults.set("unknown_property_on_read", "400")

    with pytest.raises(RecordRejected, match="no_such_property"):
        await read_all(hubspot, query)

    assert "no_such_property" not in ignored.records[0].fields


@pytest.mark.parametrize(("by_apps", "named"), [("none", None), ("installer", str(INSTALLER.user_id))])
async def test_the_person_who_changed_a_record_is_told_from_the_hub(
    bench: Bench, hubspot: HubSpotClient, by_apps: str, named: str | None
) -> None:
    bench.sandbox.faults.set("updated_by_of_apps", by_apps)
    by_person, by_hub = bench.companies(2)
    first = await read_all(hubspot, ReadQuery("companies", ("name",)))
    bench.later(seconds=900)
    bench.sandbox.human_edit("companies", by_person, {"phone": "1"})
    await hubspot.write("companies", [update(by_hub, {"phone": "2"})])

    changes = await read_all(hubspot, ReadQuery("companies", ("name",)), first.cursor)
    found = await hubspot.read_many("companies", [by_person, by_hub], ("name",))
    by_key = await hubspot.find_by_key("companies", "hs_object_id", [by_person, by_hub], ("name",))

    assert {record.modified_by for record in first.records} == {str(PERSON.user_id)}
    for records in (changes.records, found.records, by_key):
        assert {r.id: r.modified_by for r in records} == {by_person: str(PERSON.user_id), by_hub: named}
    assert not [name for record in found.records for name in record.fields if name == UPDATED_BY]


async def test_the_author_of_a_merge_comes_with_a_read_of_the_old_id(bench: Bench, hubspot: HubSpotClient) -> None:
    kept, lost = bench.companies(2)
    bench.sandbox.human_merge("companies", kept, lost)

    survivor = await read_one(hubspot, "companies", lost, "name")

    assert (survivor.requested_id, survivor.modified_by) == (lost, str(PERSON.user_id))


async def test_the_authors_id_is_a_field_where_it_is_mapped(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)

    record = await read_one(hubspot, "companies", company, UPDATED_BY)

    assert record.fields == {UPDATED_BY: str(PERSON.user_id)}


async def test_description_holds_owners_stages_and_associations(hubspot: HubSpotClient) -> None:
    deals = (await hubspot.describe("deals")).fields
    contacts = (await hubspot.describe("contacts")).fields

    assert deals["associations.companies"].references == ("companies",)
    assert deals["hubspot_owner_id"].values[0] == "41629779"
    assert deals["partner_deal_id"].unique
    assert deals["product_lines"].type == "multipicklist"
    assert not deals["hs_lastmodifieddate"].writable
    assert contacts["email_opt_out"].type == "bool"
    assert await hubspot.objects() == ["companies", "contacts", "deals", "notes", "tasks"]
