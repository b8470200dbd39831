"""Whatever people do while pages are read: a mirror that follows the pages ends up equal to the account."""

from __future__ import annotations

from random import Random

import pytest

from connectors.hubspot.client import HubSpotClient
from hub.sdk.records import Page, ReadQuery
from tests.connectors.hubspot.conftest import Bench

FIELDS = ("name", "phone")


@pytest.mark.parametrize("seed", range(25))
async def test_mirror_of_the_pages_converges(bench: Bench, hubspot: HubSpotClient, seed: int) -> None:
    random = Random(seed)
    mirror: dict[str, dict[str, object]] = {}
    query = ReadQuery("companies", FIELDS, page_size=random.choice([3, 7, 40]))
    bench.sandbox.faults.set("search_lag", random.choice([0, 2, 120]))
    bench.companies(random.randint(0, 30))
    cursor: str | None = None
    for _ in range(40):
        for _ in range(random.randint(0, 4)):
            _someone_does_something(bench, random)
        page = await hubspot.read_page(query, cursor)
        cursor = page.cursor
        _follow(mirror, page)

    bench.later(seconds=180)
    done = False
    while not done:
        page = await hubspot.read_page(query, cursor)
        cursor, done = page.cursor, page.done
        _follow(mirror, page)
    bench.later(seconds=180)
    for _ in range(40):
        page = await hubspot.read_page(query, cursor)
        cursor = page.cursor
        _follow(mirror, page)

    rows = bench.sandbox.rows("companies")
    assert mirror == {i: {name: row.get(name) for name in FIELDS} for i, row in rows.items()}


def _someone_does_something(bench: Bench, random: Random) -> None:
    people = bench.sandbox
    live = list(people.rows("companies"))
    archived = sorted(people.crm.tables["companies"].archived)
    act = random.choice(["create", "edit", "edit", "edit", "archive", "restore", "merge", "wait", "wait"])
    if act == "create":
        bench.companies(random.randint(1, 5))
    elif act == "edit" and live:
        people.human_edit("companies", random.choice(live), {"phone": str(random.randint(1, 99))})
    elif act == "archive" and live:
        people.human_delete("companies", random.choice(live))
    elif act == "restore" and archived:
        people.human_undelete("companies", random.choice(archived))
    elif act == "merge" and len(live) > 1:
        people.human_merge("companies", *random.sample(live, 2))
    elif act == "wait":
        bench.later(seconds=random.choice([0.001, 0.4, 1, 30]))


def _follow(mirror: dict[str, dict[str, object]], page: Page) -> None:
    for record in page.records:
        mirror[record.id] = record.fields
    for deletion in page.deletions:
        mirror.pop(deletion.id, None)
