"""An approved registration has one opportunity: chosen, named by the decision, the other tier's, or a new one."""

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.record import RECORD_TYPES
from hub.record.values import Money
from hub.services.deals import changing, deciding
from hub.services.deals.viewing import RegistrationView
from hub.services.records import create_record, get_record, patch_record
from hub.services.refusals import NotNow
from tests.integration.deals.conftest import SOON, Office

CUSTOMER = {"legal_name": "Nordlicht Logistik GmbH", "website_domain": "nordlicht-logistik.de", "country": "DE"}


async def _customer(office: Office, **values: Any) -> UUID:
    return await office.create("organization", **{**CUSTOMER, **values})


async def _do(office: Office, view: RegistrationView, act: Any, **said: Any) -> None:
    async with office.db.transaction() as tx:
        await act(tx, office.desk, registration_id=view.id, **{"actor": "key approver", **said})


async def _opportunity_of(office: Office, view: RegistrationView) -> Any:
    async with office.db.transaction() as tx:
        deal = await get_record(tx, RECORD_TYPES["deal_registration"], record_id=view.id)
        linked = deal.values["opportunity"]
        if not isinstance(linked, UUID):
            return None
        return await get_record(tx, RECORD_TYPES["opportunity"], record_id=linked)


async def test_an_approved_registration_gets_an_opportunity_of_the_accounts_seller(office: Office) -> None:
    customer = await _customer(office, owner_name="Alex Executive", owner_email="alex@vendor.example")
    partner = await office.partner("Alba")
    view = await office.submit(partner, customer=str(customer))
    assert await _opportunity_of(office, view) is None

    await _do(office, view, deciding.approve)

    made = (await _opportunity_of(office, view)).values
    assert (made["name"], made["account"], made["partner"]) == ("Warehouse to the cloud", customer, partner)
    assert (made["amount"], made["close_date"]) == (Money(Decimal(20000), "EUR"), SOON)
    assert (made["owner_name"], made["owner_email"]) == ("Alex Executive", "alex@vendor.example")
    assert (made["partner_stage"], made["partner_amount"], made["is_direct"]) == ("approved", made["amount"], False)


async def test_it_is_made_once_however_many_approve_at_the_same_time(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))

    done = await asyncio.gather(
        *(_do(office, view, deciding.approve, actor=f"key {n}") for n in range(4)), return_exceptions=True
    )

    assert [type(outcome) for outcome in done if outcome] == [NotNow] * 3
    assert await office.all("select count(*) as n from opportunity") == [{"n": 1}]


async def test_one_that_a_person_chose_is_kept(office: Office) -> None:
    customer = await _customer(office)
    chosen = await office.create("opportunity", name="Ours", account=customer, is_direct=False)
    view = await office.submit(await office.partner("Alba"), customer=str(customer))
    async with office.db.transaction() as tx:
        values = {"opportunity": chosen}
        await patch_record(
            tx, RECORD_TYPES["deal_registration"], record_id=view.id, values=values, version=None, actor="key approver"
        )

    await _do(office, view, deciding.approve)

    assert (await _opportunity_of(office, view)).id == chosen
    assert await office.all("select count(*) as n from opportunity") == [{"n": 1}]


async def test_teaming_joins_the_open_opportunity_that_the_decision_named(office: Office) -> None:
    customer = await _customer(office)
    amount = Money(Decimal(99000), "EUR")
    ours = await office.create(
        "opportunity", name="Ours", account=customer, stage="Proposal", amount=amount, close_date=date(2027, 1, 31)
    )
    await office.create("opportunity", name="Closed", account=customer, is_closed=True)
    partner = await office.partner("Alba")
    view = await office.submit(partner, customer=str(customer))
    assert "direct_open_opportunity" in [o["rule"] for o in view.outcomes]

    await _do(office, view, deciding.approve, teaming=True)

    joined = await _opportunity_of(office, view)
    assert joined.id == ours
    seller_owned = (joined.values["stage"], joined.values["amount"], joined.values["close_date"])
    assert seller_owned == ("Proposal", amount, date(2027, 1, 31))
    assert joined.values["partner"] == partner
    assert joined.values["partner_amount"] == Money(Decimal(20000), "EUR")


async def test_of_several_that_were_named_none_is_guessed(office: Office) -> None:
    customer = await _customer(office)
    ours = [await office.create("opportunity", name=name, account=customer) for name in ("One", "Two")]
    view = await office.submit(await office.partner("Alba"), customer=str(customer))

    await _do(office, view, deciding.approve, teaming=True)

    assert (await _opportunity_of(office, view)).id not in ours


async def test_what_the_partner_amends_shows_beside_what_the_seller_says(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    await _do(office, view, deciding.approve)

    await _do(office, view, changing.amend, values={"amount": Money(Decimal(31000), "EUR")})
    await _do(office, view, changing.end, how="lose")

    shown = (await _opportunity_of(office, view)).values
    assert shown["amount"] == Money(Decimal(20000), "EUR")
    assert (shown["partner_amount"], shown["partner_stage"]) == (Money(Decimal(31000), "EUR"), "lost")


@pytest.mark.parametrize("act", ["reject", "withdraw"])
async def test_what_was_never_approved_has_none(office: Office, act: str) -> None:
    view = await office.submit(await office.partner("Alba"))

    if act == "reject":
        await _do(office, view, deciding.reject, reason_code="not_viable", text=None)
    else:
        await _do(office, view, changing.end, how="withdraw")

    assert await office.all("select count(*) as n from opportunity") == [{"n": 0}]


async def test_a_customer_that_is_ours_beyond_doubt_is_recognised_before_anybody_decides(office: Office) -> None:
    customer = await _customer(office, phone="+494012345678")
    view = await office.submit(await office.partner("Alba"))

    [stored] = await office.all("select customer from deal_registration where id = %s", view.id)

    assert stored["customer"] == customer


async def test_of_two_records_that_may_be_the_customer_none_is_guessed(office: Office) -> None:
    for _ in range(2):
        async with office.db.transaction() as tx:
            await create_record(tx, RECORD_TYPES["organization"], values=CUSTOMER, actor="test", allow_duplicate=True)
    view = await office.submit(await office.partner("Alba"))

    [stored] = await office.all("select customer from deal_registration where id = %s", view.id)

    assert stored["customer"] is None
