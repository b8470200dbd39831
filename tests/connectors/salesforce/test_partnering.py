"""The partner of an opportunity is a Partner row: made once, never changed, whoever is primary."""

from typing import Any

import pytest

from connectors.salesforce.client import Salesforce
from hub.sdk.errors import OutcomeUnknown, RecordRejected, Unavailable
from hub.sdk.records import WriteOp, WriteOutcome, Written
from hub.sdk.testing import create, update
from tests.connectors.salesforce.conftest import Bench, api

PARTNER = "Partners.AccountToId"


@pytest.fixture
def salesforce(bench: Bench) -> Salesforce:
    return bench.connect(partner_role="Reseller")


def _new(customer: str, partner: str, key: str = "one") -> WriteOp:
    fields = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2027-01-31", "AccountId": customer}
    return create(("Hub_Deal_Id__c", key), {**fields, PARTNER: partner})


async def _written(salesforce: Salesforce, op: WriteOp) -> WriteOutcome:
    (outcome,) = await salesforce.write("Opportunity", [op])
    return outcome


def _partners(bench: Bench, name: str = "Partner") -> list[dict[str, Any]]:
    return list(bench.sandbox.rows(name).values())


async def test_a_new_opportunity_has_its_partner_in_the_role_of_the_connection(
    bench: Bench, salesforce: Salesforce
) -> None:
    customer, partner = bench.accounts(2)

    made = await _written(salesforce, _new(customer, partner))

    assert isinstance(made, Written)
    (row,) = _partners(bench)
    assert (row["OpportunityId"], row["AccountToId"]) == (made.remote_id, partner)
    assert (row["Role"], row["IsPrimary"]) == ("Reseller", True)
    assert [shown["AccountToId"] for shown in _partners(bench, "OpportunityPartner")] == [partner, customer]


async def test_written_again_nothing_is_doubled(bench: Bench, salesforce: Salesforce) -> None:
    customer, partner = bench.accounts(2)
    made = await _written(salesforce, _new(customer, partner))
    assert isinstance(made, Written)

    await _written(salesforce, _new(customer, partner))
    await _written(salesforce, update(made.remote_id, {PARTNER: partner}))

    assert len(_partners(bench)) == len(bench.sandbox.rows("Opportunity")) == 1


async def test_a_role_and_a_primary_of_peoples_choice_stay(bench: Bench, salesforce: Salesforce) -> None:
    customer, theirs, ours = bench.accounts(3)
    made = await _written(salesforce, _new(customer, theirs))
    assert isinstance(made, Written)

    assert isinstance(await _written(salesforce, update(made.remote_id, {PARTNER: ours})), Written)

    primary = {row["AccountToId"]: row["IsPrimary"] for row in _partners(bench)}
    assert primary == {theirs: True, ours: False}


async def test_an_update_of_the_partner_alone_leaves_the_opportunitys_stamp(
    bench: Bench, salesforce: Salesforce
) -> None:
    customer, partner = bench.accounts(2)
    fields = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2027-01-31", "AccountId": customer}
    opportunity = bench.sandbox.human_create("Opportunity", fields)

    outcome = await _written(salesforce, update(opportunity, {PARTNER: partner}))

    assert outcome == Written(opportunity)
    assert bench.sandbox.world.get("Opportunity", opportunity).version == 1  # type: ignore[union-attr]


async def test_a_new_opportunity_whose_partner_failed_is_looked_for_before_it_is_made_again(bench: Bench) -> None:
    customer, partner = bench.accounts(2)
    salesforce = bench.connect(partner_role="No such role")

    new = await _written(salesforce, _new(customer, partner))
    (opportunity,) = bench.sandbox.rows("Opportunity")
    again = await _written(salesforce, update(opportunity, {PARTNER: partner}))

    assert isinstance(new, OutcomeUnknown)
    assert isinstance(again, RecordRejected)


async def test_a_lookup_that_fails_concerns_only_rows_with_partners(bench: Bench, salesforce: Salesforce) -> None:
    customer, partner = bench.accounts(2)
    plain = create(("Hub_Deal_Id__c", "plain"), {**_new(customer, partner).fields, PARTNER: None})
    bench.sandbox.faults.arm("unavailable", match="/query", times=9)

    with_partner, without = await salesforce.write("Opportunity", [_new(customer, partner), plain])

    assert isinstance(with_partner, OutcomeUnknown | Unavailable)
    assert isinstance(without, Written)


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ({}, "REQUIRED_FIELD_MISSING"),
        ({"AccountFromId": 0, "OpportunityId": 2}, "FIELD_INTEGRITY_EXCEPTION"),
    ],
)
async def test_the_platform_wants_exactly_one_other_end(bench: Bench, ends: dict[str, int], code: str) -> None:
    accounts = bench.accounts(2)
    fields = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2027-01-31"}
    records = [*accounts, bench.sandbox.human_create("Opportunity", fields)]
    row = {name: records[place] for name, place in ends.items()}

    answer = await api(bench, "POST", "/sobjects/Partner", json={**row, "AccountToId": accounts[1]})

    assert answer.json()[0]["errorCode"] == code


async def test_partner_rows_are_deleted_with_what_they_show_and_cannot_be_changed(bench: Bench) -> None:
    first, second = bench.accounts(2)
    row = {"AccountFromId": first, "AccountToId": second, "Role": "Reseller"}
    made = (await api(bench, "POST", "/sobjects/Partner", json=row)).json()["id"]
    assert [shown["Role"] for shown in _partners(bench, "AccountPartner")] == ["Reseller", "Vendor"]

    changed = await api(bench, "PATCH", f"/sobjects/Partner/{made}", json={"Role": "Agency"})
    gone = await api(bench, "DELETE", f"/sobjects/Partner/{made}")

    assert changed.json()[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert gone.status_code == 204
    assert _partners(bench, "AccountPartner") == []


async def test_only_one_partner_is_primary(bench: Bench) -> None:
    customer, first, second = bench.accounts(3)
    fields = {"Name": "Deal", "StageName": "Qualification", "CloseDate": "2027-01-31", "AccountId": customer}
    opportunity = bench.sandbox.human_create("Opportunity", fields)

    for partner in (first, second):
        row = {"OpportunityId": opportunity, "AccountToId": partner, "IsPrimary": True}
        await api(bench, "POST", "/sobjects/Partner", json=row)

    assert [row["IsPrimary"] for row in _partners(bench)] == [False, True]
