"""Alerts to sellers: one a business event, to whom it concerns, in the transaction of what causes it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.db import seller_alerts
from hub.domain.deals.alerts import Alert
from hub.record import RECORD_TYPES
from hub.services.deals import changing, deciding, submitting
from hub.services.deals.alerting import raise_alerts
from hub.services.deals.expiring import end_protections
from hub.services.deals.receiving import Sent, read_submission
from tests.integration.deals.conftest import Office

OWNER, RIVAL = "ida.owner@example.com", "olaf.seller@example.com"


async def _account(office: Office, **values: Any) -> UUID:
    said = {"legal_name": "Nordlicht Logistik GmbH", "website_domain": "nordlicht-logistik.de", "country": "DE"}
    return await office.create("organization", **{**said, "owner_email": OWNER, **values})


async def _opportunity(office: Office, account: UUID, **values: Any) -> UUID:
    said = {"name": "Nordlicht direct", "is_closed": False, "owner_email": RIVAL}
    return await office.create("opportunity", account=account, **{**said, **values})


async def _alerts(office: Office) -> list[tuple[str, str | None]]:
    rows = await office.all("select kind, owner_email from seller_alert order by raised_at, kind, owner_email")
    return [(row["kind"], row["owner_email"]) for row in rows]


async def _do(office: Office, registration_id: UUID, act: Any, **said: Any) -> None:
    async with office.db.transaction() as tx:
        await act(tx, office.desk, registration_id=registration_id, **{"actor": "key approver", **said})


async def test_the_owners_of_the_account_and_of_each_touched_opportunity_hear_of_a_registration(
    office: Office,
) -> None:
    account = await _account(office)
    opportunity = await _opportunity(office, account)
    await _opportunity(office, account, name="Closed long ago", is_closed=True, owner_email="gone@example.com")

    view = await office.submit(await office.partner("Alba"), customer=str(account))

    assert await _alerts(office) == [("registration_on_account", OWNER), ("registration_on_opportunity", RIVAL)]
    [told] = await office.all("select * from seller_alert where kind = 'registration_on_opportunity'")
    assert (told["deal"], told["account"], told["opportunity"]) == (view.id, account, opportunity)
    assert told["event_key"] == f"registration_on_opportunity/{view.id}/{opportunity}"
    assert told["status"] == "open"
    assert told["due_at"] > told["raised_at"]
    assert "Partner: Alba" in told["body"]
    assert "before you contact the customer" in told["body"]


async def test_the_engine_finds_each_alert_in_the_change_log(office: Office) -> None:
    await office.submit(await office.partner("Alba"), customer=str(await _account(office)))

    [change] = await office.all("select * from change where record_type = 'seller_alert'")

    [alert] = await office.all("select * from seller_alert")
    assert (change["record_id"], change["op"], change["version"]) == (alert["id"], "create", 1)
    assert change["new"]["owner_email"] == OWNER
    assert change["new"]["body"] == alert["body"]


async def test_one_seller_gets_one_alert_of_one_step_the_weightiest(office: Office) -> None:
    account = await _account(office)
    await _opportunity(office, account, owner_email=OWNER.title())

    await office.submit(await office.partner("Alba"), customer=str(account))

    assert await _alerts(office) == [("registration_on_opportunity", OWNER.title())]


async def test_a_customer_that_only_the_matcher_recognised_has_an_owner_too(office: Office) -> None:
    await _account(office, street="Hafenstr. 1", postal_code="20457", city="Hamburg")

    await office.submit(await office.partner("Alba"))

    assert await _alerts(office) == [("registration_on_account", OWNER)]


async def test_nobody_is_told_where_nobody_owns_the_customer(office: Office) -> None:
    await office.submit(await office.partner("Alba"), customer=str(await _account(office, owner_email=None)))

    assert await _alerts(office) == []


async def test_each_step_of_the_way_is_told_to_the_owner_once(office: Office) -> None:
    account = await _account(office)
    view = await office.submit(await office.partner("Alba"), customer=str(account))
    amended = read_submission(RECORD_TYPES, Sent(fields={"amount": {"amount": "30000", "currency": "EUR"}}))

    await _do(office, view.id, deciding.approve)
    await _do(office, view.id, changing.amend, values=amended.values)
    await _near_its_end(office, view.id, days=20)
    await _do(office, view.id, changing.extend)
    await _do(office, view.id, deciding.revoke, reason_code="not_viable", text=None)

    kinds = [kind for kind, _ in await _alerts(office)]
    assert kinds == [
        "registration_on_account",
        "registration_approved",
        "registration_changed",
        "registration_extended",
        "registration_ended",
    ]
    [changed] = await office.all("select body from seller_alert where kind = 'registration_changed'")
    assert "Amount: 20000 EUR → 30000 EUR" in changed["body"]
    [ended] = await office.all("select body from seller_alert where kind = 'registration_ended'")
    assert "Reason: not_viable" in ended["body"]


async def test_an_answer_tells_only_whom_nobody_told_before(office: Office) -> None:
    account = await _account(office)
    view = await office.submit(await office.partner("Alba"), customer=str(account), description=None)
    await _opportunity(office, account)
    sent = read_submission(RECORD_TYPES, Sent(fields={"description": "Cloud"}))

    await _do(office, view.id, submitting.answer_info, sent=sent)

    assert await _alerts(office) == [("registration_on_account", OWNER), ("registration_on_opportunity", RIVAL)]


async def test_what_is_rolled_back_alerts_nobody(office: Office) -> None:
    account = await _account(office)
    view = await office.submit(await office.partner("Alba"), customer=str(account))
    try:
        async with office.db.transaction() as tx:
            await deciding.approve(tx, office.desk, registration_id=view.id, actor="key approver")
            raise TimeoutError
    except TimeoutError:
        pass

    assert await _alerts(office) == [("registration_on_account", OWNER)]


async def test_the_end_of_a_protection_is_told_before_and_when_it_comes(office: Office) -> None:
    account = await _account(office)
    partner = await office.partner("Alba", owner_email="paula.manager@example.com")
    view = await office.submit(partner, customer=str(account))
    await _do(office, view.id, deciding.approve)
    for days in (14, 14, -2):
        await _near_its_end(office, view.id, days=days)
        await end_protections(office.db, office.desk)

    found = await _alerts(office)
    assert found[2:] == [
        ("protection_ending", OWNER),
        ("protection_ending", "paula.manager@example.com"),
        ("registration_ended", OWNER),
    ]


async def test_concurrent_raisers_of_one_event_raise_one_alert(office: Office) -> None:
    alert = Alert(event_key="some/event", kind="decision_due", subject="S", body="B", deal=None, or_queue=True)

    async def one() -> int:
        async with office.db.transaction() as tx:
            return await raise_alerts(tx, [alert])

    assert sum(await asyncio.gather(*(one() for _ in range(8)))) == 1
    [count] = await office.all("select count(*) as n from change where record_type = 'seller_alert'")
    assert count["n"] == 1
    async with office.db.transaction() as tx:
        assert await seller_alerts.raise_new(tx, [alert]) == []


async def _near_its_end(office: Office, registration_id: UUID, *, days: int) -> None:
    day = datetime.now(UTC).date() + timedelta(days=days)
    async with office.db.transaction() as tx:
        await tx.run("update deal_registration set protection_ends = %s where id = %s", day, registration_id)
