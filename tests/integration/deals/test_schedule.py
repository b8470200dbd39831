"""The worker's hourly round: one process at a time ends protections."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hub.app import App
from hub.services.deals import deciding
from hub.services.deals.desk import Desk
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
