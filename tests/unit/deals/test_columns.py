"""Columns of a table: found by their headers or by a column file, which is told where it does not fit."""

import pytest

from hub.files.table import TableError
from hub.record import RECORD_TYPES
from hub.services.deals.columns import ColumnsDoc, ColumnsError, find_columns, load_columns

DEAL = RECORD_TYPES["deal_registration"]


def test_headers_are_known_by_field_and_by_usual_names() -> None:
    headers = ["Deal Name", "Partner-ID", "Customer", "Country", "close date", "Internal note"]
    found = find_columns(ColumnsDoc(version=1), headers, record_type=DEAL, name="f")
    assert {t: c.column for t, c in found.by_target.items()} == {
        "name": "Deal Name",
        "partner": "Partner-ID",
        "customer_name": "Customer",
        "customer_country": "Country",
        "close_date": "close date",
    }
    assert found.unused == ("Internal note",)
    assert found.header_of("close_date") == "close date"


def test_a_column_file_goes_before_the_headers() -> None:
    doc = load_columns(
        "version: 1\ncolumns:\n  name: Projekt\n  partner: {constant: P-1}\n"
        '  amount: {column: Wert, decimal: ","}\n  customer_name: Kunde\n'
    )
    found = find_columns(doc, ["Projekt", "Wert", "Kunde", "customer"], record_type=DEAL, name="f")
    assert (found.by_target["customer_name"].column, found.unused) == ("Kunde", ("customer",))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\ncolumns: {name: {column: A, constant: B}}\n", "either a column or a constant"),
        ("version: 1\ncolumns: {name: {}}\n", "either a column or a constant"),
        ("version: 1\ncolumns:\n  close_date: {column: A, format: YY}\n", "columns.*yaml:3|column file.yaml:3"),
        ("version: 2\n", "not allowed here"),
        ("version: 1\nheaders: {}\n", "not a key of the column file language"),
    ],
)
def test_a_column_file_is_held_to_its_form(text: str, told: str) -> None:
    with pytest.raises(ColumnsError, match=told):
        load_columns(text)


@pytest.mark.parametrize("target", ["stage", "review_status", "place", "customer", "channel"])
def test_what_the_hub_writes_is_no_column(target: str) -> None:
    doc = ColumnsDoc(version=1, columns={target: "X"})
    with pytest.raises(ColumnsError, match=f"{target} is no field"):
        find_columns(doc, ["name", "partner", "X"], record_type=DEAL, name="f")


def test_a_column_that_is_not_there_and_one_that_is_missing_are_told() -> None:
    with pytest.raises(ColumnsError, match="there is no column 'Wert'"):
        find_columns(ColumnsDoc(version=1, columns={"amount": "Wert"}), ["name", "partner"], record_type=DEAL, name="f")
    with pytest.raises(TableError, match="no column for partner"):
        find_columns(ColumnsDoc(version=1), ["name", "customer"], record_type=DEAL, name="f")
