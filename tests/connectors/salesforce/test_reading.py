"""Reading: full scans, incremental runs, deletions, merges."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from connectors.salesforce.client import Salesforce
from connectors.salesforce.rows import record_maker
from connectors.salesforce.soql import columns
from hub.sdk.errors import CursorExpired
from hub.sdk.records import Deletion, ReadQuery
from hub.sdk.testing import update
from tests.connectors.salesforce.conftest import Bench, ids_of, read_run

QUERY = ReadQuery("Account", ("Name", "Type"))


async def test_check_names_the_org(salesforce: Salesforce) -> None:
    account = await salesforce.check()

    assert account.name == "Sandbox Org"
    assert account.id.startswith("00D")
    assert len(account.id) == 18


async def test_describe_shows_types_and_picklists(salesforce: Salesforce) -> None:
    described = await salesforce.describe("Account")

    assert "Deal_Registration__c" in await salesforce.objects()
    assert described.fields["AnnualRevenue"].type == "money"
    assert described.fields["Partner_Tier__c"].values == ("Registered", "Silver", "Gold", "Platinum")
    assert described.fields["ParentId"].references == ("Account",)
    assert described.fields["Hub_Id__c"].unique
    assert not described.fields["SystemModstamp"].writable


async def test_a_full_scan_gives_exactly_the_fields_asked_for(bench: Bench, salesforce: Salesforce) -> None:
    (parent,) = bench.accounts(1)
    child = bench.sandbox.human_create(
        "Account", {"Name": "Child", "ParentId": parent, "AnnualRevenue": Decimal("10.25")}
    )
    query = ReadQuery("Account", ("Name", "AnnualRevenue", "Parent.Name", "Phone"))

    (page,) = await read_run(salesforce, query)

    records = {record.id: record for record in page.records}
    assert records[child].fields == {
        "Name": "Child",
        "AnnualRevenue": Decimal("10.25"),
        "Phone": None,
        "Parent": {"Name": "Account 0"},
    }
    assert records[parent].fields["Parent"] is None
    assert page.complete_scan


@pytest.mark.parametrize("page_size", [3, 200, None])
async def test_pages_neither_skip_nor_loop_when_all_stamps_are_equal(
    bench: Bench, salesforce: Salesforce, page_size: int | None
) -> None:
    created = bench.accounts(650)

    pages = await read_run(salesforce, ReadQuery("Account", ("Name",), page_size=page_size))

    assert ids_of(pages) == sorted(created)
    assert pages[-1].complete_scan


async def test_an_incremental_run_brings_changes_deletions_merges_and_undeletes(
    bench: Bench, salesforce: Salesforce
) -> None:
    edited, deleted, winner, loser, restored, _ = bench.accounts(6)
    bench.sandbox.human_delete("Account", restored)
    bench.sandbox.clock.advance(timedelta(hours=1))
    (first,) = await read_run(salesforce, QUERY)
    bench.sandbox.clock.advance(timedelta(hours=1))
    bench.sandbox.human_edit("Account", edited, {"Name": "Edited"})
    bench.sandbox.human_delete("Account", deleted)
    bench.sandbox.human_merge("Account", winner, loser)
    bench.sandbox.human_undelete("Account", restored)

    (page,) = await read_run(salesforce, QUERY, first.cursor)

    at = bench.sandbox.clock.now()
    assert {record.id: record.fields["Name"] for record in page.records} == {
        edited: "Edited",
        winner: "Account 2",
        restored: "Account 4",
    }
    assert set(page.deletions) == {
        Deletion(deleted, "deleted", at=at),
        Deletion(loser, "merged", merged_into=winner, at=at),
    }


async def test_timestamps_with_plus0000_parse(bench: Bench, salesforce: Salesforce) -> None:
    bench.accounts(1)

    (page,) = await read_run(salesforce, QUERY)

    assert page.records[0].version == "2026-11-01T12:00:00.000+0000"
    assert page.records[0].modified_at == datetime(2026, 11, 1, 12, tzinfo=UTC)


async def test_late_commit_inside_look_back_is_found(bench: Bench, salesforce: Salesforce) -> None:
    bench.sandbox.faults.arm("late_commit", options={"seconds": 300})
    (late,) = bench.accounts(1)
    bench.sandbox.clock.advance(timedelta(seconds=200))
    bench.accounts(1)
    first = await read_run(salesforce, QUERY)
    bench.sandbox.clock.advance(timedelta(seconds=200))

    second = await read_run(salesforce, QUERY, first[-1].cursor)

    assert late not in ids_of(first)
    assert ids_of(second).count(late) == 1


async def test_rows_read_again_in_the_overlap_are_counted(bench: Bench, salesforce: Salesforce) -> None:
    bench.accounts(3)
    (first,) = await read_run(salesforce, QUERY)

    (second,) = await read_run(salesforce, QUERY, first.cursor)

    assert second.reread == len(second.records) == 3


@pytest.mark.parametrize("rows", ["snapshot", "current"])
async def test_locator_expires_mid_page(bench: Bench, salesforce: Salesforce, rows: str) -> None:
    bench.sandbox.faults.set("locator_rows", rows)
    created = bench.accounts(1000)
    bench.sandbox.faults.arm("expire_cursor", after=1)
    query = ReadQuery("Account", ("Name",), page_size=250)
    first = await salesforce.read_page(query, None)
    bench.sandbox.clock.advance(timedelta(hours=2))
    bench.sandbox.human_edit("Account", created[499], {"Name": "Changed while the cursor was open"})

    rest = await read_run(salesforce, query, first.cursor)

    seen = ids_of([first, *rest])
    assert set(seen) == set(created)
    assert [found for found in created if seen.count(found) > 1] in ([], [created[499]])
    assert bench.sandbox.faults.fired["expire_cursor"] == 1


async def test_hard_delete_unseen_by_query_all(bench: Bench, salesforce: Salesforce) -> None:
    kept, purged = bench.accounts(2)
    (first,) = await read_run(salesforce, QUERY)
    bench.sandbox.human_purge("Account", purged)

    (changes,) = await read_run(salesforce, QUERY, first.cursor)
    (scan,) = await read_run(salesforce, QUERY)

    assert not changes.deletions
    assert not changes.complete_scan
    assert ids_of([scan]) == [kept]
    assert scan.complete_scan


async def test_undelete_restores_the_same_link(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1)
    bench.sandbox.human_delete("Account", account)
    gone = await salesforce.read_many("Account", [account], ("Name",))
    bench.sandbox.human_undelete("Account", account)

    back = await salesforce.read_many("Account", [account], ("Name",))

    assert gone.deletions[0].kind == "deleted"
    assert [record.id for record in back.records] == [account]


async def test_read_many_tells_live_merged_deleted_and_purged_apart(bench: Bench, salesforce: Salesforce) -> None:
    live, deleted, loser, purged = bench.accounts(4)
    bench.sandbox.human_delete("Account", deleted)
    bench.sandbox.human_merge("Account", live, loser)
    bench.sandbox.human_purge("Account", purged)

    result = await salesforce.read_many("Account", [live[:15], deleted, loser, purged], ("Name", "Owner.Name"))

    assert [(record.id, record.requested_id) for record in result.records] == [(live, live[:15])]
    assert {gone.id: (gone.kind, gone.merged_into) for gone in result.deletions} == {
        deleted: ("deleted", None),
        loser: ("merged", live),
        purged: ("purged", None),
    }


async def test_a_watermark_older_than_the_recycle_bin_asks_for_a_full_read(
    bench: Bench, salesforce: Salesforce
) -> None:
    (first,) = await read_run(salesforce, QUERY)
    bench.sandbox.clock.advance(timedelta(days=16))

    with pytest.raises(CursorExpired):
        await salesforce.read_page(QUERY, first.cursor)


async def test_a_scope_is_part_of_every_statement(bench: Bench, salesforce: Salesforce) -> None:
    partners = bench.accounts(3, Type="Partner")
    bench.accounts(3, Type="Customer")
    query = ReadQuery("Account", ("Name",), where="Type = 'Partner' OR Type = 'Nobody'", page_size=2)

    pages = await read_run(salesforce, query)

    assert ids_of(pages) == partners


async def test_a_poisoned_row_reaches_the_mapping_as_it_came(bench: Bench, salesforce: Salesforce) -> None:
    bench.accounts(3)
    bench.sandbox.faults.arm("poison_record", options={"field": "Name"})

    (page,) = await read_run(salesforce, QUERY)

    assert sum(isinstance(record.fields["Name"], list) for record in page.records) == 1
    assert len(page.records) == 3


async def test_many_rows_are_read_in_full_pages(bench: Bench, salesforce: Salesforce) -> None:
    bench.accounts(20_000)

    pages = await read_run(salesforce, QUERY)

    assert [len(page.records) for page in pages] == [2000] * 10 + [0]
    assert json.loads(pages[-1].cursor) == {"watermark": "2026-11-01T12:00:00Z"}


async def test_rows_that_keep_changing_while_they_are_read_are_neither_lost_nor_endless(
    bench: Bench, salesforce: Salesforce
) -> None:
    bench.sandbox.faults.set("locator_rows", "current")
    created = bench.accounts(600)
    query = ReadQuery("Account", ("Name",), page_size=200)
    pages, cursor = [], None
    for step in range(50):
        bench.sandbox.clock.advance(timedelta(seconds=7))
        for account in created[step * 50 : step * 50 + 300 : 3]:
            bench.sandbox.human_edit("Account", account, {"Name": f"Edited {step}"})
        bench.sandbox.faults.arm("expire_cursor", match=".")
        pages.append(await salesforce.read_page(query, cursor))
        cursor = pages[-1].cursor
        if pages[-1].done:
            break

    last = {record.id: record.fields["Name"] for page in pages for record in page.records}
    assert pages[-1].done
    assert last == {account: row["Name"] for account, row in bench.sandbox.rows("Account").items()}


async def test_objects_without_a_recycle_bin_are_read_too(salesforce: Salesforce) -> None:
    query = ReadQuery("User", ("Name",))
    (first,) = await read_run(salesforce, query)

    (second,) = await read_run(salesforce, query, first.cursor)

    assert [record.fields["Name"] for record in first.records] == [
        "Integration User",
        "Alex Executive",
        "Robin Fallback",
    ]
    assert second.reread == 3


async def test_a_quiet_object_is_not_read_again_once_its_overlap_is_over(bench: Bench, salesforce: Salesforce) -> None:
    bench.accounts(5)
    (first,) = await read_run(salesforce, QUERY)
    bench.sandbox.clock.advance(timedelta(hours=1))
    (second,) = await read_run(salesforce, QUERY, first.cursor)

    (third,) = await read_run(salesforce, QUERY, second.cursor)

    assert len(second.records) == 5
    assert not third.records


async def test_people_and_the_hub_are_named_in_pages_and_in_reads_by_id(bench: Bench, salesforce: Salesforce) -> None:
    by_person, by_hub = bench.accounts(2)
    await salesforce.write("Account", [update(by_hub, {"Phone": "1"})])
    before = len(bench.wire.requests)

    page = await salesforce.read_page(ReadQuery("Account", ("Name",)), None)
    found = await salesforce.read_many("Account", [by_person, by_hub], ("Name",))
    by_key = await salesforce.find_by_key("Account", "Name", ["Account 0", "Account 1"], ())

    expected = {by_person: "Alex Executive", by_hub: "Integration User"}
    assert len(bench.wire.requests) == before + 3
    for records in (page.records, found.records, by_key):
        assert {record.id: record.modified_by for record in records} == expected
    assert {name for record in page.records for name in record.fields} == {"Name"}


async def test_long_lists_of_ids_cost_one_call_and_give_the_authors_id(bench: Bench, salesforce: Salesforce) -> None:
    accounts = bench.accounts(600)
    users = (await salesforce.read_page(ReadQuery("User", ("Name",)), None)).records
    person = next(user.id for user in users if user.fields["Name"] == "Alex Executive")
    before = len(bench.wire.requests)

    found = await salesforce.read_many("Account", accounts, ("Name",))

    assert len(found.records) == 600
    assert {record.modified_by for record in found.records} == {person}
    assert len(bench.wire.requests) == before + 1


async def test_an_authors_name_that_is_mapped_comes_in_long_lists_too(bench: Bench, salesforce: Salesforce) -> None:
    accounts = bench.accounts(600)

    found = await salesforce.read_many("Account", accounts, ("LastModifiedBy.Name",))

    assert {record.fields["LastModifiedBy"]["Name"] for record in found.records} == {"Alex Executive"}


def test_an_author_who_may_not_be_seen_is_told_by_id_and_none_where_there_is_none() -> None:
    make = record_maker(())
    row = {"Id": "001", "LastModifiedById": "005000000000001AAA"}

    assert make(row | {"LastModifiedBy": None}).modified_by == "005000000000001AAA"
    assert make({"Id": "001"}).modified_by is None


@pytest.mark.parametrize(("object_name", "has_author"), [("Account", True), ("ContentDocumentLink", False)])
def test_authors_are_asked_for_where_the_object_has_them(object_name: str, has_author: bool) -> None:
    asked = columns(object_name, (), deletions=True)

    assert ("LastModifiedById" in asked, "LastModifiedBy.Name" in asked) == (has_author, has_author)
