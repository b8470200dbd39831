"""A remote record gets a record of its own again: what was linked or merged by mistake is taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import audit, changes, connections, decisions, deliveries, findings, links, merges, records, rereads
from hub.db.changes import Change, Origin
from hub.db.connections import StoredConnection
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.mapping.model import Mapping as FieldMapping
from hub.record import RECORD_TYPES
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, encode_values
from hub.sdk.http import decode_json, encode_json
from hub.services.connections import Workshop, mappings_of
from hub.services.match_labels import note_decision
from hub.services.matching import new_ids
from hub.services.refusals import NotFound, NotNow
from hub.services.search_keys import Version, store_search_keys
from hub.services.unmerging import unmerge

# Until then the remote record carries the key of its new record, so that none made for the old one falls onto it.
_KEY_FIRST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Split:
    """`record_id` is the remote record's own now, `apart_from` the one it was linked to.

    `how`: a merge was undone, or a new record was made of what the remote record holds. `left_alone`: see Unmerged.
    """

    connection: str
    object: str
    remote_id: str
    record_id: UUID
    apart_from: UUID
    how: Literal["unmerged", "new"]
    left_alone: tuple[str, ...] = ()


async def split(
    tx: Tx,
    shop: Workshop,
    types: Mapping[str, RecordType],
    *,
    connection: str,
    object_name: str,
    remote_id: str,
    actor: str,
) -> Split:
    """Take a remote record away from the record that it is linked to; the pair is remembered as apart.

    Where it came there by a merge in the hub, the merge is undone. Raises NotFound, and NotNow where it has its record
    for itself, the hub made it there, or it is just being written.
    """
    stored = await connections.by_name(tx, connection)
    if stored is None:
        raise NotFound(f"There is no connection called {connection!r}.")
    head = (await links.heads(tx, connection_id=stored.id, object_name=object_name, remote_ids=[remote_id])).get(
        remote_id
    )
    if head is None or head.state != "live":
        raise NotFound(f"The hub knows no {object_name} {remote_id} that is there in {connection}.")
    merge = await merges.that_brought(tx, connection_id=stored.id, object_name=object_name, remote_id=remote_id)
    if merge and merge.survivor == head.record_id:
        undone = await split_merge(tx, types[merge.record_type], loser=merge.loser, actor=actor)
        return Split(connection, object_name, remote_id, merge.loser, merge.survivor, "unmerged", undone)
    mappings = mappings_of(shop, stored, dict(types))
    if object_name not in mappings:
        raise NotNow(f"{connection} maps no {object_name} any more.")
    made = await _Split(tx, stored, mappings, object_name, head.record_id, remote_id, actor).work()
    return Split(connection, object_name, remote_id, made, head.record_id, "new")


async def split_merge(tx: Tx, record_type: RecordType, *, loser: UUID, actor: str) -> tuple[str, ...]:
    """Undo a merge and remember that the two are apart; returns what was left alone."""
    merge = await merges.standing(tx, loser=loser)
    undone = await unmerge(tx, record_type, loser=loser, actor=actor)
    if merge and merge.review_id:
        await decisions.close_reviews(tx, ids=[merge.review_id], state="apart", by=actor)
    await note_decision(
        tx,
        record_type,
        decision="apart",
        record_id=loser,
        others=[undone.survivor],
        actor=actor,
        review_id=merge.review_id if merge else None,
    )
    return undone.left_alone


@dataclass(slots=True)
class _Split:
    """A record made of what one remote record holds."""

    tx: Tx
    stored: StoredConnection
    mappings: Mapping[str, FieldMapping]
    object_name: str
    old: UUID
    remote_id: str
    actor: str

    @property
    def mapping(self) -> FieldMapping:
        return self.mappings[self.object_name]

    @property
    def kind(self) -> RecordType:
        return self.mapping.record

    async def work(self) -> UUID:
        tx = self.tx
        await records.lock_matching(tx, self.kind)
        held = (await records.load(tx, self.kind, [self.old], lock=True)).get(self.old)
        mine = [row for row in await merges.links_of(tx, self.old) if _is(row, self)]
        if held is None or not mine:
            raise NotNow(f"{self.remote_id} was linked to another record just now; look again.")
        await self._refuse()
        # Where a field is in conflict, the shadow is not what the system has.
        shadow = {**mine[0]["shadow"], **await self._disputed()}
        made = next(new_ids(1))
        await self._create(made, self._values(held, shadow))
        await self._move_link(made, shadow)
        await self._deliver(made)
        await note_decision(tx, self.kind, decision="apart", record_id=made, others=[self.old], actor=self.actor)
        detail = {"from": str(self.old), "connection": self.stored.name, "remote_id": self.remote_id}
        await audit.note(tx, actor=self.actor, action="record_split", subject=str(made), detail=detail)
        return made

    async def _refuse(self) -> None:
        here, name = self.stored.id, self.mapping.object
        way = await deliveries.way_of(self.tx, connection_id=here, object_name=name, record_id=self.old)
        if way.under_way:
            raise NotNow(f"{name} {self.remote_id} is just being written; try again in a moment.")
        history = await changes.history(self.tx, record_id=self.old)
        born = next((row for row in history if row["op"] == "create"), None)
        others = [row for row in await merges.links_of(self.tx, self.old) if not _is(row, self)]
        own = born is not None and born["remote_id"] == self.remote_id
        if own and not others and all(row is born or row["connection"] == self.stored.name for row in history):
            raise NotNow(f"{name} {self.remote_id} has its record for itself already.")
        if way.created:
            raise NotNow(f"The hub made {name} {self.remote_id} of this record; there is nothing to take apart.")

    def _values(self, held: StoredRecord, shadow: dict[str, Any]) -> dict[str, Value]:
        """What the remote record holds, as far as the hub last read or wrote it."""
        there = decode_values(self.kind, encode_json(shadow))
        values = {n: v for n, v in there.items() if n in self.kind.fields and v is not None and v != self.old}
        missing = {n: held.values[n] for n, f in self.kind.fields.items() if f.required and n not in values}
        return {**values, **missing}

    async def _disputed(self) -> dict[str, Any]:
        """What the system has in fields that are in conflict."""
        open_fields = await findings.open_conflicts(
            self.tx, connection_id=self.stored.id, object_name=self.mapping.object, record_ids=[self.old]
        )
        found = open_fields.get(self.old, {})
        return {
            name: decode_json(c.theirs.encode())
            for name, c in found.items()
            if name in self.kind.fields and c.undone is None
        }

    async def _create(self, made: UUID, values: dict[str, Value]) -> None:
        await records.insert(self.tx, self.kind, [(made, values)])
        rules = encode_json({"*": f"split from {self.old}"})
        change = Change(made, self.kind.name, 1, "create", None, encode_values(values), rules, self.remote_id)
        await changes.append(self.tx, origin=Origin(actor=self.actor), changes=[change])
        await store_search_keys(self.tx, self.kind, [Version(made, 1, values)])

    async def _move_link(self, made: UUID, shadow: dict[str, Any]) -> None:
        here, name = self.stored.id, self.mapping.object
        await merges.hand_link(
            self.tx,
            connection_id=here,
            object_name=name,
            remote_id=self.remote_id,
            shadow=shadow,
            record_id=made,
        )
        why = "its remote record has a record of its own now"
        await merges.close_conflicts_at(self.tx, record_id=self.old, places=[(here, name)], resolution=why)
        keys = [(name, self.remote_id), *await self._referring()]
        await links.forget_hashes(self.tx, connection_id=here, keys=keys)
        await rereads.ask(self.tx, connection_id=here, keys=keys, reason="a record was split")

    async def _referring(self) -> list[tuple[str, str]]:
        """Rows of the same system that refer to the remote record: what they refer to is another record now."""
        found: list[tuple[str, str]] = []
        for object_name, fields in self._pointing_fields().items():
            found += await links.referring(
                self.tx, connection_id=self.stored.id, object_name=object_name, fields=fields, record_id=self.old
            )
        return found

    def _pointing_fields(self) -> dict[str, list[str]]:
        found = {
            m.object: [name for name, target in m.links.items() if _may_be(self.kind, target)]
            for m in self.mappings.values()
        }
        return {object_name: fields for object_name, fields in found.items() if fields}

    async def _deliver(self, made: UUID) -> None:
        """The remote record gets the key of its own record first; then the old record may be made there anew."""
        if not self.mapping.outbound:
            return
        tx, here, object_name = self.tx, self.stored.id, self.mapping.object
        own, old = [(made, self.kind.name)], [(self.old, self.kind.name)]
        await deliveries.request(tx, connection_id=here, object_name=object_name, records=own, priority=10)
        if self.mapping.key_field:
            key = {self.mapping.key_field: str(made)}
            await deliveries.amend(tx, connection_id=here, object_name=object_name, record_id=made, edited=key)
        await deliveries.request(tx, connection_id=here, object_name=object_name, records=old)
        await deliveries.hold_back(
            tx, connection_id=here, object_name=object_name, record_id=self.old, delay=_KEY_FIRST
        )


def _may_be(kind: RecordType, target: str) -> bool:
    """Whether a link to `target` may hold a record of this kind."""
    return target in {t.name for t in kind.lineage} or kind.name in {t.name for t in RECORD_TYPES[target].lineage}


def _is(row: DictRow, split: _Split) -> bool:
    place = (row["connection_id"], row["object"], row["remote_id"])
    return bool(place == (split.stored.id, split.mapping.object, split.remote_id))
