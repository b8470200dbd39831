"""A merge undone: what it moved goes back as far as nobody changed it since, and what was left alone is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import audit, changes, connections, deliveries, match_decisions, merges, records, references, rereads
from hub.db.changes import Change, Origin
from hub.db.merges import MovedLink, StoredMerge
from hub.db.records import StoredRecord
from hub.db.references import Moved
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, encode_values
from hub.sdk.http import encode_json
from hub.services.hub_merges import MergeView, view_of
from hub.services.records import store_faults
from hub.services.refusals import NotFound, NotNow


@dataclass(frozen=True, slots=True)
class Unmerged:
    """The two records are two again. `left_alone`: a sentence for each thing that had changed since the merge."""

    merge: MergeView
    loser: UUID
    survivor: UUID
    links: int
    references: int
    values: tuple[str, ...]
    left_alone: tuple[str, ...]


async def unmerge(tx: Tx, record_type: RecordType, *, loser: UUID, actor: str) -> Unmerged:
    """Restore a record that was merged in the hub, with its links, references and values.

    What was changed since the merge stays as it is now and is named. Edits that came in from the loser's own remote
    records meanwhile go with it. Raises NotFound, and NotNow where the record was not merged, the merge was made in a
    system, or the survivor has been merged itself.
    """
    merge = await merges.standing(tx, loser=loser)
    found = await records.load(tx, record_type, [loser, *([merge.survivor] if merge else [])], lock=True)
    if loser not in found:
        raise NotFound(f"There is no {record_type.name} {loser}.")
    if merge is None or found[loser].merged_into != merge.survivor:
        raise await _refusal(tx, record_type, found[loser])
    if merge.survivor not in found:
        raise NotFound(f"There is no {record_type.name} {merge.survivor}.")
    if into := found[merge.survivor].merged_into:
        raise NotNow(f"The survivor was merged into {into} since: unmerge {merge.survivor} first.")
    return await _Unmerge(tx, record_type, merge, found[loser], found[merge.survivor], actor).work()


async def _refusal(tx: Tx, record_type: RecordType, stored: StoredRecord) -> NotNow:
    if stored.merged_into is None:
        return NotNow(f"The {record_type.name} {stored.id} was not merged into another.")
    for row in await changes.history(tx, record_id=stored.id):
        if row["op"] == "merge" and row["connection"]:
            return NotNow(
                f"The two were merged in {row['connection']}, and the hub followed: they can only be taken apart there."
            )
    return NotNow("This merge was made before the hub kept what a merge moves; it cannot be undone.")


@dataclass(slots=True)
class _Unmerge:
    """One merge being undone, step by step."""

    tx: Tx
    record_type: RecordType
    merge: StoredMerge
    loser: StoredRecord
    survivor: StoredRecord
    actor: str
    left: list[str] = field(default_factory=list)
    log: list[Change] = field(default_factory=list)

    @property
    def rule(self) -> str:
        return f"merge {self.merge.id} was undone"

    async def work(self) -> Unmerged:
        tx, merge = self.tx, self.merge
        since = await merges.written_since(tx, record_id=merge.survivor, version=merge.survivor_version)
        returned = await self._links()
        await self._revive_loser(returned, since)
        values = await self._values(since)
        moved = await self._references()
        await self._findings(returned)
        await changes.append(tx, origin=Origin(actor=self.actor), changes=self.log)
        await self._deliver(returned)
        await merges.mark_undone(tx, merge.id, by=self.actor)
        await match_decisions.revoke(tx, merge_id=merge.id)
        detail = {"merge": merge.id, "from": str(merge.survivor), "left_alone": len(self.left)}
        await audit.note(tx, actor=self.actor, action="records_unmerged", subject=str(merge.loser), detail=detail)
        [view] = [view_of(m) for m in await merges.of_record(tx, merge.loser) if m.id == merge.id]
        return Unmerged(
            merge=view,
            loser=merge.loser,
            survivor=merge.survivor,
            links=len(returned),
            references=len(moved),
            values=tuple(values),
            left_alone=tuple(self.left),
        )

    async def _links(self) -> list[MovedLink]:
        """Each goes back with what it held before; where it was agreed on anew since, with that."""
        now = {_key(row): row for row in await merges.links_of(self.tx, self.merge.survivor)}
        returned = []
        for link in self.merge.moves.links:
            row = now.get((link.connection_id, link.object, link.remote_id))
            if row is None:
                self.left.append(f"{link.object} {link.remote_id} belongs to another record by now.")
                continue
            shadow = _shadow_before(link, row["shadow"])
            await merges.hand_link(
                self.tx,
                connection_id=link.connection_id,
                object_name=link.object,
                remote_id=link.remote_id,
                shadow=shadow,
                record_id=self.merge.loser,
            )
            returned.append(link)
        for connection_id in sorted({link.connection_id for link in returned}):
            keys = [(link.object, link.remote_id) for link in returned if link.connection_id == connection_id]
            await rereads.ask(self.tx, connection_id=connection_id, keys=keys, reason="a merge was undone")
        return returned

    async def _revive_loser(self, returned: Sequence[MovedLink], since: Mapping[str, DictRow]) -> None:
        """It lives again as it was, with the edits that its own remote records brought since."""
        here = {(link.connection_id, link.remote_id) for link in returned}
        brought = {name: row["new"] for name, row in since.items() if (row["origin"], row["remote_id"]) in here}
        edits = decode_values(self.record_type, encode_json(brought))
        changed = {name: value for name, value in edits.items() if value != self.loser.values[name]}
        with store_faults(self.record_type):
            await records.unmark_merged(self.tx, self.record_type, self.merge.loser)
            if changed:
                await records.update(self.tx, self.record_type, [(self.loser.id, {**self.loser.values, **changed})])
        version = self.loser.version + 1
        rules = encode_json({"*": self.rule})
        self.log.append(Change(self.loser.id, self.record_type.name, version, "restore", None, None, rules))
        if changed:
            why = "an edit of its own remote record while it was merged"
            self._note(self.loser, version + 1, changed, dict.fromkeys(changed, why))

    async def _values(self, since: Mapping[str, DictRow]) -> list[str]:
        """The survivor gives back what it took over, and keeps what was changed since."""
        filled = self.merge.moves.filled
        for name, row in since.items():
            if name in filled:
                when = row["at"].isoformat(timespec="seconds")
                self.left.append(f"{name} of the survivor stays: {row['writer']} changed it at {when}.")
        back: dict[str, Value] = {
            name: None for name in filled if name not in since and name in self.record_type.fields
        }
        if back:
            await records.update(self.tx, self.record_type, [(self.survivor.id, {**self.survivor.values, **back})])
            self._note(self.survivor, self.survivor.version + 1, back, dict.fromkeys(back, self.rule))
        return list(back)

    async def _references(self) -> list[Moved]:
        moves = [Moved(m.record_type, m.record_id, m.version, m.field, m.to) for m in self.merge.moves.references]
        back = await references.move_back(self.tx, moves, loser=self.merge.loser)
        for m in back:
            old, new = encode_values({m.field: m.to}), encode_values({m.field: self.merge.loser})
            rules = encode_json({m.field: self.rule})
            self.log.append(Change(m.record_id, m.record_type, m.version, "update", old, new, rules))
        gone_back = {(m.record_type, m.record_id, m.field) for m in back}
        self.left += [
            f"{m.field} of {m.record_type} {m.record_id} stays: it was changed since."
            for m in moves
            if (m.record_type, m.record_id, m.field) not in gone_back
        ]
        return back

    async def _findings(self, returned: Sequence[MovedLink]) -> None:
        places = sorted({(link.connection_id, link.object) for link in returned})
        await merges.close_conflicts_at(
            self.tx, record_id=self.merge.survivor, places=places, resolution="the merge was undone"
        )
        asked = [self.merge.review_id] if self.merge.review_id else []
        reviews = [*self.merge.moves.reviews, *asked]
        await merges.reopen(self.tx, conflicts=self.merge.moves.conflicts, reviews=reviews)

    async def _deliver(self, returned: Sequence[MovedLink]) -> None:
        """Both are looked at again where the links moved: nothing else would say that they may differ there."""
        active = {stored.id for stored in await connections.all_of(self.tx)}
        both = [(self.merge.loser, self.record_type.name), (self.merge.survivor, self.record_type.name)]
        for connection_id, object_name in sorted({(link.connection_id, link.object) for link in returned}):
            if connection_id in active:
                await deliveries.request(self.tx, connection_id=connection_id, object_name=object_name, records=both)

    def _note(self, stored: StoredRecord, version: int, new: Mapping[str, Value], rules: Mapping[str, str]) -> None:
        old = encode_values({name: stored.values[name] for name in new})
        change = Change(
            stored.id, self.record_type.name, version, "update", old, encode_values(dict(new)), encode_json(rules)
        )
        self.log.append(change)


def _shadow_before(link: MovedLink, now: Mapping[str, Any]) -> dict[str, Any]:
    """By field: what it was before the merge, where it still is what the merge left; else what it is now."""
    missing = object()
    found = {}
    for name in {**link.before, **link.after, **now}:
        current = now.get(name, missing)
        kept = link.before.get(name, missing) if current == link.after.get(name, missing) else current
        if kept is not missing:
            found[name] = kept
    return found


def _key(row: DictRow) -> tuple[int, str, str]:
    return row["connection_id"], row["object"], row["remote_id"]
