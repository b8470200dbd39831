"""Writing: collections, conditional rows, bulk jobs; one outcome per row."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.salesforce.client import Salesforce
from connectors.salesforce.sandbox.schema import Field
from hub.sdk.errors import Conflict, LockContention, OutcomeUnknown, RecordGone, RecordRejected, Unavailable
from hub.sdk.records import WriteOp, Written
from tests.connectors.salesforce.conftest import Bench, api


def create(number: int, **fields: object) -> WriteOp:
    return WriteOp("create", {"Name": f"New {number}", **fields}, f"c{number}", key=("Hub_Id__c", f"hub-{number}"))


def update(record_id: str, precondition: str | None = None, **fields: object) -> WriteOp:
    return WriteOp("update", dict(fields), f"u{record_id}", remote_id=record_id, precondition=precondition)


def delete(record_id: str) -> WriteOp:
    return WriteOp("delete", {}, f"d{record_id}", remote_id=record_id)


async def test_creates_are_upserts_by_the_key_so_a_repeat_makes_no_second_record(
    bench: Bench, salesforce: Salesforce
) -> None:
    ops = [create(n, AnnualRevenue=Decimal("1.50")) for n in range(3)]

    first = await salesforce.write("Account", ops)
    second = await salesforce.write("Account", ops)

    rows = bench.sandbox.rows("Account")
    assert len(rows) == 3
    assert [outcome.created for outcome in first if isinstance(outcome, Written)] == [True] * 3
    assert [outcome.created for outcome in second if isinstance(outcome, Written)] == [False] * 3
    assert {row["Hub_Id__c"] for row in rows.values()} == {"hub-0", "hub-1", "hub-2"}
    assert {row["AnnualRevenue"] for row in rows.values()} == {Decimal("1.50")}
    assert len(bench.wire.named("/composite/sobjects/Account/Hub_Id__c")) == 2


async def test_an_update_writes_exactly_its_fields_and_null_clears(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1, Phone="+49 30 1", Website="https://a.example.com")

    (outcome,) = await salesforce.write("Account", [update(account, Phone=None)])

    row = bench.sandbox.rows("Account")[account]
    assert outcome == Written(account)
    assert (row["Phone"], row["Website"], row["Name"]) == (None, "https://a.example.com", "Account 0")


async def test_deletes_go_to_the_recycle_bin_and_a_second_one_says_gone(bench: Bench, salesforce: Salesforce) -> None:
    account, other = bench.accounts(2)

    first = await salesforce.write("Account", [delete(account)])
    second = await salesforce.write("Account", [delete(account), delete(other)])

    assert first == [Written(account)]
    assert isinstance(second[0], RecordGone)
    assert second[1] == Written(other)
    assert bench.sandbox.rows("Account") == {}


async def test_http_200_with_all_rows_failed(bench: Bench, salesforce: Salesforce) -> None:
    bench.sandbox.faults.arm("all_rows_fail")

    outcomes = await salesforce.write("Account", [create(n) for n in range(3)])

    assert all(isinstance(outcome, RecordRejected) for outcome in outcomes)
    assert bench.sandbox.rows("Account") == {}


async def test_one_bad_row_does_not_touch_its_neighbours(bench: Bench, salesforce: Salesforce) -> None:
    outcomes = await salesforce.write(
        "Account",
        [create(1), create(2, Partner_Tier__c="Diamond"), create(3, Nonsense__c=1), create(4, Name=None), create(5)],
    )

    assert [type(outcome) for outcome in outcomes] == [Written, RecordRejected, RecordRejected, RecordRejected, Written]
    assert isinstance(outcomes[1], RecordRejected)
    assert (outcomes[1].code, outcomes[1].fields) == ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ("Partner_Tier__c",))
    assert isinstance(outcomes[2], RecordRejected)
    assert (outcomes[2].code, outcomes[2].fields) == ("INVALID_FIELD", ("Nonsense__c",))
    assert isinstance(outcomes[3], RecordRejected)
    assert (outcomes[3].code, outcomes[3].fields) == ("REQUIRED_FIELD_MISSING", ("Name",))


async def test_a_locked_row_is_contention_and_not_a_data_error(bench: Bench, salesforce: Salesforce) -> None:
    accounts = bench.accounts(2)
    bench.sandbox.faults.arm("lock_row")

    outcomes = await salesforce.write("Account", [update(account, Phone="1") for account in accounts])

    assert isinstance(outcomes[0], LockContention)
    assert outcomes[1] == Written(accounts[1])


async def test_an_update_of_a_merged_record_names_the_survivor(bench: Bench, salesforce: Salesforce) -> None:
    winner, loser, deleted = bench.accounts(3)
    bench.sandbox.human_merge("Account", winner, loser)
    bench.sandbox.human_delete("Account", deleted)

    outcomes = await salesforce.write("Account", [update(loser, Phone="1"), update(deleted, Phone="1")])

    assert [outcome.merged_into for outcome in outcomes if isinstance(outcome, RecordGone)] == [winner, None]


async def test_a_clash_on_a_unique_value_names_the_record_in_the_way(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1, Program_Number__c="P-1")

    (outcome,) = await salesforce.write("Account", [create(1, Program_Number__c="p-1")])

    assert isinstance(outcome, RecordRejected)
    assert (outcome.code, outcome.existing_id) == ("DUPLICATE_VALUE", account)


@pytest.mark.parametrize("spelling", ["duplicateResut", "duplicateResult"])
async def test_duplicate_rule_body_read_in_both_spellings(bench: Bench, salesforce: Salesforce, spelling: str) -> None:
    (account,) = bench.accounts(1)
    bench.sandbox.faults.set("duplicate_body_key", spelling)
    bench.sandbox.faults.arm("duplicate_rule", options={"existing_id": account})

    (outcome,) = await salesforce.write("Account", [create(1)])

    assert isinstance(outcome, RecordRejected)
    assert (outcome.code, outcome.existing_id) == ("DUPLICATES_DETECTED", account)


async def test_external_id_with_two_matches_is_300_and_writes_nothing(bench: Bench, salesforce: Salesforce) -> None:
    bench.sandbox.add_field("Account", Field("Old_Key__c", external_id=True))
    accounts = bench.accounts(2, Old_Key__c="twice")

    row = await api(bench, "PATCH", "/sobjects/Account/Old_Key__c/twice", json={"Phone": "1"})
    (outcome,) = await salesforce.write(
        "Account", [WriteOp("create", {"Phone": "1"}, "k", key=("Old_Key__c", "twice"))]
    )

    assert row.status_code == 300
    assert [url.rsplit("/", 1)[1] for url in row.json()] == accounts
    assert isinstance(outcome, RecordRejected)
    assert all("Phone" not in row for row in bench.sandbox.rows("Account").values())


async def test_a_precondition_holds_and_the_other_rows_go_through(bench: Bench, salesforce: Salesforce) -> None:
    changed, same = bench.accounts(2)
    version = "2026-11-01T12:00:00.000+0000"
    bench.sandbox.clock.advance(timedelta(seconds=5))
    bench.sandbox.human_edit("Account", changed, {"Phone": "by a person"})

    outcomes = await salesforce.write(
        "Account", [update(changed, version, Phone="hub"), update(same, version, Phone="hub")]
    )

    assert isinstance(outcomes[0], Conflict)
    assert outcomes[1] == Written(same)
    assert bench.sandbox.rows("Account")[changed]["Phone"] == "by a person"
    assert len(bench.wire.named("/composite")) == 1


async def test_if_unmodified_since_same_second_write(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1)
    version = "2026-11-01T12:00:00.000+0000"
    bench.sandbox.human_edit("Account", account, {"Phone": "by a person"})

    (outcome,) = await salesforce.write("Account", [update(account, version, Website="https://hub.example.com")])
    (after,) = (await salesforce.read_many("Account", [account], ("Phone", "Website"))).records

    assert outcome == Written(account)
    assert after.fields == {"Phone": "by a person", "Website": "https://hub.example.com"}


async def test_a_parent_can_be_named_by_its_own_key(bench: Bench, salesforce: Salesforce) -> None:
    (account,) = bench.accounts(1, Hub_Id__c="parent/1")

    op = WriteOp("create", {"LastName": "Child", "Account.Hub_Id__c": "parent/1"}, "c", key=("Hub_Id__c", "child"))
    (outcome,) = await salesforce.write("Contact", [op])

    assert isinstance(outcome, Written)
    assert bench.sandbox.rows("Contact")[outcome.remote_id]["AccountId"] == account


async def test_a_later_part_that_fails_leaves_the_outcomes_of_the_first(bench: Bench, salesforce: Salesforce) -> None:
    bench.sandbox.faults.arm("unavailable", match="/composite/sobjects", after=1)

    outcomes = await salesforce.write("Account", [create(n) for n in range(250)])

    assert [type(outcome) for outcome in outcomes] == [Written] * 200 + [Unavailable] * 50


async def test_more_than_two_thousand_rows_go_as_one_bulk_job(bench: Bench, salesforce: Salesforce) -> None:
    outcomes = await salesforce.write("Account", [create(n) for n in range(2001)])

    rows = bench.sandbox.rows("Account")
    assert len(rows) == 2001
    assert all(
        isinstance(outcome, Written) and rows[outcome.remote_id]["Name"] == f"New {n}"
        for n, outcome in enumerate(outcomes)
    )
    assert not bench.wire.named("/composite")


async def test_bulk_null_is_hash_na_and_blank_is_ignored(bench: Bench, salesforce: Salesforce) -> None:
    accounts = bench.accounts(2001, Phone="1", Website="https://a.example.com")

    outcomes = await salesforce.write(
        "Account",
        [
            update(accounts[0], Phone=None),
            *(update(account, Website="https://b.example.com") for account in accounts[1:]),
        ],
    )

    rows = bench.sandbox.rows("Account")
    assert all(isinstance(outcome, Written) for outcome in outcomes)
    assert (rows[accounts[0]]["Phone"], rows[accounts[0]]["Website"]) == (None, "https://a.example.com")
    assert (rows[accounts[1]]["Phone"], rows[accounts[1]]["Website"]) == ("1", "https://b.example.com")


async def test_a_failed_bulk_job_tells_done_refused_and_untouched_rows_apart(
    bench: Bench, salesforce: Salesforce
) -> None:
    accounts = bench.accounts(2500)
    bench.sandbox.faults.arm("bulk_abort", options={"after": 2000})
    bench.sandbox.faults.arm("reject_row", times=3)

    outcomes = await salesforce.write("Account", [update(account, Phone="1") for account in accounts])

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [RecordRejected] * 3 + [Written] * 1997 + [Unavailable] * 500


async def test_one_rows_unknown_field_refuses_that_row_and_no_other_of_a_bulk_load(
    bench: Bench, salesforce: Salesforce
) -> None:
    outcomes = await salesforce.write("Account", [create(0, Nonsense__c="x"), *(create(n) for n in range(1, 2001))])

    assert isinstance(outcomes[0], RecordRejected)
    assert outcomes[0].fields == ("Nonsense__c",)
    assert all(isinstance(outcome, Written) for outcome in outcomes[1:])
    assert len(bench.sandbox.rows("Account")) == 2000


async def test_a_bulk_job_whose_upload_breaks_off_wrote_nothing(bench: Bench, salesforce: Salesforce) -> None:
    bench.sandbox.faults.arm("lose_response", match="/batches")

    with pytest.raises(Unavailable):
        await salesforce.write("Account", [create(n) for n in range(2001)])

    assert bench.sandbox.rows("Account") == {}


async def test_a_bulk_job_that_was_closed_without_an_answer_has_an_unknown_outcome(
    bench: Bench, salesforce: Salesforce
) -> None:
    bench.sandbox.faults.arm("lose_response", match="PATCH /services/data/v62.0/jobs/ingest")

    with pytest.raises(OutcomeUnknown):
        await salesforce.write("Account", [create(n) for n in range(2001)])

    found = await salesforce.find_by_key("Account", "Hub_Id__c", ["hub-0", "HUB-2000", "hub-3000"], ("Name",))
    assert {record.fields["Name"] for record in found} == {"New 0", "New 2000"}


async def test_money_and_texts_survive_a_bulk_job_unchanged(bench: Bench, salesforce: Salesforce) -> None:
    text = 'Line one\nline "two", \u00e9\u4e2d; #N/A inside'
    ops = [create(n, AnnualRevenue=Decimal("12345678.90"), Description=text) for n in range(2001)]

    await salesforce.write("Account", ops)

    rows = bench.sandbox.rows("Account").values()
    assert {(row["AnnualRevenue"], row["Description"]) for row in rows} == {(Decimal("12345678.90"), text)}


async def test_find_by_key_takes_more_values_than_an_address_holds(bench: Bench, salesforce: Salesforce) -> None:
    for n in range(1200):
        bench.sandbox.human_create("Account", {"Name": f"A {n}", "Hub_Id__c": f"00000000-0000-4000-8000-{n:012d}"})
    keys = [f"00000000-0000-4000-8000-{n:012d}" for n in range(1500)]

    found = await salesforce.find_by_key("Account", "Hub_Id__c", keys, ("Name",))

    assert {record.fields["Hub_Id__c"] for record in found} == set(keys[:1200])


async def test_a_locked_parent_passes_in_smaller_batches(bench: Bench, salesforce: Salesforce) -> None:
    accounts = bench.accounts(4)
    bench.sandbox.faults.arm("lock_row", times=2)
    ops = [update(account, Phone="1") for account in accounts]

    first = await salesforce.write("Account", ops)
    again = [op for op, outcome in zip(ops, first, strict=True) if isinstance(outcome, LockContention)]
    second = [(await salesforce.write("Account", [op]))[0] for op in again]

    assert len(again) == 2
    assert all(isinstance(outcome, Written) for outcome in second)


async def test_an_object_without_a_key_is_created_and_deleted(bench: Bench, salesforce: Salesforce) -> None:
    first, second = bench.accounts(2)
    op = WriteOp("create", {"AccountFromId": first, "AccountToId": second, "Role": "Reseller"}, "p")

    (made,) = await salesforce.write("Partner", [op])
    assert isinstance(made, Written)
    (gone,) = await salesforce.write("Partner", [delete(made.remote_id)])

    assert made.created
    assert gone == Written(made.remote_id)
    assert not salesforce.capabilities.of("Partner").upsert
