"""Alerts to sellers on the command line."""

import asyncio

from hub.db.session import Database
from hub.domain.deals.alerts import Alert
from hub.services.deals.alerting import raise_alerts
from tests.integration.cli.conftest import Command


async def _raise(database_url: str) -> None:
    alert = Alert(
        event_key="some/event",
        kind="decision_due",
        subject="Decision due soon",
        body="Decide.",
        deal=None,
        or_queue=True,
    )
    async with Database(database_url) as db, db.transaction() as tx:
        await raise_alerts(tx, [alert])


def test_an_alert_is_listed_shown_and_seen_and_the_time_it_took_is_told(partnerhub: Command, database_url: str) -> None:
    asyncio.run(_raise(database_url))

    [listed] = partnerhub("alerts", "list", "--queue", "--json").data
    shown = partnerhub("alerts", "show", listed["id"])
    seen = partnerhub("alerts", "ack", listed["id"], "--json").data
    [times] = partnerhub("alerts", "report", "--json").data

    assert "Decide." in shown.out
    assert seen["status"] == "acknowledged"
    assert seen["acknowledged_by"]
    assert "No alert." in partnerhub("alerts", "list").out
    assert (times["kind"], times["acknowledged"], times["open"]) == ("decision_due", 1, 0)
    assert times["median_seconds"] >= 0
    assert "decision_due" in partnerhub("alerts", "report").out
