"""One hub record lives on in another: what refers to it, and what stands for it elsewhere, goes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.db import changes, decisions, deliveries, findings, links, merges, records, references, rereads
from hub.db.changes import Change, Origin
from hub.db.findings import NewConflict
from hub.db.records import StoredRecord
from hub.db.references import Moved
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, encode_values
from hub.sdk.http import encode_json
from hub.services.objects import ObjectSync, origin_of


@dataclass(frozen=True, slots=True)
class Joined:
    """What a merge touched: references that went over, conflicts and reviews of the loser that it closed."""

    survivor: UUID
    moved: list[Moved]
    conflicts: list[int]
    reviews: list[int]

    @property
    def touched(self) -> list[UUID]:
        return [self.survivor, *(m.record_id for m in self.moved)]


async def merge_records(
    tx: Tx, sync: ObjectSync, *, loser: UUID, survivor: UUID, run_id: int, into: ObjectSync | None = None
) -> list[UUID]:
    """Let one hub record live on in another, as their rows in this system do; returns the records touched.

    References, links of other systems and unsent edits go over. Whoever merged saw what this system showed of both;
    what it had not been sent yet, and what it does not have, nobody gave up.

    A link of another system moves to the survivor where the survivor has none there. Where both are linked there,
    the loser's remote record is left as it is and listed as a suspected duplicate of that system. `into` is the
    survivor's object where that is another one than the loser's.
    """
    both = await records.load(tx, sync.record_type, [loser, survivor], lock=True)
    if len(both) < 2 or not both[loser].alive or not both[survivor].alive:
        return []
    unseen = await _unseen(tx, sync, both[loser], survivor)
    carried = await _carry_unsent(tx, into or sync, both[survivor], unseen, run_id)
    joined = await join_records(
        tx,
        sync.record_type,
        loser=loser,
        survivor=survivor,
        origin=origin_of(sync, run_id),
        merged_in=sync.connection.name,
        open_fields=[
            name
            for name, value in both[survivor].values.items()
            if name not in carried and (value is None or unseen.get(name, value) != value)
        ],
    )
    for m in joined.moved:
        # The vendor re-parents by itself when it merges: nothing to send there.
        await links.agree_on_reference(
            tx, connection_id=sync.connection.id, record_id=m.record_id, field=m.field, loser=loser, survivor=survivor
        )
    return joined.touched


async def join_records(
    tx: Tx,
    record_type: RecordType,
    *,
    loser: UUID,
    survivor: UUID,
    origin: Origin,
    merged_in: str,
    open_fields: Sequence[str] = (),
) -> Joined:
    """Let `loser` live on in `survivor`; both are alive and locked by the caller. Their values stay as they are.

    `open_fields` are those in which the survivor has nothing, or nobody saw what the loser has: what other systems
    hold there is read again and met as if for the first time.
    A link moves to the survivor where the survivor has none there. Where both are linked, the loser's remote record
    is left as it is and listed as a suspected duplicate of that system. `merged_in` says where the merge was made.
    """
    reviews = await findings.close_reviews(tx, record_id=loser, state="merged", by=merged_in)
    # Where its links go over, what is in conflict is found again for the survivor by the next read.
    conflicts = await merges.close_conflicts(tx, record_id=loser, resolution="its record was merged into another")
    version = await records.mark_merged(tx, record_type, loser=loser, survivor=survivor)
    moved = await references.move(tx, record_type, loser=loser, survivor=survivor)
    for connection_id, object_name, remote_id in await links.move_to_survivor(
        tx, loser=loser, survivor=survivor, open_fields=open_fields
    ):
        key = (object_name, remote_id)
        await rereads.ask(tx, connection_id=connection_id, keys=[key], reason="its record was merged into another")
    await _report_left_behind(tx, record_type, loser, survivor, origin, merged_in)
    await deliveries.hand_over(tx, loser=loser, survivor=survivor)
    name = record_type.name
    log = [Change(loser, name, version, "merge", None, encode_json({"merged_into": str(survivor)}), None)]
    log += [
        Change(
            m.record_id, m.record_type, m.version, "update",
            encode_values({m.field: loser}), encode_values({m.field: m.to}),
            encode_json({m.field: "its record was merged"}),
        )
        for m in moved
    ]  # fmt: skip
    await changes.append(tx, origin=origin, changes=log)
    return Joined(survivor, moved, conflicts, reviews)


async def _unseen(tx: Tx, sync: ObjectSync, loser: StoredRecord, survivor: UUID) -> dict[str, Value]:
    """What a record holds that its row in this system has not shown yet."""
    here, name = sync.connection.id, sync.name
    text = await links.last_shadow(tx, connection_id=here, object_name=name, record_id=loser.id)
    shadow = decode_values(sync.record_type, text) if text else {}
    return {f: value for f, value in loser.values.items() if value not in (None, survivor, shadow.get(f))}


async def _carry_unsent(
    tx: Tx, sync: ObjectSync, target: StoredRecord, unseen: Mapping[str, Value], run_id: int
) -> set[str]:
    """Edits that this system was still to be sent belong to the survivor now, where it was not edited too."""
    here, name, survivor = sync.connection.id, sync.name, target.id
    own = await links.of_records(tx, connection_id=here, object_name=name, record_ids=[survivor])
    base = decode_values(sync.record_type, own[survivor].shadow) if survivor in own else {}
    unsent = {
        f: unseen[f]
        for f in sync.mapping.outbound
        if f in unseen and unseen[f] != target.values[f] and target.values[f] == base.get(f)
    }
    if not unsent:
        return set()
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
    return set(unsent)


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


async def _report_left_behind(
    tx: Tx, record_type: RecordType, loser: UUID, survivor: UUID, origin: Origin, merged_in: str
) -> None:
    candidate = {"record_id": str(survivor), "verdict": "same", "evidence": [], "merged_in": merged_in}
    for connection_id, object_name, remote_id in await links.left_behind(tx, loser=loser):
        await findings.ask_for_match_review(
            tx,
            connection_id=connection_id,
            object_name=object_name,
            record_type=record_type.name,
            run_id=origin.run_id,
            reviews=[findings.NewReview(remote_id, loser, "duplicate", [candidate])],
        )
