"""The mappings that come with Partner Hub."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from hub.files.source import read_source
from hub.mapping.errors import MAPPING
from hub.mapping.load import load_system
from hub.mapping.model import Mapping
from hub.mapping.schema import json_schema, json_schema_text
from hub.record.registry import RECORD_TYPES
from hub.record.values import Money, RemoteRef

MAPPINGS = Path("mappings")
FILES = sorted([*MAPPINGS.glob("*/*.yaml"), *Path("docs/examples").glob("*/*.yaml")])
# HubSpot keeps neither a parent company nor an opportunity; of a review each shows what its sellers look at.
ONE_SIDED = {"partner": {"parent"}, "deal_registration": {"opportunity"}, "contact": set[str]()}
SHOWN = {
    "partner": {"owner_name", "owner_email"},
    "deal_registration": {
        "customer", "contact_email", "protection_ends", "review_status", "eligible_at", "decided_at", "rejection_code",
    },
}  # fmt: skip


def mappings(system: str) -> dict[str, Mapping]:
    return {m.record.name: m for m in load_system(MAPPINGS, system, RECORD_TYPES).values()}


def test_the_editor_schema_is_current() -> None:
    stored = (MAPPINGS / "mapping.schema.json").read_text(encoding="utf-8")
    assert stored == json_schema_text(), "run: python -m hub.mapping"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_every_shipped_mapping_obeys_the_editor_schema(path: Path) -> None:
    jsonschema.validate(read_source(path, kind=MAPPING).data, json_schema())


def test_the_editor_schema_refuses_an_unknown_lens() -> None:
    doc = {"version": 1, "object": "A", "record": "partner", "fields": {"city": {"remote": "C", "lens": "shout"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(doc, json_schema())
    assert json.loads(json_schema_text())["title"] == "Partner Hub mapping"


@pytest.mark.parametrize("record", sorted(ONE_SIDED))
def test_both_crms_carry_the_same_fields_of_a_record(record: str) -> None:
    salesforce, hubspot = mappings("salesforce")[record], mappings("hubspot")[record]
    one_sided = set(salesforce.rules) ^ set(hubspot.rules)
    assert ONE_SIDED[record] <= one_sided <= ONE_SIDED[record] | SHOWN.get(record, set())


ACCOUNT = {
    "Name": "Acme GmbH", "Website": "https://www.acme.com/x", "Phone": "030 123456", "BillingStreet": "Weg 1\r\nHof 2",
    "BillingCity": "Berlin", "BillingState": None, "BillingPostalCode": "10115", "BillingCountryCode": "DE",
    "AnnualRevenue": Decimal("125000.50"), "CurrencyIsoCode": "EUR", "NumberOfEmployees": 120, "ParentId": None,
    "Partner_Tier__c": "Gold", "Partner_Status__c": "Active", "Partner_Roles__c": "Reseller;MSP",
    "Program_Number__c": "P-1", "VAT_Number__c": "DE136695976", "DUNS__c": "123456789", "Contract_End__c": "2026-12-31",
    "Description": "Sells\nmore", "Hub_Id__c": None,
}  # fmt: skip
DEAL = {
    "Name": "Acme ERP", "Partner_Account__c": "001P", "Partner_Reference__c": "R-1", "Customer_Name__c": "Kunde AG",
    "Customer_Domain__c": "kunde.de", "Customer_Country__c": "Germany", "Amount__c": Decimal("9.90"),
    "CurrencyIsoCode": "USD", "Close_Date__c": "2026-06-30", "Stage__c": "In Review",
    "Product_Lines__c": "Security;Core", "Submitted_At__c": "2026-05-01T08:00:01.000+0000", "Rejection_Reason__c": None,
    "Description__c": None, "Opportunity__c": "006O",
}  # fmt: skip


@pytest.mark.parametrize(("record", "remote"), [("partner", ACCOUNT), ("deal_registration", DEAL)])
def test_a_salesforce_record_survives_the_way_through_hubspot(record: str, remote: dict[str, object]) -> None:
    salesforce, hubspot = mappings("salesforce")[record], mappings("hubspot")[record]
    mapped = salesforce.get(remote)
    assert mapped.problems == ()
    shared = {name: value for name, value in mapped.values.items() if name in hubspot.rules}
    assert hubspot.through(shared) == shared
    assert salesforce.through(hubspot.through(shared)) == shared


def test_a_salesforce_account_reads_as_a_partner() -> None:
    values = mappings("salesforce")["partner"].get(ACCOUNT).values
    assert values["website_domain"] == "acme.com"
    assert values["phone"] == "+4930123456"
    assert values["street"] == "Weg 1, Hof 2"
    assert values["roles"] == ("msp", "reseller")
    assert values["annual_revenue"] == Money(Decimal("125000.5"), "EUR")


def test_a_hubspot_contact_is_linked_by_association_and_writes_truth_values_as_text() -> None:
    contact = mappings("hubspot")["contact"]
    mapped = contact.get(
        {"lastname": "Ito", "email_opt_out": "true", "associations": {"companies": "7"}, "email": "A@b.example"}
    )
    assert mapped.values == {
        "last_name": "Ito", "email": "a@b.example", "partner": RemoteRef("7"), "email_opt_out": True,
    }  # fmt: skip
    assert contact.put({"partner": RemoteRef("9"), "email_opt_out": False}) == {
        "associations.companies": "9", "email_opt_out": "false",
    }  # fmt: skip


def test_of_an_opportunity_the_partners_view_is_written_and_nothing_of_the_sellers() -> None:
    opportunity = mappings("salesforce")["opportunity"]
    mapped = opportunity.get({"Name": "Deal", "Probability": 20, "IsWon": False, "AccountId": "001A"})
    assert mapped.values["probability"] == Decimal("0.2")
    sellers = {"name", "stage", "amount", "close_date", "owner_email", "owner_name", "probability"}
    assert not sellers & set(opportunity.updated)
    assert {"partner", "partner_stage", "partner_amount", "partner_close_date"} <= set(opportunity.updated)


def test_only_opportunities_of_registrations_are_made_there() -> None:
    opportunity = mappings("salesforce")["opportunity"]
    assert opportunity.may_make({"is_direct": False})
    assert not opportunity.may_make({"name": "Mirrored from another CRM", "is_direct": True})
    assert not opportunity.may_make({"name": "Nobody knows"})
