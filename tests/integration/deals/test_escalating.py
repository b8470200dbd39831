"""What is late is handed on, each once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.db.session import Tx
from hub.domain.deals.calendar import add_business
from hub.services.deals import deciding
from hub.services.deals.escalating import escalate
from hub.services.deals.viewing import RegistrationView
from tests.integration.deals.conftest import Office

NOTHING = {"warned": 0, "overdue": 0, "unseen": 0}


async def _submitted(office: Office, **fields: Any) -> RegistrationView:
    """One that waits for a person."""
    view = await office.submit(await office.partner("Alba"), **fields)
    assert view.review_status == "pending_approval"
    return view


async def _due(office: Office, view: RegistrationView, moment: datetime) -> None:
    async with office.db.transaction() as tx:
        await tx.run("update deal_review set due_at = %s where registration_id = %s", moment, view.id)


async def _alerts(office: Office, kind: str) -> list[dict[str, Any]]:
    return await office.all("select * from seller_alert where kind = %s order by raised_at", kind)


def _business(office: Office, hours: float) -> datetime:
    """So many business hours from now."""
    return add_business(office.desk.calendar, datetime.now(UTC), timedelta(hours=hours))


async def test_those_who_decide_are_warned_before_the_deadline_once(office: Office) -> None:
    view = await _submitted(office)
    assert await escalate(office.db, office.desk) == NOTHING
    await _due(office, view, _business(office, 3))

    assert (await escalate(office.db, office.desk))["warned"] == 1
    assert await escalate(office.db, office.desk) == NOTHING

    [told] = await _alerts(office, "decision_due")
    assert (told["deal"], told["owner_email"], told["status"]) == (view.id, None, "open")
    assert "Partner: Alba" in told["body"]


async def test_a_deadline_that_moved_is_another_one(office: Office) -> None:
    view = await _submitted(office)
    await _due(office, view, _business(office, 2))
    await escalate(office.db, office.desk)
    await _due(office, view, _business(office, 3))
    await escalate(office.db, office.desk)

    assert len(await _alerts(office, "decision_due")) == 2


async def test_an_overdue_decision_is_handed_on_with_an_event_once(office: Office) -> None:
    view = await _submitted(office)
    await _due(office, view, datetime.now(UTC) - timedelta(days=30))

    assert (await escalate(office.db, office.desk))["overdue"] == 1
    assert await escalate(office.db, office.desk) == NOTHING

    [told] = await _alerts(office, "decision_overdue")
    assert "the head of partner sales" in told["body"]
    events = await office.all("select * from deal_event where deal = %s and kind = 'escalated'", view.id)
    assert [(e["from_status"], e["to_status"], e["actor"]) for e in events] == [
        ("pending_approval", "pending_approval", "hub")
    ]
    [logged] = await office.all("select op from change where record_id = %s", events[0]["id"])
    assert logged["op"] == "create"
    assert await _alerts(office, "decision_due") == []


async def test_what_was_decided_is_late_no_more(office: Office) -> None:
    view = await _submitted(office)
    async with office.db.transaction() as tx:
        await deciding.approve(tx, office.desk, registration_id=view.id, actor="key approver")

    assert await escalate(office.db, office.desk) == NOTHING


async def test_an_alert_that_nobody_saw_in_time_is_handed_on_once_and_shows_it(office: Office) -> None:
    account = await office.create("organization", legal_name="Nordlicht", owner_email="ida.owner@example.com")
    await _submitted(office, customer=str(account))
    [alert] = await _alerts(office, "registration_on_account")
    assert await escalate(office.db, office.desk) == NOTHING
    await _past_its_time(office, alert["id"])

    assert (await escalate(office.db, office.desk))["unseen"] == 1
    assert await escalate(office.db, office.desk) == NOTHING

    [told] = await _alerts(office, "not_acknowledged")
    assert told["event_key"] == f"not_acknowledged/{alert['id']}"
    assert "It was for ida.owner@example.com" in told["body"]
    assert told["due_at"] is None
    [late] = await _alerts(office, "registration_on_account")
    assert late["escalated_at"] is not None
    [last] = await office.all("select * from change where record_id = %s order by id desc limit 1", alert["id"])
    assert (last["version"], set(last["new"])) == (late["version"], {"escalated_at"})


async def test_an_alert_that_somebody_saw_is_not_handed_on(office: Office) -> None:
    account = await office.create("organization", legal_name="Nordlicht", owner_email="ida.owner@example.com")
    await _submitted(office, customer=str(account))
    [alert] = await _alerts(office, "registration_on_account")
    await _past_its_time(office, alert["id"])
    async with office.db.transaction() as tx:
        await tx.run("update seller_alert set status = 'acknowledged', acknowledged_at = now()")

    assert await escalate(office.db, office.desk) == NOTHING


async def test_more_than_a_page_is_handed_on_in_one_go(office: Office) -> None:
    async with office.db.transaction() as tx:
        await _many_unseen(tx, 1100)

    assert (await escalate(office.db, office.desk))["unseen"] == 1100


async def _past_its_time(office: Office, alert_id: UUID) -> None:
    async with office.db.transaction() as tx:
        await tx.run("update seller_alert set due_at = now() - interval '1 hour' where id = %s", alert_id)


async def _many_unseen(tx: Tx, count: int) -> None:
    await tx.run(
        "insert into seller_alert (id, event_key, kind, subject, raised_at, due_at, status)"
        " select gen_random_uuid(), 'key/' || n, 'registration_approved', 'S', now(), now() - interval '1 day', 'open'"
        " from generate_series(1, %s) n",
        count,
    )
