"""Conversions: a remote record that lives on as records of other objects, such as a lead that became an account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub.db import deliveries, links, rereads
from hub.db.links import LinkHead
from hub.db.session import Tx
from hub.sdk.records import Deletion
from hub.services.endings import note_departures
from hub.services.inbound import Applied, prepare
from hub.services.merging import merge_records
from hub.services.objects import ObjectSync
from hub.services.sieving import apply_page


async def follow_conversion(
    tx: Tx, sync: ObjectSync, loser: LinkHead, conversion: Deletion, *, as_of: datetime, run_id: int
) -> Applied:
    """Redirect the link to what the remote record became; what it held at last is taken over before.

    Where that is mapped to the same kind of record, it stands for the hub's record from now on, and what was still to
    be written goes there; has it one of its own already, the two become one. Where it is another kind, the hub's record
    stays as it is, and is not made there again.
    """
    applied = Applied()
    if conversion.last is not None and loser.state == "live":
        applied = await apply_page(tx, sync, incoming=prepare(sync, [conversion.last]), as_of=as_of, run_id=run_id)
    successor = _successor(sync, conversion)
    into, survivor_id = conversion.became[0] if successor is None else successor
    await note_departures(
        tx, sync, parted=[(loser.record_id, conversion)], run_id=run_id, followed=False, into=(into, survivor_id)
    )
    await links.redirect(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        loser=loser.remote_id,
        survivor=survivor_id,
        as_of=as_of,
        into_object=into,
    )
    applied.counts["converted"] += 1
    target = next((other for other in sync.connection.objects if other.name == into), None)
    if target is not None and _same_kind(sync, target):
        applied.touched += await _hand_over(tx, sync, target, loser, survivor_id, run_id)
        keys = [(into, survivor_id)]
        await rereads.ask(tx, connection_id=sync.connection.id, keys=keys, reason="another object's record became it")
    return applied


def _successor(sync: ObjectSync, conversion: Deletion) -> tuple[str, str] | None:
    """Of what it became: what stands for the same kind of record, or else the weightiest that is mapped."""
    objects = sync.connection.objects
    known = [(o, remote_id) for name, remote_id in conversion.became for o in objects if o.remote_object == name]
    same = [(other, remote_id) for other, remote_id in known if _same_kind(sync, other)]
    return next(((other.name, remote_id) for other, remote_id in [*same, *known]), None)


def _same_kind(sync: ObjectSync, other: ObjectSync) -> bool:
    return other.record_type.name in sync.type_names


async def _hand_over(
    tx: Tx, sync: ObjectSync, target: ObjectSync, loser: LinkHead, survivor_id: str, run_id: int
) -> list[UUID]:
    """What became of it stands for its record; returns the records that other systems have to hear of."""
    here = sync.connection.id
    heads = await links.heads(tx, connection_id=here, object_name=target.name, remote_ids=[survivor_id])
    survivor = heads.get(survivor_id)
    if survivor is not None and survivor.record_id != loser.record_id:
        touched = await merge_records(
            tx, sync, loser=loser.record_id, survivor=survivor.record_id, run_id=run_id, into=target
        )
        await links.forget_hashes(tx, connection_id=here, keys=[(target.name, survivor_id)])
        return touched
    taken = await links.remote_ids_of(tx, connection_id=here, objects=[target.name], record_ids=[loser.record_id])
    if survivor is None and not taken:
        await links.take_over(
            tx,
            connection_id=here,
            object_name=sync.name,
            loser=loser.remote_id,
            survivor=survivor_id,
            into_object=target.name,
        )
    if target.mapping.outbound:
        wanted = [(loser.record_id, target.record_type.name)]
        await deliveries.request(tx, connection_id=here, object_name=target.name, records=wanted)
    return [loser.record_id]
