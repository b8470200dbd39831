"""Leads that became accounts, contacts and opportunities: told as conversions, wherever they are met."""

from datetime import timedelta

from connectors.salesforce.client import Salesforce
from hub.sdk.errors import Conflict
from hub.sdk.records import Deletion, ReadQuery
from hub.sdk.testing import update
from tests.connectors.salesforce.conftest import Bench, ids_of, read_run

QUERY = ReadQuery("Lead", ("Company", "Status", "ConvertedAccountId"))


def _lead(bench: Bench, company: str = "Acme") -> str:
    return bench.sandbox.human_create("Lead", {"LastName": "Peeters", "Company": company})


async def test_a_converted_lead_names_what_it_became_and_what_it_held_at_last(
    bench: Bench, salesforce: Salesforce
) -> None:
    lead, other = _lead(bench), _lead(bench, "Other")
    (first,) = await read_run(salesforce, QUERY)
    bench.sandbox.clock.advance(timedelta(hours=1))
    made = bench.sandbox.human_convert(lead)

    (page,) = await read_run(salesforce, QUERY, first.cursor)
    found = await salesforce.read_many("Lead", [lead, other], QUERY.fields)

    (told,) = page.deletions
    assert (told.id, told.kind, told.source) == (lead, "converted", "tombstone")
    assert told.became == tuple((name, made[name]) for name in ("Opportunity", "Account", "Contact"))
    assert told.last is not None
    assert told.last.fields == {
        "Company": "Acme", "Status": "Closed - Converted", "ConvertedAccountId": made["Account"]
    }  # fmt: skip
    assert [record.id for record in found.records] == [other]
    assert [(d.id, d.kind, d.source, d.became) for d in found.deletions] == [(lead, "converted", "probe", told.became)]


async def test_a_lead_converted_without_an_opportunity_became_an_account_and_a_contact(
    bench: Bench, salesforce: Salesforce
) -> None:
    [account] = bench.accounts(1)
    lead = _lead(bench)
    made = bench.sandbox.human_convert(lead, opportunity=False, account=account)

    found = await salesforce.read_many("Lead", [lead], QUERY.fields)

    assert found.deletions[0].became == (("Account", account), ("Contact", made["Contact"]))


async def test_a_full_read_leaves_converted_leads_out(bench: Bench, salesforce: Salesforce) -> None:
    lead, other = _lead(bench), _lead(bench, "Other")
    bench.sandbox.human_convert(lead)

    pages = await read_run(salesforce, QUERY)

    assert ids_of(pages) == [other]
    assert [d.kind for page in pages for d in page.deletions] == ["converted"]


async def test_a_write_to_a_converted_lead_asks_for_a_new_look(bench: Bench, salesforce: Salesforce) -> None:
    lead = _lead(bench)
    bench.sandbox.human_convert(lead)

    (outcome,) = await salesforce.write("Lead", [update(lead, {"Company": "Acme BV"})])

    assert isinstance(outcome, Conflict)
    assert isinstance((await salesforce.read_many("Lead", [lead], ())).deletions[0], Deletion)
