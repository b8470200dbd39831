"""Raises alerts to sellers in the transaction of what causes them, each once; the sync engine carries them out."""

from __future__ import annotations

from collections.abc import Sequence

from hub.db import changes, deal_reviews, seller_alerts
from hub.db.changes import Change, Origin
from hub.db.session import Tx
from hub.domain.deals.alerts import Alert, Happening, alertable, alerts_of
from hub.domain.deals.facts import Facts
from hub.record.sell import SELLER_ALERT
from hub.record.values import encode_values
from hub.sdk.http import encode_json
from hub.services.deals.desk import Desk

ACTOR = "hub"
_RULES = encode_json({"*": "deal registration"})


async def tell(tx: Tx, desk: Desk, steps: Sequence[tuple[Happening, Facts | None]]) -> None:
    """Raise what follows from steps of registrations; facts that are not at hand are those of the last decision."""
    told = [(step, facts) for step, facts in steps if any(alertable(kind) for _, kind, _ in step.events)]
    missing = [step.deal for step, facts in told if facts is None]
    stored = await deal_reviews.last_facts(tx, missing) if missing else {}
    alerts: list[Alert] = []
    for step, facts in told:
        if known := facts or stored.get(step.deal):
            alerts += alerts_of(step, known, desk.due_to_see)
    await raise_alerts(tx, alerts)


async def raise_alerts(tx: Tx, alerts: Sequence[Alert]) -> int:
    """Store those whose event raised none before, with their changes; returns how many."""
    if not alerts:
        return 0
    raised = await seller_alerts.raise_new(tx, alerts)
    log = []
    for row in raised:
        values = {name: value for name, value in row.items() if name != "id" and value is not None}
        log.append(Change(row["id"], SELLER_ALERT.name, 1, "create", None, encode_values(values), _RULES))
    await changes.append(tx, origin=Origin(actor=ACTOR), changes=log)
    return len(raised)
