"""Conflicts decided by a person, one or many; the decision is carried to every system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import DictRow
from pydantic import ValidationError

from hub.db import audit, changes, conflicts, deliveries, records
from hub.db.changes import Change, Origin
from hub.db.conflicts import Settled
from hub.db.findings import WHOLE_RECORD
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import CUSTOM_PREFIX, RecordType
from hub.record.schemas import patch_schema
from hub.record.values import Value, encode_values
from hub.sdk.http import decode_json, encode_json
from hub.services.deals.as_records import closed_of
from hub.services.refusals import Fault, Invalid, NotFound, NotNow, Refusal, invalid

Choice = Literal["ours", "theirs", "value"]

NEEDS_SECOND = "Your word is kept: it is done when a second person decides the same."


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided: the hub's value, the system's value, or `value` (JSON) instead of both."""

    choice: Choice
    value: Any = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one conflict: `resolution` says for whom it was decided, `reason` why it was not."""

    id: int
    resolved: bool
    resolution: str | None = None
    reason: str | None = None


async def resolve_conflict(
    tx: Tx, types: Mapping[str, RecordType], *, conflict_id: int, decision: Decision, actor: str
) -> None:
    """Decide one. Where two people must, the first one's word is kept, and the conflict stays open.

    Raises NotFound, NotNow (decided already, also by the same person, or its record is gone), Invalid.
    """
    refused = (await _settle(tx, types, [conflict_id], decision, actor)).refused
    if conflict_id in refused:
        raise refused[conflict_id]


async def resolve_conflicts(
    tx: Tx, types: Mapping[str, RecordType], *, ids: Sequence[int], decision: Decision, actor: str
) -> list[Outcome]:
    """Decide these, each with its own outcome: one that cannot be decided does not keep the others."""
    wanted = list(dict.fromkeys(ids))
    chunk = await _settle(tx, types, wanted, decision, actor)
    words = {s.id: s.resolution for s in chunk.settled}
    reasons = {n: refusal.detail for n, refusal in chunk.refused.items()} | dict.fromkeys(chunk.firsts, NEEDS_SECOND)
    return [Outcome(n, True, words[n]) if n in words else Outcome(n, False, reason=reasons[n]) for n in wanted]


async def _settle(
    tx: Tx, types: Mapping[str, RecordType], ids: Sequence[int], decision: Decision, actor: str
) -> _Chunk:
    chunk = _Chunk(types, decision, actor)
    seen = await conflicts.load(tx, ids)
    for name in sorted({row["record_type"] for row in seen}, key=lambda name: (len(types[name].lineage), name)):
        mine = {row["record_id"] for row in seen if row["record_type"] == name}
        found = await records.load(tx, types[name], sorted(mine), lock=True)
        chunk.stored |= found
        chunk.kinds |= dict.fromkeys(found, name)  # of a partner that is also met as an organization: partner
        chunk.closed |= await closed_of(tx, types[name], found)
    rows = await conflicts.load(tx, ids, lock=True)  # the records' locks come first, as in every merge
    for conflict_id in set(ids) - {row["id"] for row in rows}:
        chunk.refused[conflict_id] = NotFound(f"There is no conflict {conflict_id}.")
    for row in rows:
        try:
            chunk.take(row)
        except Refusal as exc:
            chunk.refused[row["id"]] = exc
    await chunk.store(tx)
    return chunk


@dataclass(slots=True)
class _Chunk:
    """Decisions of one transaction, worked out one by one and stored set by set."""

    types: Mapping[str, RecordType]
    decision: Decision
    actor: str
    stored: dict[UUID, StoredRecord] = field(default_factory=dict)
    kinds: dict[UUID, str] = field(default_factory=dict)
    # Fields that are not written beside a registration's review.
    closed: dict[UUID, frozenset[str]] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)
    # Decided by the first of two people.
    firsts: dict[int, tuple[DictRow, Value]] = field(default_factory=dict)
    settled: list[Settled] = field(default_factory=list)
    # Per record: the decided rows with the values they came to; and rows on the records' existence.
    fields: dict[UUID, list[tuple[DictRow, Value]]] = field(default_factory=dict)
    deleted: list[DictRow] = field(default_factory=list)
    kept: list[DictRow] = field(default_factory=list)

    def take(self, row: DictRow) -> None:
        """Raises the Refusal of a conflict that cannot be decided so."""
        stored = self.stored.get(row["record_id"])
        if row["state"] != "open":
            raise NotNow(f"Conflict {row['id']} is decided already.")
        if stored is None or not stored.alive:
            raise NotNow(f"The record of conflict {row['id']} is gone; there is nothing left to decide.")
        if row["field"] == WHOLE_RECORD:
            self._take_existence(row)
            return
        value = _chosen(self.types[row["record_type"]], row, stored, self.decision)
        if row["field"] in self.closed.get(stored.id, ()) and value != stored.values[row["field"]]:
            raise NotNow(
                f"{row['field']} was judged: ask the partner for it (/api/v1/deal-registrations/{stored.id}/ask), and"
                " the value there is its answer; or decide ours."
            )
        if row["needs_second"] and self._is_first(row, value):
            self.firsts[row["id"]] = (row, value)
            return
        others = self.fields.setdefault(stored.id, [])
        if any(other["field"] == row["field"] and decided != value for other, decided in others):
            raise NotNow(
                f"Another conflict of {row['field']} of this record was just decided for another value: decide"
                f" conflict {row['id']} on its own."
            )
        others.append((row, value))

    def _is_first(self, row: DictRow, value: Value) -> bool:
        """Whether another person is still to decide the same. Raises NotNow when this one did already."""
        if row["first_by"] is None or row["first_decided"] != decode_json(encode_json(value)):
            return True
        if row["first_by"] == self.actor:
            raise NotNow(f"Conflict {row['id']} needs a second person: {self.actor} has decided so already.")
        return False

    async def _store_firsts(self, tx: Tx) -> None:
        words = [(n, encode_json(value).decode()) for n, (_, value) in self.firsts.items()]
        if not words:
            return
        await conflicts.note_first(tx, words, by=self.actor)
        entries = [
            (self.actor, str(row["record_id"]), {"conflict": n, "field": row["field"], "choice": self.decision.choice})
            for n, (row, _) in self.firsts.items()
        ]
        await audit.note_all(tx, action="conflict_resolved_first", entries=entries)

    def _take_existence(self, row: DictRow) -> None:
        if self.decision.choice == "value":
            raise invalid(
                "choice", "must be ours (keep the record) or theirs (delete it): the record itself is in question"
            )
        (self.deleted if self.decision.choice == "theirs" else self.kept).append(row)

    async def store(self, tx: Tx) -> None:
        """The changes say who decided, also when the hub's value stays; each system gets what it does not have."""
        actor = self.actor
        await self._store_fields(tx, actor)
        await self._store_existence(tx, actor)
        await conflicts.settle(tx, self.settled, by=actor)
        await self._store_firsts(tx)
        done = {s.id for s in self.settled}
        decided = [row for pairs in self.fields.values() for row, _ in pairs] + self.deleted + self.kept
        entries = [
            (actor, str(r["record_id"]), {"conflict": r["id"], "field": r["field"], "choice": self.decision.choice})
            for r in decided
            if r["id"] in done
        ]
        await audit.note_all(tx, action="conflict_resolved", entries=entries)

    async def _store_fields(self, tx: Tx, actor: str) -> None:
        for type_name, ids in self._by_type().items():
            record_type = self.types[type_name]
            rewritten = [(i, {**self.stored[i].values, **self._decided(i)}) for i in ids]
            await records.update(tx, record_type, rewritten)
            await changes.append(tx, origin=Origin(actor=actor), changes=[self._change(type_name, i) for i in ids])
        pairs = [(row, value) for decided in self.fields.values() for row, value in decided]
        self.settled += [self._settled(row, value) for row, value in pairs]
        # Where a decision was undone, the shadow already is what the system has.
        noted = [row for row, _ in pairs if row["undone"] is None]
        await conflicts.agree_on(
            tx,
            [
                (r["connection_id"], r["object"], r["remote_id"], r["field"], encode_json(r["theirs"]).decode())
                for r in noted
            ],
        )
        for (here, object_name), asked in _by_place([row for row, _ in pairs]).items():
            await deliveries.request(tx, connection_id=here, object_name=object_name, records=asked, priority=10)

    async def _store_existence(self, tx: Tx, actor: str) -> None:
        self.settled += [self._existence(row, self.stored[row["record_id"]].version) for row in self.kept]
        for type_name in sorted({row["record_type"] for row in self.deleted}):
            rows = {row["record_id"]: row for row in self.deleted if row["record_type"] == type_name}
            versions = await records.mark_deleted(tx, self.types[type_name], sorted(rows))
            self.settled += [
                self._existence(row, versions[row["record_id"]])
                for row in self.deleted
                if row["record_type"] == type_name
            ]
            log = [
                Change(i, type_name, version, "delete", None, None, encode_json({"*": _rule(rows[i], "theirs")}))
                for i, version in versions.items()
            ]
            await changes.append(tx, origin=Origin(actor=actor), changes=log)

    def _by_type(self) -> dict[str, list[UUID]]:
        found: dict[str, list[UUID]] = {}
        for record_id, pairs in self.fields.items():
            if pairs:
                found.setdefault(self.kinds[record_id], []).append(record_id)
        return found

    def _decided(self, record_id: UUID) -> dict[str, Value]:
        return {row["field"]: value for row, value in self.fields[record_id]}

    def _change(self, type_name: str, record_id: UUID) -> Change:
        stored, decided = self.stored[record_id], self._decided(record_id)
        places = {row["remote_id"] for row, _ in self.fields[record_id]}
        return Change(
            record_id=record_id,
            record_type=type_name,
            version=stored.version + 1,
            op="update",
            old=encode_values({name: stored.values[name] for name in decided}),
            new=encode_values(decided),
            rules=encode_json({r["field"]: _rule(r, self.decision.choice) for r, _ in self.fields[record_id]}),
            remote_id=places.pop() if self.decision.choice == "theirs" and len(places) == 1 else None,
        )

    def _settled(self, row: DictRow, value: Value) -> Settled:
        stored = self.stored[row["record_id"]]
        ours, decided = encode_json(stored.values[row["field"]]).decode(), encode_json(value).decode()
        return Settled(row["id"], self.decision.choice, self._words(row), ours, decided, stored.version + 1)

    def _existence(self, row: DictRow, version: int) -> Settled:
        decided = '"deleted"' if self.decision.choice == "theirs" else '"exists"'
        return Settled(row["id"], self.decision.choice, self._words(row), '"exists"', decided, version)

    def _words(self, row: DictRow) -> str:
        theirs = f"the value of {row['connection']}"
        return {"ours": "the hub's value", "theirs": theirs, "value": "another value"}[self.decision.choice]


