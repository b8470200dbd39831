"""The worker's rounds: one process at a time ends protections, and alerts follow what jobs have moved."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.app import App
from hub.services.deals import deciding, expiring
from hub.services.deals.desk import Desk
from sync_jobs import alerts
from sync_jobs.deals import keep_ending_protections
from tests.integration.deals.conftest import Office


class OneRound:
    """An app that tells the schedule to stop once it has begun its work."""

    def __init__(self, office: Office) -> None:
        self.db, self._desk = office.db, office.desk
        self.stop = asyncio.Event()

    @property
    def desk(self) -> Desk:
        self.stop.set()
        return self._desk


async def test_the_worker_ends_what_is_over(office: Office) -> None:
    view = await office.submit(await office.partner("Alba"))
    async with office.db.transaction() as tx:
        await deciding.approve(tx, office.desk, registration_id=view.id, actor="key approver")
        past = datetime.now(UTC).date() - timedelta(days=2)
        await tx.run("update deal_registration set protection_ends = %s where id = %s", past, view.id)
    app: Any = OneRound(office)

    await keep_ending_protections(cast(App, app), stop=app.stop)

    assert (await office.view(view.id)).review_status == "expired"
    [clock] = await office.all("select until > now() + interval '50 minutes' as taken from lease")
    assert clock["taken"]


async def test_the_worker_notices_at_once_what_a_job_has_moved(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "EVERY", timedelta(hours=1))
    account = await office.create("organization", legal_name="Nordlicht Logistik GmbH", country="DE")
    view = await office.submit(await office.partner("Alba"), customer=str(account))
    async with office.db.transaction() as tx:
        await deciding.approve(tx, office.desk, registration_id=view.id, actor="key approver")
    moved, stop = asyncio.Event(), asyncio.Event()
    app: Any = SimpleNamespace(db=office.db, desk=office.desk, queue=None)

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(alerts.keep_alerting(cast(App, app), moved=moved, stop=stop))
        await office.create("opportunity", name="Direct", account=account, owner_email="olaf@example.com")
        moved.set()
        while not await office.all("select 1 from seller_alert where kind = 'direct_on_protected'"):
            await asyncio.sleep(0.02)
            moved.set()  # what another test has under way may hold the log back
        stop.set()


async def test_a_round_goes_on_behind_those_that_were_reminded_before(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiring, "MOST", 1)
    soon = datetime.now(UTC).date() + timedelta(days=20)
    partner = await office.partner("Alba")
    for name in ("nordlicht", "brenner", "hallwang"):
        domain = f"{name}.de"
        view = await office.submit(
            partner, customer_name=name, customer_domain=domain, contact_email=f"jana.weiss@{domain}"
        )
        async with office.db.transaction() as tx:
            await deciding.approve(tx, office.desk, registration_id=view.id, actor="key approver")
            await tx.run("update deal_registration set protection_ends = %s where id = %s", soon, view.id)

    assert await expiring.end_protections(office.db, office.desk) == {"expired": 0, "reminded": 3}
    assert await expiring.end_protections(office.db, office.desk) == {"expired": 0, "reminded": 0}
