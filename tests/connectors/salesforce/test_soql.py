"""The sandbox's SOQL, by the vendor's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from connectors.salesforce.sandbox import SANDBOX
from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.emulator import SalesforceSandbox
from connectors.salesforce.sandbox.soql import Comparison, Literal, parse
from hub.sdk.sandbox import SandboxClock
from tests.connectors.salesforce.conftest import START

WORDS = (
    "SELECT",
    "Id",
    "Name",
    "FROM",
    "Account",
    "WHERE",
    "=",
    "AND",
    "(",
    ")",
    "NOT",
    "IN",
    "'x'",
    "5",
    "null",
    "BY",
    ",",
)


@pytest.fixture
def org() -> SalesforceSandbox:
    """Five accounts: a parent, two children, an empty one, a deleted one."""
    sandbox = SANDBOX.make(clock=SandboxClock(START, frozen=True))
    assert isinstance(sandbox, SalesforceSandbox)
    create = sandbox.human_create
    parent = create("Account", {"Name": "Acme's 100%", "Type": "Partner", "NumberOfEmployees": 500})
    create("Account", {"Name": "beta", "ParentId": parent, "Partner_Roles__c": "MSP;SI", "AnnualRevenue": 10})
    create("Account", {"Name": "Gamma", "ParentId": parent, "Type": "Customer", "Contract_End__c": "2027-01-31"})
    create("Account", {"Name": "Delta"})
    sandbox.human_delete("Account", create("Account", {"Name": "Gone"}))
    return sandbox


def names(org: SalesforceSandbox, where: str, *, deleted_too: bool = False) -> list[str]:
    tree = parse(f"SELECT Name FROM Account {where}")
    return [record.fields["Name"] for record in org.org.queries.run(tree, deleted_too=deleted_too)]


def refusal_of(org: SalesforceSandbox, statement: str) -> str:
    """The code with which the statement is refused; empty when it is not."""
    try:
        tree = parse(statement)
        org.org.queries.paths.renderer(org.org.queries.type_of(tree), tree.fields, "v62.0")
        org.org.queries.run(tree, deleted_too=False)
    except VendorError as refused:
        return refused.code
    return ""


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("WHERE Name = 'BETA'", ["beta"]),
        ("WHERE Type != 'Partner'", ["beta", "Gamma", "Delta"]),
        ("WHERE Type = null", ["beta", "Delta"]),
        ("WHERE Type IN ('Partner', 'Customer')", ["Acme's 100%", "Gamma"]),
        ("WHERE Type NOT IN ('Partner', 'Customer')", ["beta", "Delta"]),
        ("WHERE NOT (Type = 'Partner' OR Name LIKE 'g%')", ["beta", "Delta"]),
        ("WHERE Name LIKE '%m_a'", ["Gamma"]),
        (r"WHERE Name LIKE '%100\%'", ["Acme's 100%"]),
        (r"WHERE Name = 'Acme\'s 100%'", ["Acme's 100%"]),
        ("WHERE NumberOfEmployees > 499.5", ["Acme's 100%"]),
        ("WHERE NumberOfEmployees < 1000 AND Type = 'Partner'", ["Acme's 100%"]),
        ("WHERE Partner_Roles__c INCLUDES ('SI')", ["beta"]),
        ("WHERE Partner_Roles__c INCLUDES ('MSP;ISV', 'SI')", ["beta"]),
        ("WHERE Partner_Roles__c EXCLUDES ('SI')", ["Acme's 100%", "Gamma", "Delta"]),
        ("WHERE Parent.Name = 'acme\\'s 100%' ORDER BY Name DESC", ["beta", "Gamma"]),
        ("WHERE Contract_End__c >= 2027-01-01", ["Gamma"]),
        ("WHERE CreatedDate = TODAY", ["Acme's 100%", "beta", "Gamma", "Delta"]),
        ("WHERE CreatedDate < 2026-11-01T13:00:00+01:00", []),
        ("WHERE SystemModstamp >= 2026-11-01T12:00:00Z AND IsDeleted = false LIMIT 2", ["Acme's 100%", "beta"]),
        ("ORDER BY NumberOfEmployees NULLS LAST, Name DESC LIMIT 2", ["Acme's 100%", "beta"]),
        ("ORDER BY NumberOfEmployees DESC NULLS FIRST, Name LIMIT 1", ["Delta"]),
        ("ORDER BY Name LIMIT 1 OFFSET 2", ["Gamma"]),
    ],
)
def test_conditions_and_order_are_the_vendors(org: SalesforceSandbox, where: str, expected: list[str]) -> None:
    assert names(org, where) == expected


def test_the_last_author_is_a_user_that_can_be_asked_for_by_name(org: SalesforceSandbox) -> None:
    [beta] = (row_id for row_id, row in org.rows("Account").items() if row["Name"] == "beta")
    org.org.records.update("Account", beta, {"Type": "Partner"}, by="some program")

    assert names(org, "WHERE LastModifiedBy.Name = 'Integration User'") == ["beta"]
    assert names(org, "WHERE LastModifiedBy.Name = 'Alex Executive'") == ["Acme's 100%", "Gamma", "Delta"]
    with pytest.raises(VendorError, match="LastModifiedById"):
        org.org.records.update("Account", beta, {"LastModifiedById": "005000000000001AAA"})


def test_query_all_sees_the_recycle_bin(org: SalesforceSandbox) -> None:
    assert names(org, "WHERE IsDeleted = true", deleted_too=True) == ["Gone"]
    assert names(org, "WHERE IsDeleted = true") == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE Nope = 1", "INVALID_FIELD"),
        ("SELECT Owner.Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Nobody.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Name FROM Nope__c", "INVALID_TYPE"),
        ("SELECT Name FROM Account WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Name, Name FROM Account", "INVALID_FIELD"),
        ("SELECT Name FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Name Account", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account WHERE Name = 'open", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account LIMIT ten", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account ALL ROWS", "MALFORMED_QUERY"),
        ("SELECT (SELECT Name FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Name FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Name FROM Account WHERE Name = '" + "x" * 100_000 + "'", "QUERY_TOO_COMPLICATED"),
    ],
)
def test_a_wrong_statement_gets_the_vendors_code(org: SalesforceSandbox, statement: str, code: str) -> None:
    assert refusal_of(org, statement) == code


@given(st.text(alphabet=st.characters(exclude_characters="%_", exclude_categories=["Cs"])))
def test_every_text_that_the_vendors_library_quotes_is_read_back(text: str) -> None:
    tree = parse(format_soql("SELECT Id FROM Account WHERE Name = {}", text))

    assert tree.where == Comparison("Name", "=", (Literal("text", text),))


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_no_statement_crashes_the_engine(statement: str) -> None:
    sandbox = SANDBOX.make(clock=SandboxClock(START, frozen=True))
    assert isinstance(sandbox, SalesforceSandbox)

    assert refusal_of(sandbox, statement) in (
        "",
        "MALFORMED_QUERY",
        "INVALID_FIELD",
        "INVALID_TYPE",
        "NUMBER_OUTSIDE_VALID_RANGE",
    )
