"""GROUP BY in the sandbox's SOQL, as the vendor's API answers it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.salesforce.rest import Rest
from hub.sdk.errors import RecordRejected
from tests.connectors.salesforce.conftest import Bench


async def rows(bench: Bench, statement: str) -> list[dict[str, Any]]:
    rest: Rest = bench.connect()._rest
    body = (await rest.get("/query", params={"q": statement})).body
    assert body["done"] is True
    assert body["totalSize"] == len(body["records"])
    assert all(row.pop("attributes") == {"type": "AggregateResult"} for row in body["records"])
    found: list[dict[str, Any]] = body["records"]
    return found


async def test_dates_are_grouped_in_utc_and_named_by_their_alias(bench: Bench) -> None:
    bench.accounts(2)
    bench.sandbox.clock.advance(timedelta(hours=13))
    bench.accounts(1)
    statement = (
        "SELECT DAY_ONLY(SystemModstamp) day, HOUR_IN_DAY(SystemModstamp) hour, COUNT(Id) n FROM Account"
        " GROUP BY DAY_ONLY(SystemModstamp), HOUR_IN_DAY(SystemModstamp)"
    )
    assert await rows(bench, statement) == [
        {"day": "2026-11-01", "hour": 12, "n": 2},
        {"day": "2026-11-02", "hour": 1, "n": 1},
    ]


async def test_fields_are_grouped_and_what_has_no_alias_is_numbered(bench: Bench) -> None:
    bench.accounts(2, NumberOfEmployees=5, BillingCity="Bonn")
    bench.accounts(1, NumberOfEmployees=7, BillingCity="Kiel")
    statement = (
        "SELECT BillingCity, COUNT(Id), MAX(NumberOfEmployees), SUM(NumberOfEmployees) FROM Account GROUP BY"
        " BillingCity LIMIT 10"
    )
    assert await rows(bench, statement) == [
        {"BillingCity": "Bonn", "expr0": 2, "expr1": 5, "expr2": 10},
        {"BillingCity": "Kiel", "expr0": 1, "expr1": 7, "expr2": 7},
    ]


async def test_without_group_by_there_is_one_row(bench: Bench) -> None:
    assert await rows(bench, "SELECT COUNT(Id) n, MIN(NumberOfEmployees) least FROM Account") == [
        {"n": 0, "least": None}
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT Name, COUNT(Id) FROM Account GROUP BY BillingCity",
        "SELECT HOUR_IN_DAY(Name) h, COUNT(Id) n FROM Account GROUP BY HOUR_IN_DAY(Name)",
        "SELECT NO_SUCH(CreatedDate) h, COUNT(Id) n FROM Account GROUP BY NO_SUCH(CreatedDate)",
    ],
)
async def test_what_cannot_be_grouped_is_refused(bench: Bench, statement: str) -> None:
    bench.accounts(1)
    with pytest.raises(RecordRejected):
        await rows(bench, statement)


async def test_more_groups_than_a_batch_holds_are_refused(bench: Bench) -> None:
    for n in range(2001):
        bench.sandbox.human_create("Account", {"Name": f"Account {n}"})
    with pytest.raises(RecordRejected, match="queryMore"):
        await rows(bench, "SELECT Name, COUNT(Id) n FROM Account GROUP BY Name")
