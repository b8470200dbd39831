"""Linked rows that are, by the hub's key, what the hub made for another record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from hub.db import links, records
from hub.db.links import LinkHead
from hub.db.session import Tx
from hub.services.matching import apart_from, hub_key
from hub.services.objects import ObjectSync

if TYPE_CHECKING:
    from hub.services.inbound import Incoming


async def claimed_by_key(
    tx: Tx, sync: ObjectSync, incoming: Sequence[Incoming], known: Mapping[str, LinkHead]
) -> dict[str, UUID]:
    """Which of these rows carry the key of a living record that never had a row here, and whom each stood for.

    People merged a row into one that the hub had made without hearing the answer: it took over the loser's link
    before anybody saw its key. The records of the two rows are one then.
    """
    claims = {
        i.remote_id: key
        for i in incoming
        if (key := hub_key(sync, i.record)) is not None
        and known[i.remote_id].state == "live"
        and known[i.remote_id].record_id != key
    }
    apart = await apart_from(tx, sync, list(claims))
    claims = {remote_id: key for remote_id, key in claims.items() if key not in apart.get(remote_id, ())}
    if not claims:
        return {}
    owners = await records.whereabouts(tx, sync.record_type, list(claims.values()))
    stored = await records.load(tx, sync.record_type, sorted(set(owners.values())))
    here = await links.ever_linked(tx, connection_id=sync.connection.id, object_name=sync.name, record_ids=list(stored))
    absent = {record_id for record_id, record in stored.items() if record.alive} - here
    return {remote_id: known[remote_id].record_id for remote_id, key in claims.items() if owners.get(key) in absent}
