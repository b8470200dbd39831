"""Remote records that are gone: tombstones, and merges that redirect to a survivor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from hub.db import findings, links, rereads
from hub.db.links import LinkHead
from hub.db.session import Tx
from hub.sdk.records import Deletion
from hub.services.conversions import follow_conversion
from hub.services.endings import follow, note_departures
from hub.services.inbound import Applied
from hub.services.merging import merge_records
from hub.services.objects import ObjectSync


async def apply_deletions(
    tx: Tx, sync: ObjectSync, *, deletions: Sequence[Deletion], as_of: datetime, run_id: int
) -> Applied:
    """Turn links into tombstones or redirects; what else happens is the mapping's `on_delete`.

    Deletions of records that the hub never linked, or knows already to be gone, only take them out of quarantine.
    """
    applied = Applied()
    ids = [d.id for d in deletions] + [d.merged_into for d in deletions if d.merged_into]
    known = await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)
    gone: list[Deletion] = []
    ended: list[str] = []
    for deletion in deletions:
        head = known.get(deletion.id)
        if head is not None and head.state != "redirected" and deletion.became:
            converted = await follow_conversion(tx, sync, head, deletion, as_of=as_of, run_id=run_id)
            applied.counts += converted.counts
            applied.touched += converted.touched
        elif head is not None and head.state != "redirected" and _lives_on(head, deletion, known):
            await _follow_merge(tx, sync, head, deletion, as_of, run_id, applied)
        elif head is not None and head.state == "live":
            if head.as_of > as_of:
                continue  # the hub knows something newer of it
            gone.append(deletion)
        ended.append(deletion.id)
    if gone:
        await _bury(tx, sync, gone, run_id, applied)
    if ended:
        await findings.release_quarantine(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ended)
    return applied


def _lives_on(loser: LinkHead, deletion: Deletion, known: Mapping[str, LinkHead]) -> bool:
    """Whether it was merged into a record that is there; the survivor may have been deleted since."""
    survivor = known.get(deletion.merged_into or "")
    gone = survivor is not None and survivor.state == "deleted" and survivor.record_id != loser.record_id
    return deletion.merged_into is not None and not gone


async def _bury(tx: Tx, sync: ObjectSync, gone: Sequence[Deletion], run_id: int, applied: Applied) -> None:
    by_id = {deletion.id: deletion for deletion in gone}
    ended = await links.mark_deleted(
        tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=list(by_id)
    )
    applied.counts["deleted"] += len(ended)
    applied.says("deletes", (remote_id for _, remote_id in ended))
    parted = [(record_id, by_id[remote_id]) for record_id, remote_id in ended]
    counts, touched = await follow(tx, sync, parted=parted, run_id=run_id)
    applied.counts += counts
    applied.touched += touched


async def _follow_merge(
    tx: Tx, sync: ObjectSync, loser: LinkHead, merge: Deletion, as_of: datetime, run_id: int, applied: Applied
) -> None:
    """Redirect the losing remote id; where the survivor stands for another record, the two records become one."""
    here, name, survivor_id = sync.connection.id, sync.name, str(merge.merged_into)
    await note_departures(tx, sync, parted=[(loser.record_id, merge)], run_id=run_id, followed=False)
    heads = await links.heads(tx, connection_id=here, object_name=name, remote_ids=[survivor_id])
    survivor = heads.get(survivor_id)
    await links.redirect(
        tx, connection_id=here, object_name=name, loser=loser.remote_id, survivor=survivor_id, as_of=as_of
    )
    applied.counts["merged"] += 1
    applied.says("deletes", [loser.remote_id])
    if survivor is None:
        # The vendor made a new id for the survivor, or it was outside of what is read: it takes over the link.
        await links.take_over(tx, connection_id=here, object_name=name, loser=loser.remote_id, survivor=survivor_id)
    elif survivor.record_id != loser.record_id:
        applied.touched += await merge_records(
            tx, sync, loser=loser.record_id, survivor=survivor.record_id, run_id=run_id
        )
        await links.forget_hashes(tx, connection_id=here, keys=[(name, survivor_id)])
    await rereads.ask(tx, connection_id=here, keys=[(name, survivor_id)], reason="records were merged into it")
