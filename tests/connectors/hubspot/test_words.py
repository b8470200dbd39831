"""What HubSpot holds as ids, in words: owners, stages, labelled associations, and values copied into a new record."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.sandbox.associations import USER_DEFINED, Node
from connectors.hubspot.sandbox.schema import OWNERS, PARTNER_PIPELINE, PARTNER_STAGES
from hub.sdk.errors import RecordRejected
from hub.sdk.records import ReadQuery
from tests.connectors.hubspot.conftest import Bench, create, done, failed, read_all, read_one, update

DANA, OMAR, DESK = OWNERS


@pytest.fixture
def seller_company(bench: Bench) -> str:
    """A company that Dana looks after."""
    return bench.sandbox.human_create("companies", {"name": "Kunde AG", "hubspot_owner_id": DANA.id})


@pytest.fixture
def partner_company(bench: Bench) -> str:
    return bench.sandbox.human_create("companies", {"name": "Acme", "type": "PARTNER"})


def _labels(bench: Bench, deal: str, company: str) -> set[str]:
    return {label[0] for label in bench.sandbox.crm.associations.of(Node("deals", deal), "companies").get(company, ())}


async def test_owner_is_read_by_name_and_address(bench: Bench, hubspot: HubSpotClient, seller_company: str) -> None:
    [nobodys] = bench.companies(1)
    query = ReadQuery("companies", ("name", "owner.email", "owner.name"))

    found = {record.id: record.fields for record in (await read_all(hubspot, query)).records}

    assert found[seller_company]["owner"] == {"email": DANA.email, "name": "Dana Field"}
    assert found[nobodys]["owner"] is None
    assert len(bench.sent("/owners")) == 2  # the active and the deactivated ones, once for all records


async def test_owner_is_written_by_address(bench: Bench, hubspot: HubSpotClient) -> None:
    task = {
        "hs_task_subject": "See",
        "hs_timestamp": "2026-11-03T09:00:00Z",
        "owner.email": "Omar.Reyes@direct.example",
    }

    written = done((await hubspot.write("tasks", [create(("hub_id", "t-1"), **task)]))[0])

    assert bench.sandbox.rows("tasks")[written.remote_id]["hubspot_owner_id"] == OMAR.id


async def test_unknown_owner_goes_to_the_fallback_and_else_to_nobody(bench: Bench) -> None:
    task = {"hs_task_subject": "See", "hs_timestamp": "2026-11-03T09:00:00Z", "owner.email": "left@direct.example"}
    with_desk = bench.connect(fallback_owner=DESK.email)
    one, two = create(("hub_id", "t-1"), **task), create(("hub_id", "t-2"), **task)

    first = done((await with_desk.write("tasks", [one]))[0]).remote_id
    second = done((await bench.connect().write("tasks", [two]))[0]).remote_id

    rows = bench.sandbox.rows("tasks")
    assert rows[first]["hubspot_owner_id"] == DESK.id
    assert "hubspot_owner_id" not in rows[second]


async def test_stage_is_read_and_written_by_label(bench: Bench, hubspot: HubSpotClient) -> None:
    fields = {"dealname": "D", "stage.pipeline": "partner deals", "stage.label": "in_review"}

    written = done((await hubspot.write("deals", [create(("partner_deal_id", "d-1"), **fields)]))[0])

    row = bench.sandbox.rows("deals")[written.remote_id]
    assert (row["pipeline"], row["dealstage"]) == (PARTNER_PIPELINE, PARTNER_STAGES["in_review"])
    bench.sandbox.human_edit("deals", written.remote_id, {"dealstage": PARTNER_STAGES["won"]})
    words = ("stage.pipeline", "stage.label", "stage.closed", "stage.won")
    assert (await read_one(hubspot, "deals", written.remote_id, *words)).fields["stage"] == {
        "pipeline": "Partner deals", "label": "Won", "closed": True, "won": True,
    }  # fmt: skip


async def test_pipeline_or_stage_that_the_account_lacks_is_said(bench: Bench, hubspot: HubSpotClient) -> None:
    ops = [
        create(("partner_deal_id", "d-1"), **{"dealname": "D", "stage.pipeline": "Channel"}),
        create(("partner_deal_id", "d-2"), **{"dealname": "D", "stage.pipeline": "Partner deals", "stage.label": "X"}),
        create(("partner_deal_id", "d-3"), **{"dealname": "D", "stage.pipeline": "Partner deals"}),
    ]

    outcomes = await hubspot.write("deals", ops)

    assert "no pipeline 'Channel'" in failed(outcomes[0]).message
    assert "no pipeline 'Partner deals' with a stage 'X'" in failed(outcomes[1]).message
    row = bench.sandbox.rows("deals")[done(outcomes[2]).remote_id]
    assert row["dealstage"] == PARTNER_STAGES["draft"]  # the pipeline's first


async def test_both_companies_of_a_deal_are_associated_each_in_its_part(
    bench: Bench, hubspot: HubSpotClient, seller_company: str, partner_company: str
) -> None:
    targets = {"associations.companies": seller_company, "associations.companies:partner": partner_company}

    deal = done((await hubspot.write("deals", [create(("partner_deal_id", "d-1"), dealname="D", **targets)]))[0])

    read = await read_one(hubspot, "deals", deal.remote_id, *targets)
    assert read.fields["associations"] == {"companies": seller_company, "companies:partner": partner_company}
    assert USER_DEFINED in _labels(bench, deal.remote_id, partner_company)
    assert USER_DEFINED not in _labels(bench, deal.remote_id, seller_company)


async def test_a_label_moves_without_a_trace_and_leaves_others_alone(
    bench: Bench, hubspot: HubSpotClient, seller_company: str, partner_company: str
) -> None:
    [successor] = bench.companies(1)
    targets = {"associations.companies": seller_company, "associations.companies:partner": partner_company}
    deal = done((await hubspot.write("deals", [create(("partner_deal_id", "d-1"), dealname="D", **targets)]))[0])

    done((await hubspot.write("deals", [update(deal.remote_id, {"associations.companies:partner": successor})]))[0])
    again = update(deal.remote_id, {"associations.companies:partner": successor})
    done((await hubspot.write("deals", [again]))[0])

    known = bench.sandbox.crm.associations.of(Node("deals", deal.remote_id), "companies")
    assert known.keys() == {seller_company, successor}


async def test_one_more_association_is_added_once_and_takes_none_away(bench: Bench, hubspot: HubSpotClient) -> None:
    first, second = (bench.sandbox.human_create("deals", {"dealname": name}) for name in ("One", "Two"))
    both = {"associations.deals": first, "associations.deals:also": second}
    task = {"hs_task_subject": "See", "hs_timestamp": "2026-11-03T09:00:00Z", **both}

    written = done((await hubspot.write("tasks", [create(("hub_id", "t-1"), **task)]))[0])
    done((await hubspot.write("tasks", [update(written.remote_id, both)]))[0])
    done((await hubspot.write("tasks", [update(written.remote_id, {"associations.deals": second})]))[0])

    known = bench.sandbox.crm.associations.of(Node("tasks", written.remote_id), "deals")
    assert list(known) == [first, second]


async def test_unknown_label_rejects_the_row_with_what_to_do(
    bench: Bench, hubspot: HubSpotClient, partner_company: str
) -> None:
    fields = {"dealname": "D", "associations.companies:reseller": partner_company}

    rejected = failed((await hubspot.write("deals", [create(("partner_deal_id", "d-1"), **fields)]))[0])

    assert isinstance(rejected, RecordRejected)
    assert "no association label 'reseller' between deals and companies" in rejected.message


async def test_new_record_gets_what_its_sources_hold(
    bench: Bench, hubspot: HubSpotClient, seller_company: str, partner_company: str
) -> None:
    fields = {
        "dealname": "D",
        "partner_amount": "900.5",
        "partner_close_date": "2026-12-31",
        "associations.companies": seller_company,
        "associations.companies:partner": partner_company,
        "copy.amount": "partner_amount",
        "copy.closedate": "partner_close_date",
        "copy.hubspot_owner_id": "companies.hubspot_owner_id",
        "copy.partner_name": "companies:partner.name",
        "copy.description": "companies.description",
    }

    deal = done((await hubspot.write("deals", [create(("partner_deal_id", "d-1"), **fields)]))[0])

    row = bench.sandbox.rows("deals")[deal.remote_id]
    assert (row["amount"], row["closedate"]) == ("900.5", "2026-12-31T00:00:00.000Z")
    assert (row["hubspot_owner_id"], row["partner_name"]) == (DANA.id, "Acme")
    assert "description" not in row


async def test_a_new_note_is_associated_with_the_company_of_its_deal(
    bench: Bench, hubspot: HubSpotClient, seller_company: str
) -> None:
    deal = bench.sandbox.human_create("deals", {"dealname": "D", "associations.companies": seller_company})
    fields = {
        "hs_timestamp": "2026-11-03T09:00:00Z",
        "hs_note_body": "Approved",
        "associations.deals": deal,
        "copy.associations.companies": "deals.associations.companies",
    }

    note = done((await hubspot.write("notes", [create(("hub_id", "n-1"), **fields)]))[0])

    row = bench.sandbox.rows("notes")[note.remote_id]
    assert row["associations"] == {"companies": seller_company, "deals": deal}


async def test_a_known_buyer_is_associated_and_none_is_made(bench: Bench, hubspot: HubSpotClient) -> None:
    contact = bench.sandbox.human_create("contacts", {"lastname": "Weber", "email": "weber@kunde.example"})
    ops = [
        create(("partner_deal_id", "d-1"), **{"dealname": "D", "contact.email": "Weber@kunde.example"}),
        create(("partner_deal_id", "d-2"), **{"dealname": "E", "contact.email": "nobody@kunde.example"}),
    ]

    first, second = (done(one).remote_id for one in await hubspot.write("deals", ops))

    rows = bench.sandbox.rows("deals")
    assert rows[first]["associations"] == {"contacts": contact}
    assert "associations" not in rows[second]
    assert len(bench.sandbox.rows("contacts")) == 1


async def test_a_second_try_of_a_create_leaves_first_values_alone(bench: Bench, hubspot: HubSpotClient) -> None:
    fields = {"dealname": "D", "partner_amount": "900", "copy.amount": "partner_amount"}
    op = replace(create(("partner_deal_id", "d-1"), **fields), initial=frozenset({"dealname", "copy.amount"}))
    deal = done((await hubspot.write("deals", [op]))[0])
    bench.sandbox.human_edit("deals", deal.remote_id, {"dealname": "Seller's name", "amount": "750"})

    again = done((await hubspot.write("deals", [op]))[0])

    assert (again.remote_id, again.created) == (deal.remote_id, False)
    row = bench.sandbox.rows("deals")[deal.remote_id]
    assert (row["dealname"], row["amount"], row["partner_amount"]) == ("Seller's name", "750", "900")
