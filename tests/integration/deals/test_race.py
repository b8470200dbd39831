"""Simultaneous registrations of one customer and scope: one is first, the others see it, none is lost."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

from hub.db.session import Database
from hub.services.deals.receiving import Answer, Handed, Sent, submit_once
from tests.integration.deals.conftest import Office, complete

SPELLINGS = (
    {"customer_name": "Nordlicht Logistik GmbH"},
    {"customer_name": "NORDLICHT LOGISTIK"},
    {"customer_name": "Nordlicht-Logistik G.m.b.H."},
    {"customer_name": "Nordlicht Logistik Gmbh & Co. KG"},
)


async def test_of_simultaneous_registrations_exactly_one_is_first(database_url: str, office: Office) -> None:
    """Several pools of connections, as several processes have; each its own partner, each spelling the name its way."""
    partners = [await office.partner(f"Partner {n}") for n in range(8)]
    async with Database(database_url, max_size=4) as one, Database(database_url, max_size=4) as two:
        offices = [Office(db, office.desk) for db in (one, two)]
        views = await asyncio.gather(
            *(offices[n % 2].submit(partner, **SPELLINGS[n % len(SPELLINGS)]) for n, partner in enumerate(partners))
        )

    assert len({view.id for view in views}) == 8
    first, *others = sorted(views, key=lambda view: view.place or 0)
    assert len({view.place for view in views}) == 8
    assert _duplicates(first) == []
    for view in others:
        # Everybody who came later sees the first one.
        assert str(first.id) in _duplicates(view)
        assert view.review_status == "conflict_review"


async def test_registrations_of_other_scopes_do_not_meet(database_url: str, office: Office) -> None:
    lines = ["cloud", "core", "security", "services"]
    partners = [await office.partner(f"Partner {n}") for n in range(4)]
    async with Database(database_url, max_size=4) as db:
        busy = Office(db, office.desk)
        views = await asyncio.gather(
            *(busy.submit(partner, product_lines=[line]) for partner, line in zip(partners, lines, strict=True))
        )

    assert {_outcome(view) for view in views} <= {None, "notice"}
    assert len({view.place for view in views}) == 4


async def test_every_planted_conflict_is_found_and_no_submission_is_lost(database_url: str, office: Office) -> None:
    """Eight customers, three partners each, all at once; lines and customers come in opposite orders."""
    partners = [await office.partner(f"Partner {n}") for n in range(3)]
    rivers = ["Alster", "Bober", "Chiem", "Donau", "Elbe", "Fulda", "Havel", "Jagst"]
    async with Database(database_url, max_size=5) as one, Database(database_url, max_size=5) as two:
        offices = [Office(db, office.desk) for db in (one, two)]
        views = await asyncio.gather(
            *(
                offices[n % 2].submit(partner, **_customer(river), product_lines=["cloud", "core"][:: -1 if n else 1])
                for n, partner in enumerate(partners)
                for river in (rivers if n else rivers[::-1])
            )
        )

    [stored] = await office.all("select count(*) as n, count(customer_name) as named from deal_registration")
    assert (stored["n"], len({view.id for view in views})) == (24, 24)
    assert Counter(bool(_duplicates(view)) for view in views) == {False: 8, True: 16}
    winners = [view for view in views if not _duplicates(view)]
    rows = await office.all("select customer_name from deal_registration where id = any(%s)", [w.id for w in winners])
    assert len({row["customer_name"] for row in rows}) == 8


async def test_one_key_sent_twice_at_once_is_one_registration(office: Office) -> None:
    sent = Sent(fields=complete(await office.partner("Alba")))

    async def send() -> Answer:
        async with office.db.transaction() as tx:
            return await submit_once(tx, office.desk, Handed(sent, "k", "key portal"))

    answers = await asyncio.gather(*(send() for _ in range(4)))

    assert sorted(answer.new for answer in answers) == [False, False, False, True]
    assert len({answer.registration_id for answer in answers}) == 1
    assert [row["n"] for row in await office.all("select count(*) as n from deal_registration")] == [1]


async def test_the_order_of_places_holds_though_the_clock_stands(office: Office) -> None:
    first = await office.submit(await office.partner("A"))
    second = await office.submit(await office.partner("B"))

    assert first.place is not None
    assert second.place is not None
    assert first.place < second.place
    assert first.eligible_at is not None
    assert first.eligible_at <= datetime.now(UTC)


def _customer(river: str) -> dict[str, str]:
    domain = f"{river.lower()}-maschinenbau.de"
    return {
        "customer_name": f"{river} Maschinenbau AG",
        "customer_domain": domain,
        "contact_email": f"einkauf@{domain}",
    }


def _duplicates(view: object) -> list[str]:
    outcomes = getattr(view, "outcomes", ())
    return [
        c
        for o in outcomes
        if o["rule"] == "duplicate_other_partner" and o["outcome"] != "notice"
        for c in o["counterparts"]
    ]


def _outcome(view: object) -> str | None:
    return next((o["outcome"] for o in getattr(view, "outcomes", ()) if o["rule"] == "duplicate_other_partner"), None)
