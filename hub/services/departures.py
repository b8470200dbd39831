"""Remote records that are gone: tombstones, and merges that redirect to a survivor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from hub.db import changes, decisions, deliveries, findings, links, records, rereads
from hub.db.changes import Change
from hub.db.findings import NewConflict
from hub.db.links import LinkHead
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.values import Value, encode_values
from hub.sdk.http import encode_json
from hub.sdk.records import Deletion
from hub.services.inbound import Applied, origin_of
from hub.services.merging import join_records
from hub.services.objects import ObjectSync


async def apply_deletions(
    tx: Tx, sync: ObjectSync, *, deletions: Sequence[Deletion], as_of: datetime, run_id: int
) -> Applied:
    """Turn links into tombstones or redirects; what else happens is the mapping's `on_delete`.

    Deletions of records that the hub never linked, or knows already to be gone, change nothing.
    """
    applied = Applied()
    ids = [d.id for d in deletions] + [d.merged_into for d in deletions if d.merged_into]
    known = await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)
    gone: list[str] = []
    for deletion in deletions:
        head = known.get(deletion.id)
        if head is None or head.state == "redirected":
            continue
        if deletion.merged_into:
            await _follow_merge(tx, sync, head, deletion.merged_into, as_of, run_id, applied)
        elif head.state == "live" and head.as_of <= as_of:
            gone.append(deletion.id)
    if gone:
        await _bury(tx, sync, gone, run_id, applied)
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
    versions = await records.mark_deleted(tx, sync.record_type, record_ids)
    name = sync.record_type.name
    await changes.append(
        tx,
        origin=origin_of(sync, run_id),
        changes=[Change(id_, name, version, "delete", None, None, None) for id_, version in versions.items()],
    )
    applied.touched += list(versions)


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
        await merge_records(tx, sync, loser.record_id, survivor.record_id, run_id, applied)
        await links.forget_hashes(tx, connection_id=here, keys=[(name, survivor_id)])
    await rereads.ask(tx, connection_id=here, keys=[(name, survivor_id)], reason="records were merged into it")


async def merge_records(tx: Tx, sync: ObjectSync, loser: UUID, survivor: UUID, run_id: int, applied: Applied) -> None:
    """Let one hub record live on in another: references, links of other systems and unsent edits go over.

    A link of another system moves to the survivor where the survivor has none there. Where both are linked there,
    the loser's remote record is left as it is and listed as a suspected duplicate of that system.
    """
    both = await records.load(tx, sync.record_type, [loser, survivor], lock=True)
    if len(both) < 2 or not both[loser].alive or not both[survivor].alive:
        return
    await _carry_unsent(tx, sync, loser, survivor, run_id)
    joined = await join_records(
        tx,
        sync.record_type,
        loser=loser,
        survivor=survivor,
        origin=origin_of(sync, run_id),
        merged_in=sync.connection.name,
        empty=[name for name, value in both[survivor].values.items() if value is None],
    )
    for m in joined.moved:
        # The vendor re-parents by itself when it merges: nothing to send there.
        await links.agree_on_reference(
            tx, connection_id=sync.connection.id, record_id=m.record_id, field=m.field, loser=loser, survivor=survivor
        )
    applied.touched += joined.touched


async def _carry_unsent(tx: Tx, sync: ObjectSync, loser: UUID, survivor: UUID, run_id: int) -> None:
    """Edits of the loser that this system has not seen yet belong to the survivor now, where it was not edited too."""
    here, name = sync.connection.id, sync.name
    waiting = await deliveries.open_for(tx, connection_id=here, objects=[name], record_ids=[loser])
    if not waiting:
        return
    shadow_text = await links.last_shadow(tx, connection_id=here, object_name=name, record_id=loser)
    if shadow_text is None:
        return
    both = await records.load(tx, sync.record_type, [loser, survivor])
    shadow = decode_values(sync.record_type, shadow_text)
    own = await links.of_records(tx, connection_id=here, object_name=name, record_ids=[survivor])
    base = decode_values(sync.record_type, own[survivor].shadow) if survivor in own else {}
    target = both[survivor]
    unsent: dict[str, Value] = {
        f: both[loser].values[f]
        for f in sync.mapping.outbound
        if both[loser].values[f] not in (None, shadow.get(f)) and target.values[f] == base.get(f)
    }
    if not unsent:
        return
    await records.update(tx, sync.record_type, [(survivor, {**target.values, **unsent})])
    await changes.append(
        tx,
        origin=origin_of(sync, run_id),
        changes=[
            Change(
                survivor,
                sync.record_type.name,
                target.version + 1,
                "update",
                encode_values({f: target.values[f] for f in unsent}),
                encode_values(unsent),
                encode_json(dict.fromkeys(unsent, "an unsent edit of the record that was merged into this one")),
            )
        ],
    )
    if survivor in own:
        doubtful = [f for f in unsent if target.values[f] is not None]
        await _meet_anew(tx, sync, own[survivor].remote_id, target, unsent, doubtful, run_id)


async def _meet_anew(
    tx: Tx,
    sync: ObjectSync,
    remote_id: str,
    target: StoredRecord,
    unsent: Mapping[str, Value],
    fields: Sequence[str],
    run_id: int,
) -> None:
    """Nobody has compared the unsent edit with the survivor's own value: its policy decides at the next read."""
    if not fields:
        return
    here, name = sync.connection.id, sync.name
    await decisions.forget_agreement(tx, connection_id=here, object_name=name, remote_id=remote_id, fields=fields)
    await findings.raise_conflicts(
        tx,
        connection_id=here,
        object_name=name,
        record_type=sync.record_type.name,
        run_id=run_id,
        conflicts=[
            NewConflict(
                remote_id, target.id, f, "null", _text(unsent[f]), _text(target.values[f]), "two records merged"
            )
            for f in fields
        ],
    )


def _text(value: Value) -> str:
    return encode_json(value).decode()
