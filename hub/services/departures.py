"""Remote records that are gone: tombstones, and merges that redirect to a survivor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub.db import findings, links, rereads
from hub.db.links import LinkHead
from hub.db.session import Tx
from hub.sdk.records import Deletion
from hub.services.inbound import Applied
from hub.services.merging import merge_records
from hub.services.objects import ObjectSync, origin_of
from hub.services.removal import mark_deleted


async def apply_deletions(
    tx: Tx, sync: ObjectSync, *, deletions: Sequence[Deletion], as_of: datetime, run_id: int
) -> Applied:
    """Turn links into tombstones or redirects; what else happens is the mapping's `on_delete`.

    Deletions of records that the hub never linked, or knows already to be gone, only take them out of quarantine.
    """
    applied = Applied()
    ids = [d.id for d in deletions] + [d.merged_into for d in deletions if d.merged_into]
    known = await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)
    gone: list[str] = []
    ended: list[str] = []
    for deletion in deletions:
        head = known.get(deletion.id)
        if head is not None and head.state != "redirected" and deletion.merged_into:
            await _follow_merge(tx, sync, head, deletion.merged_into, as_of, run_id, applied)
        elif head is not None and head.state == "live":
            if head.as_of > as_of:
                continue  # the hub knows something newer of it
            gone.append(deletion.id)
        ended.append(deletion.id)
    if gone:
        await _bury(tx, sync, gone, run_id, applied)
    if ended:
        await findings.release_quarantine(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ended)
    return applied


async def _bury(tx: Tx, sync: ObjectSync, remote_ids: Sequence[str], run_id: int, applied: Applied) -> None:
    orphaned = await links.mark_deleted(
        tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=remote_ids
    )
    applied.counts["deleted"] += len(orphaned)
    if sync.mapping.on_delete == "mirror":
        await delete_records(tx, sync, [record_id for record_id, _ in orphaned], run_id, applied)
    elif sync.mapping.on_delete == "ask":
        await findings.ask_about_deletion(
            tx,
            connection_id=sync.connection.id,
            object_name=sync.name,
            record_type=sync.record_type.name,
            run_id=run_id,
            records=orphaned,
        )


async def delete_records(tx: Tx, sync: ObjectSync, record_ids: Sequence[UUID], run_id: int, applied: Applied) -> None:
    """Delete the hub's records too; the other systems hear of it through the change log."""
    applied.touched += await mark_deleted(tx, sync.record_type, record_ids, origin=origin_of(sync, run_id))


async def _follow_merge(
    tx: Tx, sync: ObjectSync, loser: LinkHead, survivor_id: str, as_of: datetime, run_id: int, applied: Applied
) -> None:
    """Redirect the losing remote id; where the survivor stands for another record, the two records become one."""
    here, name = sync.connection.id, sync.name
    heads = await links.heads(tx, connection_id=here, object_name=name, remote_ids=[survivor_id])
    survivor = heads.get(survivor_id)
    await links.redirect(
        tx, connection_id=here, object_name=name, loser=loser.remote_id, survivor=survivor_id, as_of=as_of
    )
    applied.counts["merged"] += 1
    if survivor is None:
        # The vendor made a new id for the survivor, or it was outside of what is read: it takes over the link.
        await links.take_over(tx, connection_id=here, object_name=name, loser=loser.remote_id, survivor=survivor_id)
    elif survivor.record_id != loser.record_id:
        applied.touched += await merge_records(
            tx, sync, loser=loser.record_id, survivor=survivor.record_id, run_id=run_id
        )
        await links.forget_hashes(tx, connection_id=here, keys=[(name, survivor_id)])
    await rereads.ask(tx, connection_id=here, keys=[(name, survivor_id)], reason="records were merged into it")
