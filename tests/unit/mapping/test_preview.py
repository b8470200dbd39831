"""Remote → record → remote, side by side."""

from decimal import Decimal

from hub.mapping.paths import ABSENT
from hub.mapping.preview import PreviewRow, preview
from hub.record.values import Money, Values
from hub.sdk.records import JsonValue
from tests.unit.mapping.examples import mapping_of

MAPPING = mapping_of("""
    legal_name: {remote: Name}
    website_domain: {remote: Site, lens: url_domain}
    annual_revenue: {remote: Revenue, lens: {money: Currency}}
    employees: {remote: Staff}
    phone: {remote: Phone, lens: e164}
    city: {remote: City, direction: pull}
    country: {remote: Country, lens: country_code}
""")


def rows(remote: dict[str, JsonValue], current: Values) -> dict[str, PreviewRow]:
    return {row.field: row for row in preview(MAPPING, remote, current)}


def test_a_remote_spelling_whose_value_is_ours_is_not_rewritten() -> None:
    row = rows({"Site": "https://www.acme.com/x"}, {"website_domain": "acme.com"})["website_domain"]
    assert row.mapped == row.current == "acme.com"
    assert row.written == {}
    assert row.agrees


def test_a_differing_value_shows_what_would_be_written() -> None:
    found = rows(
        {"Name": "Acme", "Revenue": 1, "Currency": "EUR", "City": "Gent"},
        {"legal_name": "Acme SA", "annual_revenue": Money(Decimal("2.50"), "USD"), "city": "Brugge"},
    )
    assert found["legal_name"].written == {"Name": "Acme SA"}
    assert found["annual_revenue"].remote == {"Revenue": 1, "Currency": "EUR"}
    assert found["annual_revenue"].written == {"Revenue": Decimal("2.5"), "Currency": "USD"}
    assert found["city"].written == {}
    assert not found["city"].agrees
    assert found["employees"].remote == {"Staff": ABSENT}
    assert found["employees"].agrees


def test_problems_of_both_directions_are_told_in_a_sentence() -> None:
    found = rows({"Staff": "many"}, {"phone": "no number"})
    assert found["employees"].problem == "The remote value is not a number: many"
    assert found["phone"].problem == "The value is not a number like +4930123456."
    assert not found["phone"].agrees
