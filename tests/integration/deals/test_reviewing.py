"""What waits for a person is judged again: on request, and when what stood in its way has ended."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.record import RECORD_TYPES
from hub.services.deals import changing, deciding, expiring, reviewing
from hub.services.deals.expiring import end_protections
from hub.services.deals.reviewing import look_again, look_again_after_reads
from hub.services.deals.viewing import RegistrationView
from hub.services.records import patch_record
from hub.services.refusals import NotNow
from tests.integration.deals.conftest import Office


async def _disputed(office: Office) -> tuple[RegistrationView, RegistrationView]:
    """One that is protected, and a later one of another partner that is under conflict review because of it."""
    first = await office.act(await office.submit(await office.partner("Alba")), deciding.approve)
    second = await office.submit(await office.partner("Brio"))
    assert second.review_status == "conflict_review"
    return first, second


@pytest.mark.parametrize("how", ["withdraw", "lose"])
async def test_who_waited_for_a_rival_is_judged_again_when_it_ends(office: Office, how: str) -> None:
    first, second = await _disputed(office)
    await office.act(first, changing.end, how=how)

    assert await look_again(office.db, office.desk) == 1

    after = await office.view(second.id)
    assert (after.review_status, after.frozen_by) == ("pending_approval", ())
    assert "duplicate_other_partner" not in {o["rule"] for o in after.outcomes}
    assert (await office.kinds(second))[-2:] == ["review", "queue"]
    assert await look_again(office.db, office.desk) == 0


@pytest.mark.parametrize("how", ["withdraw", "revoke", "expire"])
async def test_nobody_is_held_up_by_a_rival_that_ends_at_the_same_moment(office: Office, how: str) -> None:
    first = await office.act(await office.submit(await office.partner("Alba")), deciding.approve)
    brio = await office.partner("Brio")
    async with office.db.transaction() as tx:
        given: dict[str, Any] = {"registration_id": first.id, "actor": "key approver"}
        if how == "withdraw":
            await changing.end(tx, office.desk, how="withdraw", **given)
        elif how == "revoke":
            await deciding.revoke(tx, office.desk, reason_code="compliance", text=None, **given)
        else:
            await tx.run("update deal_registration set protection_ends = current_date - 2 where id = %s", first.id)
            await expiring._end_or_remind(tx, office.desk, first.id, datetime.now(UTC).date() - timedelta(days=2))
        submitting = asyncio.create_task(office.submit(brio))
        while await tx.one("select 1 from pg_locks where not granted") is None:
            assert not submitting.done(), "it met what is about to end"
            await asyncio.sleep(0)

    assert (await submitting).review_status == "pending_approval"
    assert await look_again(office.db, office.desk) == 0


async def test_who_waited_for_a_rival_is_judged_again_when_it_is_revoked(office: Office) -> None:
    first, second = await _disputed(office)
    await office.act(first, deciding.revoke, reason_code="compliance", text=None)

    await look_again(office.db, office.desk)

    assert (await office.view(second.id)).review_status == "pending_approval"


async def test_who_waited_for_a_rival_is_judged_again_when_it_expires(office: Office) -> None:
    first, second = await _disputed(office)
    past = datetime.now(UTC).date() - timedelta(days=2)
    await office.all("update deal_registration set protection_ends = %s where id = %s returning id", past, first.id)
    await end_protections(office.db, office.desk)

    await look_again(office.db, office.desk)

    assert (await office.view(second.id)).review_status == "pending_approval"


async def test_what_needs_no_person_any_more_is_approved_by_the_rules(office: Office) -> None:
    await office.crm_was_read()
    first = await office.submit(await office.trusted("Alba"))
    second = await office.submit(await office.trusted("Brio"))
    assert (first.review_status, second.review_status) == ("approved", "conflict_review")
    await office.act(first, changing.end, how="withdraw")

    await look_again(office.db, office.desk)

    after = await office.view(second.id)
    assert after.review_status == "approved"
    assert after.protection_ends is not None


async def test_once_the_crm_was_read_a_review_finds_that_no_person_is_needed(office: Office) -> None:
    view = await office.submit(await office.trusted("Alba"))
    assert view.review_status == "pending_approval"
    await office.crm_was_read()

    assert (await office.act(view, reviewing.review)).review_status == "approved"


async def test_what_only_waits_for_the_crm_goes_on_by_itself_once_it_was_read(office: Office) -> None:
    view = await office.submit(await office.trusted("Alba"))
    large = await office.submit(
        await office.trusted("Brio"), customer_name="Other AG", customer_domain="other-ag.de",
        contact_email="e@other-ag.de", amount={"amount": "90000", "currency": "EUR"},
    )  # fmt: skip
    assert await look_again_after_reads(office.db, office.desk) == 0
    await office.crm_was_read()

    assert await look_again_after_reads(office.db, office.desk) == 2
    assert await look_again_after_reads(office.db, office.desk) == 0

    assert (await office.view(view.id)).review_status == "approved"
    assert (await office.view(large.id)).review_status == "pending_approval"


async def test_a_conflict_that_came_up_takes_a_first_approval_back(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"), amount={"amount": "300000", "currency": "EUR"})
    half = await office.act(view, deciding.approve, actor="key one")
    assert half.approved_by == ("key one",)
    account = await office.create(
        "organization", legal_name="Nordlicht Logistik GmbH", website_domain="nordlicht-logistik.de", country="DE"
    )
    await office.create("opportunity", name="Platform", account=account, stage="Negotiation", is_direct=True)

    after = await office.act(view, reviewing.review)

    assert (after.review_status, after.approved_by) == ("conflict_review", ())


async def test_a_review_never_rejects_what_was_open(office: Office) -> None:
    partner = await office.partner("Alba")
    view = await office.submit(partner)
    async with office.db.transaction() as tx:
        await patch_record(
            tx, RECORD_TYPES["partner"], record_id=partner, values={"status": "suspended"}, version=None, actor="test"
        )

    after = await office.act(view, reviewing.review)

    assert (after.review_status, after.verdict) == ("pending_approval", "block")
    assert [o["rule"] for o in after.outcomes if o["outcome"] == "block"] == ["partner_active"]


async def test_only_what_waits_for_a_person_is_reviewed(office: Office) -> None:
    view = await office.act(await office.submit(await office.partner("Alba")), deciding.approve)

    with pytest.raises(NotNow, match="waits for nobody"):
        await office.act(view, reviewing.review)


async def test_several_processes_look_again_at_each_one_once(office: Office) -> None:
    first, second = await _disputed(office)
    await office.act(first, changing.end, how="withdraw")

    looked = await asyncio.gather(*(look_again(office.db, office.desk) for _ in range(4)))

    assert sum(looked) == 1
    assert (await office.kinds(second)).count("review") == 1


async def test_what_was_decided_meanwhile_is_left_alone(office: Office) -> None:
    first, second = await _disputed(office)
    await office.act(first, changing.end, how="withdraw")
    await office.act(second, deciding.reject, reason_code="not_viable", text=None)

    await look_again(office.db, office.desk)

    assert (await office.view(second.id)).review_status == "rejected"


async def test_what_a_person_approves_against_a_gate_has_its_place(office: Office) -> None:
    """Rejected as too small, approved on appeal: who comes now is second."""
    small = await office.submit(await office.partner("Alba"), amount={"amount": "1000", "currency": "EUR"})
    assert (small.review_status, small.place) == ("rejected", None)
    proof: Any = {"name": "Letter", "kind": "customer_letter"}
    appealed = await office.act(small, changing.appeal, evidence=[proof], text="It will grow", actor="key portal")
    approved = await office.act(appealed, deciding.approve)

    late = await office.submit(await office.partner("Brio"), amount={"amount": "6000", "currency": "EUR"})

    assert approved.place is not None
    assert approved.eligible_at is not None
    assert late.review_status == "conflict_review"