def _rule(row: DictRow, choice: str) -> str:
    return f"conflict {row['id']} decided: {choice}"


def _by_place(rows: Sequence[DictRow]) -> dict[tuple[int, str], list[tuple[UUID, str]]]:
    found: dict[tuple[int, str], list[tuple[UUID, str]]] = {}
    for row in rows:
        asked = found.setdefault((row["connection_id"], row["object"]), [])
        if (record := (row["record_id"], row["record_type"])) not in asked:
            asked.append(record)
    return found


def _chosen(record_type: RecordType, row: DictRow, stored: StoredRecord, decision: Decision) -> Value:
    name = row["field"]
    if name not in record_type.fields:
        raise NotNow(f"{record_type.name} has no field {name} any more; correct the mapping, then the conflict goes.")
    if decision.choice == "ours":
        value = stored.values[name]
    elif decision.choice == "theirs":
        value = decode_values(record_type, encode_json({name: row["theirs"]}))[name]
    else:
        value = typed_value(record_type, name, decision.value)
    if value is None and record_type.fields[name].required:
        raise invalid("value", f"{name} cannot be empty")
    return value


def typed_value(record_type: RecordType, name: str, raw: Any) -> Value:
    """A value as a caller sends it, held to the field's definition. Raises Invalid."""
    custom = name.startswith(CUSTOM_PREFIX)
    sent = {"custom": {name.removeprefix(CUSTOM_PREFIX): raw}} if custom else {name: raw}
    try:
        return patch_schema(record_type).model_validate(sent).to_values()[name]
    except ValidationError as exc:
        raise Invalid([Fault("value", error["msg"]) for error in exc.errors(include_url=False)]) from None
