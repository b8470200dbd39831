"""Remote → record: what a compiled mapping makes of good, bad, null and absent values."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.mapping.compile import _careful
from hub.mapping.model import FieldProblem
from hub.record.values import Money, RemoteRef
from hub.sdk.records import JsonValue
from tests.unit.mapping.examples import mapping_of
from tests.unit.mapping.test_lens_laws import JSON

EVERYTHING = mapping_of("""
    legal_name: {remote: Name, required: true}
    website_domain: {remote: Site, lens: url_domain}
    phone: {remote: Phone, lens: {e164: {region_field: Country, region: DE}}}
    email: {remote: Mail, lens: email}
    country: {remote: Address.Country, lens: country_code}
    annual_revenue: {remote: Revenue, lens: {money: Currency}}
    employees: {remote: Staff}
    tier: {remote: Tier, lens: {values: {registered: R, silver: S, gold: G, platinum: P}}}
    status: {remote: Status}
    roles: {remote: Roles, lens: {split: ";"}}
    contract_end: {remote: Ends}
    parent: {remote: ParentId, lens: {link: partner}}
    description: {remote: Text, placeholders: [Unknown, n/a]}
    city: {remote: City, default: "-"}
    custom.score: {remote: Score}
    custom.seen_at: {remote: Seen}
    custom.tags: {remote: Tags, lens: list}
    custom.segment: {remote: Segment, lens: {values: {small: S, large: L}}}
    custom.rating: {reads: [Name], compute: "remote.Name + '!'", direction: pull}
    custom.budget: {remote: Budget, lens: {money: {code: EUR}}}
""")
GOOD: dict[str, JsonValue] = {
    "Name": " Acme GmbH ", "Site": "https://www.acme.com/x", "Phone": "030 123456", "Country": "Germany",
    "Mail": "Info@Acme.com", "Address": {"Country": "DEU"}, "Revenue": Decimal("1200.50"), "Currency": "EUR",
    "Staff": Decimal("12.0"), "Tier": "G", "Status": "active", "Roles": "reseller;msp;reseller", "Ends": "2026-12-31",
    "ParentId": "0017", "Text": "Sells", "City": "Berlin", "Score": "0.50", "Seen": "2026-01-01T01:00:00.000+0100",
    "Tags": ["b", "a"], "Segment": "L", "Budget": 7,
}  # fmt: skip


def test_every_kind_of_field_is_read_in_its_canonical_form() -> None:
    mapped = EVERYTHING.get(GOOD)
    assert mapped.problems == ()
    assert mapped.values == {
        "legal_name": "Acme GmbH",
        "website_domain": "acme.com",
        "phone": "+4930123456",
        "email": "info@acme.com",
        "country": "DE",
        "annual_revenue": Money(Decimal("1200.5"), "EUR"),
        "employees": 12,
        "tier": "gold",
        "status": "active",
        "roles": ("msp", "reseller"),
        "contract_end": date(2026, 12, 31),
        "parent": RemoteRef("0017"),
        "description": "Sells",
        "city": "Berlin",
        "custom.score": Decimal("0.5"),
        "custom.seen_at": datetime(2026, 1, 1, tzinfo=UTC),
        "custom.tags": ("b", "a"),
        "custom.segment": "large",
        "custom.rating": "Acme GmbH !",
        "custom.budget": Money(Decimal(7), "EUR"),
    }
    assert str(mapped.values["custom.score"]) == "0.5"


def test_null_is_none_and_absent_is_missing() -> None:
    assert EVERYTHING.get({"Name": "Acme", "Site": None, "Address": None}).values == {
        "legal_name": "Acme",
        "website_domain": None,
        "country": None,
        "custom.rating": "Acme!",
    }


def test_an_empty_text_means_null_unless_the_mapping_keeps_it() -> None:
    mapping = mapping_of("""
        description: {remote: A}
        city: {remote: B, lens: {text: {empty: keep}}}
    """)
    assert mapping.get({"A": "  ", "B": ""}).values == {"description": None, "city": ""}


def test_a_placeholder_is_absent_and_a_default_reads_as_null() -> None:
    mapped = EVERYTHING.get({"Name": "Acme", "Text": " unknown ", "City": "-"})
    assert mapped.values == {"legal_name": "Acme", "city": None, "custom.rating": "Acme!"}


def test_a_bad_value_is_a_problem_of_its_field_and_the_rest_goes_on() -> None:
    mapped = EVERYTHING.get({**GOOD, "Staff": ["x" * 500], "Tier": "Bronze", "Name": "x" * 300, "Currency": None})
    assert [(p.field, p.remote, p.message) for p in mapped.problems] == [
        ("legal_name", "Name", "has 300 characters; the field legal_name holds 255"),
        ("annual_revenue", "Revenue, Currency", "has no currency: Currency is empty"),
        ("employees", "Staff", "is a list, not a number"),
        ("tier", "Tier", "is not one of R, S, G, P"),
        ("custom.rating", "Name", "has 301 characters; the field custom.rating holds 20"),
    ]
    assert all(len(problem.value) <= 80 for problem in mapped.problems)
    assert mapped.values["website_domain"] == "acme.com"
    assert "tier" not in mapped.values


@pytest.mark.parametrize(
    ("remote", "message"),
    [
        ({"Name": "a\0b"}, "holds a zero character"),
        ({"Phone": "030 1234", "Country": None}, None),
        ({"Address": "not an object"}, None),
    ],
)
def test_awkward_values_are_named_or_left_out(remote: dict[str, JsonValue], message: str | None) -> None:
    mapped = EVERYTHING.get(remote)
    assert [p.message for p in mapped.problems if p.field != "custom.rating"] == ([message] if message else [])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), JSON), st.booleans())
def test_reading_never_raises_and_the_quick_way_finds_what_the_careful_way_finds(
    odd: dict[str, JsonValue], complete: bool
) -> None:
    fields = {**GOOD, **odd} if complete else odd
    quick = EVERYTHING.get(fields)
    careful = _careful([c for c in EVERYTHING.channels if c.rule.direction != "push"])(fields)
    assert quick == careful
    assert {p.field for p in quick.problems}.isdisjoint(quick.values)
    assert all(isinstance(p, FieldProblem) for p in quick.problems)
    # Fingerprints are made of the values in their order.
    assert list(quick.values) == list(careful.values)


def test_many_records_are_read_in_order() -> None:
    assert [m.values["legal_name"] for m in EVERYTHING.get_many([{"Name": "A"}, {"Name": "B"}])] == ["A", "B"]
