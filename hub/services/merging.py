"""One hub record lives on in another: what refers to it, and what stands for it elsewhere, goes over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.db import changes, deliveries, findings, links, records, references, rereads
from hub.db.changes import Change, Origin
from hub.db.references import Moved
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.record.values import encode_values
from hub.sdk.http import encode_json


@dataclass(frozen=True, slots=True)
class Joined:
    """What a merge touched."""

    survivor: UUID
    moved: list[Moved]

    @property
    def touched(self) -> list[UUID]:
        return [self.survivor, *(m.record_id for m in self.moved)]


async def join_records(
    tx: Tx,
    record_type: RecordType,
    *,
    loser: UUID,
    survivor: UUID,
    origin: Origin,
    merged_in: str,
    empty: Sequence[str] = (),
) -> Joined:
    """Let `loser` live on in `survivor`; both are alive and locked by the caller. Their values stay as they are.

    `empty` are fields in which the survivor has nothing: what other systems hold there is read again and taken over.
    A link moves to the survivor where the survivor has none there. Where both are linked, the loser's remote record
    is left as it is and listed as a suspected duplicate of that system. `merged_in` says where the merge was made.
    """
    await findings.close_reviews(tx, record_id=loser, state="merged", by=merged_in)
    version = await records.mark_merged(tx, record_type, loser=loser, survivor=survivor)
    moved = await references.move(tx, record_type, loser=loser, survivor=survivor)
    for connection_id, object_name, remote_id in await links.move_to_survivor(
        tx, loser=loser, survivor=survivor, empty=empty
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
    return Joined(survivor, moved)


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
