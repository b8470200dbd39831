"""Finds a record by what a person has at hand: the hub's id, or a system's."""

from __future__ import annotations

from uuid import UUID

from hub.db import connections, links
from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.services.connections import Workshop, mappings_of
from hub.services.custom_fields import record_types
from hub.services.refusals import NotFound, invalid


async def find_record(tx: Tx, shop: Workshop, *, record_type: str, reference: str) -> UUID:
    """`reference` is a record's id, or CONNECTION:REMOTE_ID. Raises NotFound, Invalid, MappingError."""
    try:
        return UUID(reference)
    except ValueError:
        pass
    name, colon, remote_id = reference.partition(":")
    if not colon or not remote_id:
        raise invalid("id", "must be the record's id, or CONNECTION:REMOTE_ID")
    stored = await connections.by_name(tx, name)
    if stored is None:
        raise NotFound(f"There is no connection called {name!r}.")
    wanted = RECORD_TYPES.get(record_type)
    mappings = mappings_of(shop, stored, await record_types(tx)).values()
    objects = [m.object for m in mappings if wanted is not None and m.record.root == wanted.root]
    found = await links.records_of(tx, connection_id=stored.id, objects=objects, remote_ids=[remote_id])
    if remote_id not in found:
        raise NotFound(f"The hub knows no {record_type} that is {remote_id} in {name}.")
    return found[remote_id]
