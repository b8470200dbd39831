"""The mappings that come with Partner Hub fit the systems that they are for."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.hubspot import CONNECTOR as HUBSPOT
from connectors.salesforce import CONNECTOR as SALESFORCE
from hub.mapping.describe import check_mapping
from hub.mapping.load import load_system
from hub.mapping.model import Mapping
from hub.record.registry import RECORD_TYPES
from hub.record.values import Money, RemoteRef, Value
from hub.sdk.capabilities import Describes, Reads, Writes
from hub.sdk.connector import ConnectorSpec, OpenConnector
from hub.sdk.records import ReadQuery, RemoteRecord, WriteOp, Written
from hub.sdk.testing import open_sandboxed

both_crms = pytest.mark.parametrize("spec", [SALESFORCE, HUBSPOT], ids=lambda spec: spec.name)

PARTNER: dict[str, Value] = {
    "legal_name": "Müller & Söhne GmbH",
    "website_domain": "mueller.example",
    "phone": "+4930123456",
    "street": "Weg 1, Hof 2",
    "city": "Berlin",
    "region": "Berlin",
    "postal_code": "10115",
    "country": "DE",
    "annual_revenue": Money(Decimal("125000.5"), "EUR"),
    "employees": 120,
    "tier": "gold",
    "status": "active",
    "roles": ("cosell", "msp", "reseller"),
    "program_number": "P-1",
    "vat_number": "DE136695976",
    "duns": "123456789",
    "contract_end": date(2026, 12, 31),
    "description": 'Sells; "and" more',
}
CONTACT: dict[str, Value] = {
    "first_name": "Ann",
    "last_name": "O'Neill",
    "email": "ann@mueller.example",
    "phone": "+4930123457",
    "mobile": "+4915112345678",
    "job_title": "Head of Sales",
    "department": "Sales",
    "email_opt_out": True,
}
DEAL: dict[str, Value] = {
    "name": "ERP for Kunde",
    "partner_reference": "R-1",
    "customer_name": "Kunde AG",
    "customer_domain": "kunde.example",
    "customer_country": "AT",
    "amount": Money(Decimal("9.9"), "USD"),
    "close_date": date(2026, 6, 30),
    "stage": "in_review",
    "product_lines": ("core", "security"),
    "submitted_at": datetime(2026, 5, 1, 8, 0, 1, tzinfo=UTC),
    "rejection_reason": "Not yet complete",
    "description": "A large one",
}


@both_crms
async def test_every_mapping_fits_what_the_system_says_of_its_fields(spec: ConnectorSpec) -> None:
    async with open_sandboxed(spec, spec.load_sandbox().make()) as connector:
        assert isinstance(connector, Describes)
        for mapping in load_system(Path("mappings"), spec.name, RECORD_TYPES).values():
            issues = check_mapping(mapping, describe=await connector.describe(mapping.remote_object))
            assert [str(issue) for issue in issues if issue.level == "error"] == []


@both_crms
async def test_what_is_written_to_the_system_is_read_back_as_it_was(spec: ConnectorSpec) -> None:
    mappings = {m.record.name: m for m in load_system(Path("mappings"), spec.name, RECORD_TYPES).values()}
    async with open_sandboxed(spec, spec.load_sandbox().make()) as connector:
        partner = await created(connector, mappings["partner"], PARTNER)
        link = {"partner": RemoteRef(partner.id)}
        for name, values in (("contact", CONTACT), ("deal_registration", DEAL)):
            mapping = mappings[name]
            record = await created(connector, mapping, {**values, **link})
            emptied = {field: None for field in values if not mapping.rules[field].required}
            await written(connector, mapping, WriteOp("update", mapping.put(emptied), "two", remote_id=record.id))
            after = mapping.get((await read(connector, mapping, record.id)).fields)
            assert after.problems == ()
            left = {n for n, v in after.values.items() if v is not None and mapping.rules[n].direction == "both"}
            assert left <= {"partner", "email_opt_out"} | {f for f in values if mapping.rules[f].required}


@both_crms
async def test_a_scoped_read_finds_what_the_hub_created_there(spec: ConnectorSpec) -> None:
    mappings = {m.record.name: m for m in load_system(Path("mappings"), spec.name, RECORD_TYPES).values()}
    async with open_sandboxed(spec, spec.load_sandbox().make()) as connector:
        assert isinstance(connector, Reads)
        partner = await created(connector, mappings["partner"], PARTNER)
        link = {"partner": RemoteRef(partner.id)}
        ids = {"partner": partner.id}
        for name, values in (("contact", CONTACT), ("deal_registration", DEAL)):
            ids[name] = (await created(connector, mappings[name], {**values, **link})).id
        for name, remote_id in ids.items():
            mapping = mappings[name]
            page = await connector.read_page(ReadQuery(mapping.object, mapping.read_fields, mapping.where), None)
            assert [record.id for record in page.records] == [remote_id]


async def created(connector: OpenConnector, mapping: Mapping, values: dict[str, Value]) -> RemoteRecord:
    """Create a remote record from the values and see that they are read back."""
    assert mapping.key_field is not None
    op = WriteOp("create", mapping.put_new(values), "one", key=(mapping.key_field, f"hub-{mapping.object}"))
    record = await read(connector, mapping, (await written(connector, mapping, op)).remote_id)
    mapped = mapping.get(record.fields)
    assert mapped.problems == ()
    both_ways = {name for name, rule in mapping.rules.items() if rule.direction == "both"}
    assert {n: value for n, value in mapped.values.items() if value is not None and n in both_ways} == values
    return record


async def written(connector: OpenConnector, mapping: Mapping, op: WriteOp) -> Written:
    assert isinstance(connector, Writes)
    (outcome,) = await connector.write(mapping.object, [op])
    assert isinstance(outcome, Written), outcome
    return outcome


async def read(connector: OpenConnector, mapping: Mapping, remote_id: str) -> RemoteRecord:
    assert isinstance(connector, Reads)
    (record,) = (await connector.read_many(mapping.object, [remote_id], mapping.read_fields)).records
    return record
