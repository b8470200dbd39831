"""Alerts that somebody saw: said at a door, or in a CRM and brought by sync."""

from __future__ import annotations

from collections.abc import Sequence

from hub.db import changes, seller_alerts
from hub.db.changes import Change, Origin
from hub.db.log_readers import Noticed
from hub.db.seller_alerts import Stamped
from hub.db.session import Tx
from hub.record.sell import SELLER_ALERT
from hub.record.values import encode_values
from hub.sdk.http import encode_json
from hub.services.deals.alerting import ACTOR

_RULES = encode_json({"*": "acknowledged"})


async def stamp(tx: Tx, written: Sequence[Noticed]) -> None:
    """Say when and by whom the status of alerts was set to acknowledged; one that is open again was seen by nobody."""
    if not written:
        return
    latest = {change.record_id: (change.at, change.by) for change in written}
    await _note(tx, await seller_alerts.stamp(tx, latest), actor=ACTOR)


async def _note(tx: Tx, stamped: Sequence[Stamped], *, actor: str) -> None:
    log = [
        Change(s.id, SELLER_ALERT.name, s.version, "update", encode_values(s.old), encode_values(s.new), _RULES)
        for s in stamped
    ]
    await changes.append(tx, origin=Origin(actor=actor), changes=log)
