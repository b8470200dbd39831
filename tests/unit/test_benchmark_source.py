"""The source of the benchmarks sends what its figures are checked against."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from benchmarks.mapping import map_account
from benchmarks.pages import read_pages
from benchmarks.records import PAGE_SIZE, Revision, expected
from benchmarks.source import running_source

_COUNT = 2 * PAGE_SIZE + 500
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


@pytest.fixture(scope="module")
def source_url() -> Iterator[str]:
    with running_source(count=_COUNT) as url:
        yield url


def _records(source_url: str, revision: Revision) -> list[dict[str, Any]]:
    return [record for body in read_pages(f"{source_url}/{revision}") for record in _decode(body)["records"]]


@pytest.mark.parametrize("revision", ["initial", "one_percent"])
def test_all_pages_together_hold_the_expected_records_and_money(source_url: str, revision: Revision) -> None:
    records = _records(source_url, revision)

    want = expected(count=_COUNT, revision=revision)
    assert len({record["Id"] for record in records}) == len(records) == want.records
    assert sum(record["AnnualRevenue"] for record in records) == want.annual_revenue


def test_pages_look_like_those_of_a_salesforce_query(source_url: str) -> None:
    pages = [_decode(body) for body in read_pages(f"{source_url}/initial")]

    assert [(page["totalSize"], page["done"], len(page["records"])) for page in pages] == [
        (_COUNT, False, PAGE_SIZE),
        (_COUNT, False, PAGE_SIZE),
        (_COUNT, True, 500),
    ]
    assert all(len(record) == 21 for page in pages for record in page["records"])  # 20 fields and the attributes
    assert "nextRecordsUrl" not in pages[-1]


def test_one_percent_differs_and_comes_last_in_the_order_of_a_keyset_read(source_url: str) -> None:
    before = {record["Id"]: record for record in _records(source_url, "initial")}
    after = _records(source_url, "one_percent")

    changed = [number for number, record in enumerate(after) if record != before[record["Id"]]]
    assert changed == list(range(_COUNT - _COUNT // 100, _COUNT))
    keys = [(record["SystemModstamp"], record["Id"]) for record in after]
    assert keys == sorted(keys)


def test_reading_again_gives_the_same_bytes(source_url: str) -> None:
    assert list(read_pages(f"{source_url}/initial")) == list(read_pages(f"{source_url}/initial"))


def test_a_page_that_is_not_there_is_not_found(source_url: str) -> None:
    assert httpx.get(f"{source_url}/initial/query/3").status_code == 404
    assert httpx.get(f"{source_url}/other/query").status_code == 404


def test_the_mapping_by_hand_gives_the_hubs_words(source_url: str) -> None:
    partner = map_account(_records(source_url, "initial")[1])

    assert partner["website_domain"] == "bebebex.com"
    assert partner["phone"] == "+32470000001"
    assert partner["role"] == "distributor"
    assert partner["annual_revenue"] == (Decimal("100079.19"), "USD")
    assert str(partner["contract_start"]) == "2015-01-02"
    assert partner["specializations"] == ["Cloud", "Security"]
    assert partner["modified_at"].utcoffset().total_seconds() == 0
