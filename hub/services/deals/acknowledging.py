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


async def stamp(tx: Tx, written: Sequence[Noticed]) -> None:
    """Say when and by whom the status of alerts was set to acknowledged; one that is open again was seen by nobody."""
    if not written:
        return
    latest = {change.record_id: (change.at, change.by) for change in written}
    await note_stamps(tx, await seller_alerts.stamp(tx, latest), rule="acknowledged")


async def note_stamps(tx: Tx, stamped: Sequence[Stamped], *, rule: str) -> None:
    """The changes of alerts that the hub wrote to."""
    rules = encode_json({"*": rule})
    log = [
        Change(s.id, SELLER_ALERT.name, s.version, "update", encode_values(s.old), encode_values(s.new), rules)
        for s in stamped
    ]
    await changes.append(tx, origin=Origin(actor=ACTOR), changes=log)
