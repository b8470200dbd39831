"""Record → remote, and what the engine asks a mapping besides."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hub.mapping.errors import UnmappableValues
from hub.record.values import Money, RemoteRef, Values
from tests.unit.mapping.examples import mapping_of

MAPPING = mapping_of(
    """
    legal_name: {remote: Name, required: true, default: "(no name)"}
    annual_revenue: {remote: Revenue, lens: {money: Currency}}
    employees: {remote: Staff.Count, lens: {int: {as: text}}}
    phone: {remote: Phone, lens: e164}
    parent: {remote: links.parents, lens: {link: {to: partner, list: true}}}
    city: {remote: City, direction: pull}
    description: {remote: Label, compute: "'Partner: ' + value", direction: push}
    custom.seen_at: {remote: Seen, lens: {datetime: {format: salesforce, precision: s}}}
    tier: {remote: Tier, policy: {locked_when: "record.status == 'terminated'"}}
    """,
    head="""
    key: {field: Hub_Id__c}
    constants: {Type: Partner}
    scope: {where: "Type = 'Partner'", when: "record.country in ['BE', 'DE'] && record.custom.segment != 'small'"}
    on_delete: mirror
    """,
)


def test_values_are_written_by_remote_path_and_only_the_names_asked_for() -> None:
    values: Values = {
        "legal_name": "Acme",
        "annual_revenue": Money(Decimal("10.50"), "USD"),
        "employees": 7,
        "parent": RemoteRef("17"),
        "city": "Gent",
        "description": "Sells",
    }
    assert MAPPING.put(values) == {
        "Name": "Acme",
        "Revenue": Decimal("10.5"),
        "Currency": "USD",
        "Staff.Count": "7",
        "links.parents": ["17"],
        "Label": "Partner: Sells",
    }
    assert MAPPING.put(values, {"employees", "city"}) == {"Staff.Count": "7"}


def test_none_clears_leaves_the_currency_alone_and_falls_back_on_the_default() -> None:
    assert MAPPING.put({"legal_name": None, "annual_revenue": None, "parent": None}) == {
        "Name": "(no name)",
        "Revenue": None,
        "links.parents": None,
    }


def test_a_default_that_was_written_never_comes_back_as_data() -> None:
    written = MAPPING.put({"legal_name": None})
    assert MAPPING.get(written).values == {"legal_name": None}


def test_a_new_remote_record_gets_constants_and_defaults_under_its_own_values() -> None:
    assert MAPPING.put_new({"employees": 3, "phone": None}) == {
        "Type": "Partner",
        "Name": "(no name)",
        "Staff.Count": "3",
    }
    assert MAPPING.put_new({"legal_name": "Acme"})["Name"] == "Acme"


def test_what_cannot_be_written_is_named_and_the_rest_is_at_hand() -> None:
    with pytest.raises(UnmappableValues) as caught:
        MAPPING.put({"legal_name": "Acme", "phone": "call me", "employees": 2**70})
    assert caught.value.fields == {"Name": "Acme"}
    assert [(p.field, p.remote) for p in caught.value.problems] == [("employees", "Staff.Count"), ("phone", "Phone")]


def test_our_values_seen_through_the_mapping_are_what_the_remote_can_hold_of_them() -> None:
    moment = datetime(2026, 1, 1, 12, 0, 5, 678_900, tzinfo=UTC)
    seen = MAPPING.through({"custom.seen_at": moment, "phone": "no number", "employees": 7, "description": "x"})
    assert seen == {"custom.seen_at": moment.replace(microsecond=0), "employees": 7}


def test_scope_says_which_records_belong_in_the_system() -> None:
    assert MAPPING.scope_matches({"country": "BE", "custom.segment": "large"})
    assert MAPPING.scope_matches({"country": "DE"})
    assert not MAPPING.scope_matches({"country": "FR"})
    assert not MAPPING.scope_matches({"country": "BE", "custom.segment": "small"})
    assert mapping_of("city: {remote: City}").scope_matches({})


def test_a_field_is_locked_while_its_condition_holds() -> None:
    assert MAPPING.is_locked("tier", {"status": "terminated"})
    assert not MAPPING.is_locked("tier", {"status": "active"})
    assert not MAPPING.is_locked("phone", {"status": "terminated"})


def test_a_mapping_tells_the_engine_what_it_needs() -> None:
    assert MAPPING.object == "Account"
    assert MAPPING.where == "Type = 'Partner'"
    assert (MAPPING.on_delete.pull.kind, MAPPING.on_delete.push.kind) == ("mirror", "mirror")
    assert MAPPING.links == {"parent": "partner"}
    assert "city" in MAPPING.inbound
    assert "city" not in MAPPING.outbound
    assert "description" not in MAPPING.inbound
    assert MAPPING.read_fields == (
        "Name", "Revenue", "Currency", "Staff.Count", "Phone", "links.parents", "City", "Label", "Seen", "Tier",
        "Hub_Id__c",
    )  # fmt: skip
    assert MAPPING.rules["annual_revenue"].rule == "mapping.yaml:11 Revenue + Currency → annual_revenue (money)"
    assert MAPPING.rules["tier"].policy.kind == "locked_when"


def test_the_digest_changes_with_the_meaning_and_not_with_the_layout() -> None:
    one = mapping_of("city: {remote: City}")
    assert one.digest == mapping_of("# a comment\ncity:\n  remote: City").digest
    assert one.digest != mapping_of("city: {remote: Town}").digest


def test_fields_written_once_may_share_a_remote_field_and_the_last_with_a_value_counts() -> None:
    about = mapping_of(
        """
        legal_name: {remote: Name, required: true}
        city: {remote: About, direction: push, once: true}
        region: {remote: About, direction: push, once: true}
        """,
        head="create: true\nkey: {field: K}",
    )
    assert about.put_new({"legal_name": "Acme", "city": "Gent", "region": "Flanders"})["About"] == "Flanders"
    assert about.put_new({"legal_name": "Acme", "city": "Gent", "region": None})["About"] == "Gent"


def test_the_hub_makes_there_what_the_condition_says_of_what_is_in_scope() -> None:
    mapping = mapping_of(
        "legal_name: {remote: Name, required: true}",
        head="""
        key: {field: K}
        scope: {when: "record.country == 'BE'"}
        create: {when: "record.tier == 'gold'"}
        """,
    )
    assert mapping.create == "yes"
    assert mapping.may_make({"country": "BE", "tier": "gold"})
    assert not mapping.may_make({"country": "BE", "tier": "silver"})
    assert not mapping.may_make({"country": "DE", "tier": "gold"})
    assert mapping.scope_matches({"country": "BE", "tier": "silver"})


def test_a_moment_is_written_as_its_day_in_the_zone() -> None:
    mapping = mapping_of(
        """
        legal_name: {remote: Name, required: true}
        custom.seen_at: {remote: Day, direction: push, lens: {datetime: {format: day, zone: Europe/Berlin}}}
        """,
        head="create: true\nkey: {field: K}",
    )
    assert mapping.put({"custom.seen_at": datetime(2026, 6, 30, 22, 30, tzinfo=UTC)}) == {"Day": "2026-07-01"}
