"""Writes: an outcome per row, upserts by key, associations put in place, nothing doubled."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.sandbox.associations import USER_DEFINED, Node
from connectors.hubspot.writing import wire_value
from hub.sdk.errors import OutcomeUnknown, RateLimited, RecordGone, RecordRejected
from hub.sdk.records import ReadQuery, WriteOp
from tests.connectors.hubspot.conftest import Bench, create, done, failed, read_all, read_one, update


async def test_207_partial_batch_has_outcome_per_row(bench: Bench, hubspot: HubSpotClient) -> None:
    ops = [
        create(("hub_id", "c-1"), name="Good"),
        create(("hub_id", "c-2"), name="Bad", type="NO_SUCH_TYPE"),
        create(("hub_id", "c-3"), name="Unknown", no_such_property="x"),
        create(("hub_id", "c-4"), name="Good too"),
    ]

    outcomes = await hubspot.write("companies", ops)

    assert [done(outcomes[n]).created for n in (0, 3)] == [True, True]
    assert [failed(outcomes[n]).code for n in (1, 2)] == ["INVALID_OPTION", "PROPERTY_DOESNT_EXIST"]
    assert {row["name"] for row in bench.sandbox.rows("companies").values()} == {"Good", "Good too"}
    assert len(bench.sent("/batch/upsert")) == 1


async def test_repeated_create_finds_its_record_by_the_key(bench: Bench, hubspot: HubSpotClient) -> None:
    op = create(("hub_id", "c-1"), name="Once")
    first = done((await hubspot.write("companies", [op]))[0])

    second = done((await hubspot.write("companies", [op]))[0])

    assert (first.created, second.created) == (True, False)
    assert second.remote_id == first.remote_id
    assert len(bench.sandbox.rows("companies")) == 1


async def test_stage_of_another_pipeline_is_rejected(bench: Bench, hubspot: HubSpotClient) -> None:
    op = create(("partner_deal_id", "d-1"), dealname="D", pipeline="default", dealstage="147520302")

    rejected = failed((await hubspot.write("deals", [op]))[0])

    assert isinstance(rejected, RecordRejected)
    assert rejected.fields == ("dealstage",)


async def test_update_of_a_merged_record_reaches_the_survivor(bench: Bench, hubspot: HubSpotClient) -> None:
    first, second = bench.companies(2)
    survivor = bench.sandbox.human_merge("companies", first, second)

    written = done((await hubspot.write("companies", [update(second, {"phone": "1"})]))[0])

    assert written.remote_id == survivor
    assert bench.sandbox.rows("companies")[survivor]["phone"] == "1"


async def test_update_of_an_archived_record_is_gone_and_the_rest_stands(bench: Bench, hubspot: HubSpotClient) -> None:
    gone, kept = bench.companies(2)
    bench.sandbox.human_delete("companies", gone)

    outcomes = await hubspot.write("companies", [update(gone, {"phone": "1"}), update(kept, {"phone": "2"})])

    assert isinstance(failed(outcomes[0]), RecordGone)
    assert done(outcomes[1]).remote_id == kept


async def test_deletes_archive_and_a_second_delete_is_harmless(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    op = WriteOp("delete", {}, "d", remote_id=company)

    first, second = await hubspot.write("companies", [op]), await hubspot.write("companies", [op])

    assert done(first[0]) == done(second[0])
    assert bench.sandbox.rows("companies") == {}
    bench.sandbox.human_undelete("companies", company)
    assert company in bench.sandbox.rows("companies")


async def test_new_contacts_company_is_its_primary_one(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    fields = {"lastname": "Reyes", "associations.companies": company}

    written = done((await hubspot.write("contacts", [create(("hub_id", "p-1"), **fields)]))[0])

    assert bench.sandbox.rows("contacts")[written.remote_id]["associations"] == {"companies": company}
    assert bench.sent("/associations/")[0].url.path.endswith("/batch/create")  # a new record has none to read


@pytest.mark.parametrize("wanted", ["second", None])
async def test_association_is_replaced_or_removed_and_a_sellers_label_stays(
    bench: Bench, hubspot: HubSpotClient, wanted: str | None
) -> None:
    first, second = bench.companies(2)
    deal = bench.sandbox.human_create("deals", {"dealname": "D", "associations": {"companies": first}})
    label = (USER_DEFINED, 27)
    links = bench.sandbox.crm.associations
    links.set(Node("deals", deal), Node("companies", first), [label])
    to_id = second if wanted else None

    done((await hubspot.write("deals", [update(deal, {"associations": {"companies": to_id}})]))[0])

    assert (await read_one(hubspot, "deals", deal, "associations.companies")).fields == {
        "associations": {"companies": to_id}
    }
    assert links.of(Node("deals", deal), "companies")[first] == {label}


async def test_association_that_is_right_already_is_not_written(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    contact = bench.sandbox.human_create("contacts", {"lastname": "R", "associations": {"companies": company}})

    done((await hubspot.write("contacts", [update(contact, {"associations.companies": company})]))[0])

    assert [request.url.path.rsplit("/", 1)[1] for request in bench.sent("/associations/")] == ["read"]


async def test_failed_association_is_the_rows_error_and_its_replay_is_harmless(
    bench: Bench, hubspot: HubSpotClient
) -> None:
    [company] = bench.companies(1)
    good = create(("hub_id", "p-1"), **{"lastname": "A", "associations.companies": company})
    bad = create(("hub_id", "p-2"), **{"lastname": "B", "associations.companies": "404404"})
    plain = create(("hub_id", "p-3"), lastname="C")

    outcomes = await hubspot.write("contacts", [good, bad, plain])
    again = await hubspot.write("contacts", [bad])

    assert isinstance(failed(outcomes[1]), RecordRejected)
    assert done(outcomes[0]).created
    assert done(outcomes[2]).created
    assert isinstance(failed(again[0]), RecordRejected)
    assert len(bench.sandbox.rows("contacts")) == 3


async def test_throttled_association_step_is_told_per_row(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    ops = [
        create(("hub_id", "p-1"), **{"lastname": "A", "associations.companies": company}),
        create(("hub_id", "p-2"), lastname="B"),
    ]
    bench.sandbox.faults.arm("throttle", match="/associations/")

    outcomes = await hubspot.write("contacts", ops)
    again = await hubspot.write("contacts", ops[:1])

    assert isinstance(failed(outcomes[0]), RateLimited)
    assert done(outcomes[1]).created
    assert not done(again[0]).created
    assert bench.sandbox.rows("contacts")[done(again[0]).remote_id]["associations"] == {"companies": company}


@pytest.mark.parametrize("size", [100, 2000])
async def test_associations_are_read_whatever_batch_the_account_takes(
    bench: Bench, hubspot: HubSpotClient, size: int
) -> None:
    bench.sandbox.faults.set("association_batch_size", size)
    [company] = bench.companies(1)
    for number in range(300):
        bench.sandbox.human_create("contacts", {"lastname": f"P{number}", "associations": {"companies": company}})

    scan = await read_all(hubspot, ReadQuery("contacts", ("associations.companies",)))

    assert {record.fields["associations"]["companies"] for record in scan.records} == {company}


async def test_note_is_put_on_the_company_and_the_deal(bench: Bench, hubspot: HubSpotClient) -> None:
    [company] = bench.companies(1)
    deal = bench.sandbox.human_create("deals", {"dealname": "D"})
    fields = {"hs_timestamp": "2026-11-02T09:00:00Z", "hs_note_body": "Registered"}
    associated = {"associations.companies": company, "associations.deals": deal}

    note = done((await hubspot.write("notes", [create(("hub_id", "n-1"), **fields, **associated)]))[0]).remote_id

    links = bench.sandbox.crm.associations
    assert list(links.of(Node("notes", note), "companies")) == [company]
    assert list(links.of(Node("deals", deal), "notes")) == [note]


async def test_lost_answer_of_a_write_is_outcome_unknown_and_the_key_verifies(
    bench: Bench, hubspot: HubSpotClient
) -> None:
    await hubspot.check()
    bench.sandbox.faults.arm("malformed_json", match="/batch/upsert")

    with pytest.raises(OutcomeUnknown):
        await hubspot.write("companies", [create(("hub_id", "c-1"), name="A")])

    [found] = await hubspot.find_by_key("companies", "hub_id", ["c-1", "c-2"], ("name",))
    assert found.fields == {"name": "A", "hub_id": "c-1"}


@pytest.mark.parametrize("null_clears", [True, False])
async def test_clearing_works_whether_or_not_null_clears(
    bench: Bench, hubspot: HubSpotClient, null_clears: bool
) -> None:
    bench.sandbox.faults.set("null_clears", null_clears)
    company = bench.sandbox.human_create("companies", {"name": "A", "phone": "1"})

    done((await hubspot.write("companies", [update(company, {"phone": None})]))[0])

    assert "phone" not in bench.sandbox.rows("companies")[company]


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_money_keeps_its_digits_on_the_wire(amount: Decimal) -> None:
    text = wire_value("amount", amount)

    assert Decimal(text) == amount
    assert "E" not in text


@given(st.lists(st.from_regex(r"[a-z_]+", fullmatch=True), min_size=1))
def test_choices_are_joined_and_come_apart_again(choices: list[str]) -> None:
    assert wire_value("roles", choices).split(";") == choices


def test_value_without_a_property_type_is_rejected_by_name() -> None:
    with pytest.raises(RecordRejected) as caught:
        wire_value("address", {"street": "x"})

    assert caught.value.fields == ("address",)
