"""References to a record that was deleted in a system and stands there again under another remote id."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.db import deliveries, links
from hub.db.session import Tx
from hub.services.objects import ObjectSync


async def point_again(tx: Tx, sync: ObjectSync, record_ids: Sequence[UUID]) -> None:
    """These were linked just now: where they had been deleted before, what refers to them still names the old one."""
    here = sync.connection.id
    anew = await links.tombstones(tx, connection_id=here, object_name=sync.name, record_ids=record_ids)
    if not anew:
        return
    for other in sync.connection.objects:
        fields = [name for name, target in other.mapping.links.items() if target in sync.type_names]
        referring = await links.forget_references(
            tx, connection_id=here, object_name=other.name, fields=fields, record_ids=anew
        )
        wanted = [(record_id, other.record_type.name) for record_id in referring]
        await deliveries.request(tx, connection_id=here, object_name=other.name, records=wanted)
