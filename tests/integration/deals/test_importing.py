"""Registrations from CSV files: good rows are judged once however often the file comes, others told by line."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.files.table import TableError, read_table
from hub.services.deals.columns import ColumnsDoc, load_columns
from hub.services.deals.importing import File, ImportReport, error_file, import_file
from tests.integration.deals.conftest import SOON, Office

HEADERS = (
    "name;partner;partner reference;customer;domain;country;products;amount;close;description"
    ";contact name;contact email"
)


@dataclass
class Silent:
    """A queue that nobody listens to."""

    woken: list[str] = field(default_factory=list)

    async def wake(self, name: str, connection_id: int, *, delay: timedelta = timedelta(0)) -> None:
        self.woken.append(f"{name} {connection_id} {delay}")


def row(reference: str = "", *, partner: str = "P-1", customer: str = "Nordlicht", **said: str) -> str:
    domain = f"{customer.lower()}.de"
    cells = {
        "name": f"Deal with {customer}",
        "partner": partner,
        "reference": reference,
        "customer": f"{customer} Logistik GmbH",
        "domain": f"https://www.{domain}/",
        "country": "Deutschland",
        "products": "cloud, security",
        "amount": "20.000,00 €",
        "close": f"{SOON:%d.%m.%Y}",
        "description": "Move of the warehouse system",
        "contact": "Jana Weiss",
        "mail": f"jana.weiss@{domain}",
        **said,
    }
    return ";".join(cells.values())


def file(*rows: str, headers: str = HEADERS) -> File:
    return File("deals.csv", "\n".join([headers, *rows]).encode("utf-8-sig"), ColumnsDoc(version=1))


async def imported(office: Office, sent: File, **how: Any) -> ImportReport:
    return await import_file(office.db, office.desk, Silent(), file=sent, actor=how.pop("actor", "key portal"), **how)


async def stored(office: Office) -> list[dict[str, Any]]:
    return await office.all("select * from deal_registration order by name, id")


@pytest.fixture
async def alba(office: Office) -> UUID:
    return await office.partner("Alba", program_number="P-1", website_domain="alba.example", vat_number="DE811569869")


async def test_a_row_is_judged_like_any_other_registration(office: Office, alba: UUID) -> None:
    report = await imported(office, file(row("R-1")))

    assert report.counts == {"submitted": 1}
    [found] = await stored(office)
    assert report.rows[0].id == found["id"]
    view = await office.view(found["id"])
    assert (view.review_status, report.rows[0].review_status) == ("pending_approval", "pending_approval")
    assert (found["partner"], found["channel"], found["partner_reference"]) == (alba, "csv", "R-1")
    assert (found["customer_domain"], found["customer_country"]) == ("nordlicht.de", "DE")
    assert (str(found["amount"]), found["amount_currency"], found["close_date"]) == ("20000.00", "EUR", SOON)
    assert sorted(found["product_lines"]) == ["cloud", "security"]


async def test_the_same_file_again_changes_nothing_whoever_sends_it(office: Office, alba: UUID) -> None:
    sent = file(row("R-1"), row(customer="Suedlicht"))
    first = await imported(office, sent)

    again = await imported(office, sent, actor="key colleague")

    assert again.counts == {"known": 2}
    assert [r.id for r in again.rows] == [r.id for r in first.rows]
    assert len(await stored(office)) == 2
    assert len(await office.all("select 1 from deal_decision")) == 2


async def test_good_rows_go_in_and_the_others_are_told_with_line_column_and_what_to_do(
    office: Office, alba: UUID
) -> None:
    sent = file(
        row("R-1"),
        row("R-2", partner="P-9"),
        row("R-3", amount="1.234", close="03/04/2027", country="Atlantis", products="cloud,blockchain"),
        row("R-4", amount="20000"),
        "too;few",
        row("R-1", customer="Suedlicht"),
        row("R-6", customer="Ostlicht"),
    )

    report = await imported(office, sent)

    assert report.counts == {"submitted": 2, "refused": 5}
    told = {r.line: {fault.column: fault.message for fault in r.faults} for r in report.faulty}
    assert "There is no partner 'P-9'" in told[3]["partner"]
    assert set(told[4]) == {"amount", "close", "country", "products"}
    assert "two ways" in told[4]["amount"]
    assert "none of core, cloud" in told[4]["products"]
    assert "no currency" in told[5]["amount"]
    assert told[6][""] == "The row has 2 cells where the header has 12."
    assert told[7][""] == "The same partner and reference stand in line 2 with other values."
    assert sorted(d["partner_reference"] for d in await stored(office)) == ["R-1", "R-6"]


async def test_the_error_file_is_corrected_and_sent_again(office: Office, alba: UUID) -> None:
    sent = file(row("R-1"), row("R-2", partner="P-9", customer="Suedlicht"))
    report = await imported(office, sent)

    text = error_file(sent.table(), report)
    table = read_table(text.encode(), name="errors.csv")
    assert [r.cells["problem"].partition(":")[0] for r in table.rows] == ["line 3"]
    again = await imported(office, File("errors.csv", text.replace("P-9", "P-1").encode(), ColumnsDoc(version=1)))

    assert again.counts == {"submitted": 1}
    assert again.unused == ("problem",)


async def test_all_or_nothing_submits_nothing_when_a_row_cannot_be_read(office: Office, alba: UUID) -> None:
    report = await imported(office, file(row("R-1"), row("R-2", partner="P-9")), all_or_nothing=True)

    assert report.counts == {"left_out": 1, "refused": 1}
    assert await stored(office) == []


async def test_a_dry_run_shows_how_each_row_would_be_decided_and_stores_nothing(office: Office, alba: UUID) -> None:
    await office.partner("Brio", program_number="P-2")
    report = await imported(office, file(row("R-1"), row("R-2", partner="P-2")), dry_run=True)

    assert [r.review_status for r in report.rows] == ["pending_approval", "conflict_review"]
    assert any(rule.startswith("duplicate_other_partner: block") for rule in report.rows[1].rules)
    assert await stored(office) == []
    assert await office.all("select 1 from deal_submission") == []


async def test_a_partner_is_named_by_id_number_vat_or_domain(office: Office, alba: UUID) -> None:
    names = (str(alba), "P-1", "DE811569869", "https://alba.example/shop")
    report = await imported(office, file(*(row(f"R-{n}", partner=name) for n, name in enumerate(names))))

    assert report.counts == {"submitted": 4}
    assert {d["partner"] for d in await stored(office)} == {alba}


async def test_a_distributor_is_a_party_of_the_deal(office: Office, alba: UUID) -> None:
    brio = await office.partner("Brio", program_number="P-2")
    report = await imported(office, file(row("R-1") + ";P-2", headers=f"{HEADERS};distributor"))

    [party] = await office.all("select partner, role, deal from deal_party")
    assert (party["partner"], party["role"], party["deal"]) == (brio, "distributor", report.rows[0].id)


async def test_a_column_file_names_columns_constants_and_values(office: Office, alba: UUID) -> None:
    columns = """
