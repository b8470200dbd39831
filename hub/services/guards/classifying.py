"""What a system reports, as guards count it: compared with what was last agreed on, without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hub.db import links
from hub.db.links import LinkHead
from hub.db.session import Tx
from hub.domain.guards import Effect, effect_on
from hub.record.codec import decode_values
from hub.sdk.records import Deletion
from hub.services.inbound import Incoming, in_scope, look_up_links, missing_fields
from hub.services.objects import ObjectSync


async def classify(
    tx: Tx, sync: ObjectSync, *, incoming: Sequence[Incoming], deletions: Sequence[Deletion]
) -> Counter[Effect]:
    """Each record counts once, by the gravest. Emptied is what had a value when both sides last agreed.

    This is what the system says, whatever the mapping's rules would make of it: that half of all values are refused
    is as much a reason to ask as that they are taken over.
    """
    newest = {i.remote_id: i for i in incoming}
    ids = [*newest, *(d.id for d in deletions)]
    known = await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)
    effects: Counter[Effect] = Counter()
    gone = {d.id for d in deletions if _is_live(known.get(d.id))} - newest.keys()
    effects["deletes"] = len(gone)
    await look_up_links(tx, sync, list(newest.values()))
    linked = [i for i in newest.values() if _is_live(known.get(i.remote_id))]
    shadows = await links.shadows(
        tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=[i.remote_id for i in linked]
    )
    for i in linked:
        shadow = decode_values(sync.record_type, shadows[i.remote_id][0])
        if effect := effect_on(i.values, shadow, links=sync.links):
            effects[effect] += 1
    there = {i.remote_id for i in linked}
    effects["creates"] = sum(_is_new(sync, i) for i in newest.values() if i.remote_id not in there)
    return +effects


async def emptied(tx: Tx, sync: ObjectSync, incoming: Sequence[Incoming]) -> dict[str, list[str]]:
    """By remote id, the fields that had a value when both sides last agreed and have none now."""
    ids = [i.remote_id for i in incoming]
    shadows = await links.shadows(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)
    found: dict[str, list[str]] = {}
    for i in incoming:
        if known := shadows.get(i.remote_id):
            shadow = decode_values(sync.record_type, known[0])
            names = [n for n, value in i.mapped.values.items() if value is None and shadow.get(n) is not None]
            if names:
                found[i.remote_id] = names
    return found


def _is_new(sync: ObjectSync, incoming: Incoming) -> bool:
    return in_scope(sync, incoming) and not missing_fields(sync, incoming)


def _is_live(head: LinkHead | None) -> bool:
    return head is not None and head.state == "live"
