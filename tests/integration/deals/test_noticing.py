"""What the change log tells of: a direct opportunity on a protected customer, an amendment, an alert that was seen."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from hub.db import log_readers
from hub.db.session import Tx
from hub.domain.deals.facts import Match
from hub.domain.matching import Verdict
from hub.record import RECORD_TYPES
from hub.services.deals import deciding, protecting
from hub.services.deals.noticing import READER, notice
from hub.services.deals.viewing import RegistrationView
from hub.services.records import patch_record
from tests.integration.deals.conftest import Office

SELLER = "olaf.seller@example.com"
CUSTOMER = {
    "legal_name": "Nordlicht Logistik GmbH",
    "website_domain": "nordlicht-logistik.de",
    "country": "DE",
    "street": "Hafenstr. 1",
    "postal_code": "20457",
    "city": "Hamburg",
}


async def _protected(office: Office, **fields: Any) -> RegistrationView:
    view = await office.submit(await office.partner("Alba"), **fields)
    await _approve(office, view)
    return view


async def _approve(office: Office, view: RegistrationView) -> None:
    async with office.db.transaction() as tx:
        await deciding.approve(tx, office.desk, registration_id=view.id, actor="key approver")


async def _opportunity(office: Office, account: UUID, **values: Any) -> UUID:
    said = {"name": "Nordlicht direct", "is_closed": False, "owner_email": SELLER}
    return await office.create("opportunity", account=account, **{**said, **values})


async def _patch(office: Office, record_type: str, record_id: UUID, **values: Any) -> None:
    async with office.db.transaction() as tx:
        await patch_record(
            tx, RECORD_TYPES[record_type], record_id=record_id, values=values, version=None, actor="crm user"
        )


async def _direct(office: Office) -> list[str | None]:
    """For whom alerts on direct opportunities are."""
    rows = await office.all(
        "select owner_email from seller_alert where kind = 'direct_on_protected' order by owner_email nulls last"
    )
    return [row["owner_email"] for row in rows]


async def test_a_direct_opportunity_on_a_protected_account_is_told_to_its_owner_and_to_the_queue(
    office: Office,
) -> None:
    account = await office.create("organization", **CUSTOMER)
    view = await _protected(office, customer=str(account))
    opportunity = await _opportunity(office, account)

    assert await notice(office.db, office.desk) == 2

    assert await _direct(office) == [SELLER, None]
    [told] = await office.all("select * from seller_alert where owner_email = %s", SELLER)
    assert (told["deal"], told["account"], told["opportunity"]) == (view.id, account, opportunity)
    assert "put the partner on the opportunity" in told["body"]
    assert told["due_at"] is not None


async def test_reading_on_or_anew_tells_nothing_twice(office: Office) -> None:
    account = await office.create("organization", **CUSTOMER)
    await _protected(office, customer=str(account))
    opportunity = await _opportunity(office, account)
    await notice(office.db, office.desk)

    await _patch(office, "opportunity", opportunity, is_closed=True)
    await _patch(office, "opportunity", opportunity, is_closed=False)
    assert await notice(office.db, office.desk) == 0
    async with office.db.transaction() as tx:
        await log_readers.move(tx, name=READER, position="0:0")
    assert await notice(office.db, office.desk) == 0

    assert await _direct(office) == [SELLER, None]


async def test_it_may_be_opened_again_lose_its_partner_or_move_there(office: Office) -> None:
    account = await office.create("organization", **CUSTOMER)
    other = await office.create("organization", legal_name="Elsewhere Ltd", country="GB")
    closed = await _opportunity(office, account, is_closed=True, owner_email="a@example.com")
    led = await _opportunity(office, account, partner=await office.partner("Brio"), owner_email="b@example.com")
    away = await _opportunity(office, other, owner_email="c@example.com")
    await _protected(office, customer=str(account))
    await notice(office.db, office.desk)
    assert await _direct(office) == []

    await _patch(office, "opportunity", closed, is_closed=False)
    await _patch(office, "opportunity", led, partner=None)
    await _patch(office, "opportunity", away, account=account)
    await notice(office.db, office.desk)

    assert await _direct(office) == ["a@example.com", "b@example.com", "c@example.com", None, None, None]


async def test_what_those_who_approved_were_shown_is_no_news(office: Office) -> None:
    account = await office.create("organization", **CUSTOMER)
    await _opportunity(office, account)
    await _protected(office, customer=str(account))

    await notice(office.db, office.desk)

    assert await _direct(office) == []


async def test_one_that_was_opened_while_the_registration_was_under_review_is_told_when_it_is_approved(
    office: Office,
) -> None:
    account = await office.create("organization", **CUSTOMER)
    view = await office.submit(await office.partner("Alba"), customer=str(account))
    await _opportunity(office, account)
    await notice(office.db, office.desk)
    assert await _direct(office) == []

    await _approve(office, view)
    await notice(office.db, office.desk)

    assert await _direct(office) == [SELLER, None]


@pytest.mark.parametrize(
    ("verdict", "told"), [(Verdict.SAME, [SELLER, None]), (Verdict.REVIEW, [None]), (Verdict.FAMILY, [])]
)
async def test_another_record_counts_as_the_matcher_says_and_where_it_is_not_sure_only_the_queue_hears(
    office: Office, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, told: list[str | None]
) -> None:
    monkeypatch.setattr(protecting, "matched", lambda *_, **__: Match(verdict=verdict))
    await _protected(office)
    await notice(office.db, office.desk)
    await _opportunity(office, await office.create("organization", **CUSTOMER))

    await notice(office.db, office.desk)

    assert await _direct(office) == told


async def test_the_registration_s_own_opportunity_and_an_ended_protection_alert_nobody(office: Office) -> None:
    account = await office.create("organization", **CUSTOMER)
    view = await _protected(office, customer=str(account))
    async with office.db.transaction() as tx:
        await deciding.revoke(
            tx, office.desk, registration_id=view.id, reason_code="not_viable", text=None, actor="key approver"
        )
    await _opportunity(office, account)

    await notice(office.db, office.desk)

    assert await _direct(office) == []


async def test_readers_at_the_same_time_tell_once(office: Office) -> None:
    account = await office.create("organization", **CUSTOMER)
    await _protected(office, customer=str(account))
    for _ in range(3):
        await _opportunity(office, account)

    raised = await asyncio.gather(*(notice(office.db, office.desk) for _ in range(4)))

    assert sum(raised) == 6
    assert len(await _direct(office)) == 6


async def test_an_amount_written_past_the_review_is_told_like_an_amendment(office: Office) -> None:
    account = await office.create("organization", owner_email="ida.owner@example.com", **CUSTOMER)
    view = await _protected(office, customer=str(account))
    await notice(office.db, office.desk)

    await _patch(office, "deal_registration", view.id, value_add="Migration")
    assert await notice(office.db, office.desk) == 0
    await _patch(office, "deal_registration", view.id, partner_reference="4711", amount=None)
    assert await notice(office.db, office.desk) == 1

    [told] = await office.all("select body from seller_alert where kind = 'registration_changed'")
    assert "Amount: 20000 EUR → nothing" in told["body"]


async def test_an_alert_that_a_crm_marks_as_seen_says_when_and_by_whom(office: Office) -> None:
    account = await office.create("organization", **CUSTOMER)
    await _protected(office, customer=str(account))
    await _opportunity(office, account)
    await notice(office.db, office.desk)
    [alert] = await office.all("select id from seller_alert where owner_email = %s", SELLER)

    await _patch(office, "seller_alert", alert["id"], status="acknowledged")
    await notice(office.db, office.desk)

    [seen] = await office.all("select * from seller_alert where id = %s", alert["id"])
    assert seen["acknowledged_by"] == "crm user"
    assert seen["acknowledged_at"] is not None
    [last] = await office.all("select * from change where record_id = %s order by id desc limit 1", alert["id"])
    assert last["version"] == seen["version"]
    assert set(last["new"]) == {"acknowledged_at", "acknowledged_by"}

    await _patch(office, "seller_alert", alert["id"], status="open")
    await notice(office.db, office.desk)
    [again] = await office.all("select * from seller_alert where id = %s", alert["id"])
    assert (again["acknowledged_at"], again["acknowledged_by"]) == (None, None)


async def test_the_index_serves_the_reader_so_that_other_changes_cost_nothing(office: Office) -> None:
    async with office.db.transaction() as tx:
        await tx.run("set local enable_seqscan = off")
        plan = await _plan(tx)

    assert "ix_change_noticed" in plan


async def _plan(tx: Tx) -> str:
    statement = (
        log_readers.NOTICED.replace("%s::text::xid8", "'5'::xid8").replace("%s::bigint", "0").replace("%s", "10")
    )
    return " ".join(str(row[0]) for row in await tx.tuples(f"explain {statement}"))