version: 1
delimiter: ","
columns:
  name: Projekt
  partner: {constant: P-1}
  customer_name: Kunde
  amount: {column: Wert, decimal: "."}
  currency: {constant: USD}
  close_date: {column: Ende, format: MM/DD/YYYY}
  product_lines: {column: Produkte, separator: "+", values: {Wolke: cloud, Schutz: security}}
"""
    text = f"Projekt,Kunde,Wert,Ende,Produkte\nUmzug,Nordlicht GmbH,1.234,{SOON:%m/%d/%Y},Wolke + Schutz\n"
    report = await imported(office, File("projekte.csv", text.encode(), load_columns(columns)))

    assert report.counts == {"submitted": 1}
    [found] = await stored(office)
    assert (str(found["amount"]), found["amount_currency"], found["close_date"]) == ("1.234", "USD", SOON)
    assert sorted(found["product_lines"]) == ["cloud", "security"]


async def test_rows_in_one_file_are_rivals_of_each_other_in_their_order(office: Office, alba: UUID) -> None:
    await office.partner("Brio", program_number="P-2")

    report = await imported(office, file(row("R-1"), row("R-2", partner="P-2")))

    assert [r.review_status for r in report.rows] == ["pending_approval", "conflict_review"]


async def test_a_reference_that_came_by_another_way_is_told(office: Office, alba: UUID) -> None:
    await office.submit(alba, partner_reference="R-1")

    report = await imported(office, file(row("R-1")))

    assert report.counts == {"refused": 1}
    assert "answer or amend" in report.rows[0].faults[0].message


async def test_a_file_that_is_no_table_is_refused_as_a_whole(office: Office) -> None:
    with pytest.raises(TableError, match=r"deals.csv:1: There is no column for partner"):
        await imported(office, file("a;b", headers="name;customer"))


async def test_a_long_file_goes_in_by_parts_and_tells_how_far_it_is(office: Office, alba: UUID) -> None:
    told: list[tuple[int, int]] = []
    rows = [row(f"R-{n}", customer=f"Kunde{n}x") for n in range(100)]

    report = await imported(office, file(*rows), progress=lambda done, total: told.append((done, total)))

    assert report.counts == {"submitted": 100}
    assert told[-1] == (100, 100)
