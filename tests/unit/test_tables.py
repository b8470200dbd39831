"""CSV files as people save them: encodings, delimiters, and cells that are read right or refused with a sentence."""

from datetime import date
from decimal import Decimal

import pytest

from hub.files.cells import BadCell, DayFormat, DecimalMark, day, money, number, truth
from hub.files.table import MAX_COLUMNS, TableError, read_table, write_table

TEXT = "name;customer\nEinführung;Müller GmbH\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (TEXT.replace("\n", "\r\n").encode(), "utf-8"),
    ],
)
def test_what_spreadsheets_save_is_read(data: bytes, encoding: str) -> None:
    table = read_table(data, name="deals.csv")
    assert (table.encoding, table.delimiter, table.headers) == (encoding, ";", ("name", "customer"))
    assert [(row.line, row.cells) for row in table.rows] == [(2, {"name": "Einführung", "customer": "Müller GmbH"})]


def test_a_windows_file_is_recognised_and_read_when_that_is_said() -> None:
    data = TEXT.encode("cp1252")
    with pytest.raises(TableError, match=r"deals.csv:2: .*looks like Windows-1252.*“Einführung.*encoding cp1252"):
        read_table(data, name="deals.csv")
    assert read_table(data, name="deals.csv", encoding="cp1252").rows[0].cells["customer"] == "Müller GmbH"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_quoted_ones_do_not_count(delimiter: str) -> None:
    data = f'name{delimiter}"customer; a, b"\nX{delimiter}"Line one\nline two"\nY{delimiter}Z\n'.encode()
    table = read_table(data, name="f")
    assert table.delimiter == delimiter
    assert [row.line for row in table.rows] == [2, 4]
    assert table.rows[0].cells["customer; a, b"] == "Line one\nline two"


def test_a_row_with_other_cells_than_the_header_is_told_and_the_others_go_on() -> None:
    table = read_table(b"a,b\n1,2\n1,2,3\n,\n4,5\n", name="f")
    assert [row.line for row in table.rows] == [2, 5]
    assert table.ragged == ((3, 3),)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"a,a\n", "twice: a"),
        (b"a\n1\n", "delimiter another one than ,"),
        (b'a,b\n"1,2\n', "f:2: .*quotation marks"),
        (b"a,b\n1,\x002\n", "f:2: .*NUL"),
        (b"a,b\n\xff\x81\n", "f:2: .*not utf-8"),
        (",".join(map(str, range(MAX_COLUMNS + 1))).encode(), "more than 200 columns"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(data: bytes, told: str) -> None:
    with pytest.raises(TableError, match=told):
        read_table(data, name="f")


def test_what_is_written_is_read_again_as_it_was() -> None:
    text = write_table(["a", "b"], [["=1+1", 'say "x";'], ["-5", "ü"]], delimiter=";")
    table = read_table(text.encode(), name="f")
    assert [list(row.cells.values()) for row in table.rows] == [["=1+1", 'say "x";'], ["-5", "ü"]]


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1234", None, "1234"),
        ("1234.5", None, "1234.5"),
        ("1234,50", None, "1234.50"),
        ("1.234,56", None, "1234.56"),
        ("1,234.56", None, "1234.56"),
        ("1.234.567", None, "1234567"),
        ("12'000.00", None, "12000"),
        ("12 000,00", None, "12000"),
        ("0.125", None, "0.125"),
        ("1.234", ",", "1234"),
        ("1.234", ".", "1.234"),
        ("-5", None, "-5"),
    ],
)
def test_numbers_are_read_with_their_marks(text: str, mark: DecimalMark | None, value: str) -> None:
    assert number(text, mark=mark) == Decimal(value)


@pytest.mark.parametrize("text", ["1.234", "12,345", "x", "1.2.3", "1,23,456.7", "", "12.34,5.6", "٣"])
def test_what_is_no_number_or_two_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        number(text, mark=None)


@pytest.mark.parametrize(
    ("text", "value"),
    [("20000", ("20000", None)), ("20.000,00 €", ("20000", "EUR")), ("usd 5,000.00", ("5000", "USD"))],
)
def test_amounts_bring_their_currency(text: str, value: tuple[str, str | None]) -> None:
    amount, currency = money(text, mark=None)
    assert (amount, currency) == (Decimal(value[0]), value[1])


@pytest.mark.parametrize("text", ["$ 5", "EUR 5 USD", "five"])
def test_an_amount_in_doubt_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        money(text, mark=None)


@pytest.mark.parametrize(
    ("text", "form"),
    [("2027-03-31", None), ("31.03.2027", None), ("31/03/2027", "DD/MM/YYYY"), ("03/31/2027", "MM/DD/YYYY")],
)
def test_days_are_read(text: str, form: DayFormat | None) -> None:
    assert day(text, form=form) == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("text", "told"), [("03/04/2027", "two ways"), ("2027-02-30", "not a day"), ("soon", "not a day")]
)
def test_a_day_in_doubt_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadCell, match=told):
        day(text, form=None)


def test_yes_and_no() -> None:
    assert (truth("Yes"), truth("nein")) == (True, False)
    with pytest.raises(BadCell):
        truth("maybe")
