"""People at the hub: they edit and create records, decide conflicts and match reviews, all through its doors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from hub.db import records as tables
from hub.db.session import Database, Tx
from hub.record.definition import RecordType
from hub.record.values import Value
from hub.services import records, reviews
from hub.services.deciding import Choice, Decision, resolve_conflict
from hub.services.refusals import Refusal
from hub.simulation import facts
from hub.simulation.ledger import Key, Ledger, key_of
from hub.simulation.pen import Pen
from hub.simulation.people import editable_fields, identity_field, match_fields
from hub.simulation.system import System

ACTOR = "somebody"


@dataclass
class Desk:
    """What they change is tracked like the edits of all others, under the place `hub`."""

    db: Database
    systems: list[System]
    types: Mapping[str, RecordType]
    ledger: Ledger
    pen: Pen
    made: Counter[Key]

    def deeds(self) -> dict[str, Callable[[Random], Awaitable[str]]]:
        return {
            "edit_hub": self.edit, "clear_hub": self.clear, "create_hub": self.create, "decide": self.decide,
            "review": self.review,
        }  # fmt: skip

    async def edit(self, chance: Random) -> str:
        record_type, names = self._type(chance)
        record_id = await self._some_record(record_type, chance)
        if record_id is None or not names:
            return "nothing there"
        chosen = chance.sample(names, min(len(names), chance.choice([1, 1, 2])))
        values = {n: self._value(record_type, n, chance) for n in chosen}
        return await self._patch(record_type, record_id, values)

    async def clear(self, chance: Random) -> str:
        record_type, names = self._type(chance)
        names = [n for n in names if not record_type.fields[n].required and not self._is_required(record_type, n)]
        record_id = await self._some_record(record_type, chance)
        if record_id is None or not names:
            return "nothing there"
        return await self._patch(record_type, record_id, {chance.choice(names): None})

    async def create(self, chance: Random) -> str:
        record_type, names = self._type(chance)
        keys = {n for s in self._mappings(record_type) for n in match_fields(s)} - set(record_type.links)
        values = {n: self._value(record_type, n, chance) for n in names if chance.random() < 0.6}
        values |= {n: self._value(record_type, n, chance) for n in sorted(keys)}
        values |= {n: self._value(record_type, n, chance) for n, f in record_type.fields.items() if f.required}
        if any(value is None for value in values.values()) or not keys:
            return "nothing to type"
        try:
            async with self.db.transaction() as tx:
                await records.create_record(tx, record_type, values=values, actor=ACTOR)
        except Refusal as exc:
            return f"refused: {exc}"
        finally:
            for mapping in self._mappings(record_type)[:1]:
                identity = identity_field(mapping) or ""
                if key := key_of(record_type.root.name, identity, values.get(identity)):
                    self.made[key] += 1
        return f"{record_type.name} {values}"

    async def decide(self, chance: Random) -> str:
        """Somebody decides an open conflict."""
        async with self.db.transaction() as tx:
            open_now = await facts.open_conflicts(tx)
        if not open_now:
            return "nothing to decide"
        chosen, choice = chance.choice(open_now), chance.choice(("ours", "theirs"))
        try:
            async with self.db.transaction() as tx:
                await resolve_conflict(
                    tx, self.types, conflict_id=chosen, decision=Decision(_choice(choice)), actor=ACTOR
                )
        except Refusal as exc:
            return f"refused: {exc}"
        return f"conflict {chosen}: {choice}"

    async def review(self, chance: Random) -> str:
        """Somebody says whether two records are one."""
        async with self.db.transaction() as tx:
            found = await reviews.list_reviews(tx)
        if not found:
            return "nothing to review"
        chosen = chance.choice(found)
        into = UUID(chance.choice(chosen.candidates)["record_id"])
        merge = chance.random() < 0.6
        try:
            async with self.db.transaction() as tx:
                if merge:
                    await self._declare_one(tx, chosen.record_type, kept=into, lost=chosen.record_id)
                    await reviews.merge_review(tx, self.types, review_id=chosen.id, into=into, actor=ACTOR)
                else:
                    await reviews.keep_apart(tx, self.types, review_id=chosen.id, actor=ACTOR)
        except Refusal as exc:
            return f"refused: {exc}"
        return f"review {chosen.id} {'merged' if merge else 'kept apart'}"

    async def _declare_one(self, tx: Tx, type_name: str, *, kept: UUID, lost: UUID) -> None:
        """Two are one from now on: where each had a row, both rows may come to show the survivor's values."""
        record_type = self.types[type_name]
        found = await tables.load(tx, record_type, [kept, lost])
        name = next((n for m in self._mappings(record_type) if (n := identity_field(m))), "")
        winner, loser = (
            key_of(record_type.root.name, name, found[i].values.get(name)) if i in found else None for i in (kept, lost)
        )
        if winner and loser and winner != loser:
            self.made[winner] += self.made[loser]

    async def _patch(self, record_type: RecordType, record_id: UUID, values: Mapping[str, Value]) -> str:
        """The edits count once the hub has acknowledged them; until then nobody knows whether they happened."""
        async with self.db.transaction() as tx:
            stored = (await tables.load(tx, record_type, [record_id])).get(record_id)
        if stored is None:
            return "nothing there"
        root = record_type.root.name
        try:
            async with self.db.transaction() as tx:
                seen = (await tables.load(tx, record_type, [record_id], lock=True))[record_id].values
                for name, value in values.items():
                    saw = key_of(root, name, seen[name])
                    if value is None:
                        self.ledger.give_up([saw])
                    self.ledger.note(
                        key_of(root, name, value), place="hub", row=str(record_id), saw=saw, acknowledged=False
                    )
                await records.patch_record(
                    tx, record_type, record_id=record_id, values=values, version=None, actor=ACTOR
                )
        except Refusal as exc:
            return f"refused: {exc}"
        self.ledger.acknowledge(key_of(root, name, value) for name, value in values.items())
        return f"{record_type.name} {record_id} {dict(values)}"

    def _mappings(self, record_type: RecordType) -> list[Any]:
        return [m for s in self.systems for m in s.objects.values() if m.record.name == record_type.name]

    def _type(self, chance: Random) -> tuple[RecordType, list[str]]:
        """A type that some system takes, and the fields of it that people change and every such system takes."""
        names = sorted({m.record.name for s in self.systems for m in s.objects.values() if m.outbound})
        record_type = self.types[chance.choice(names)]
        editable = [
            {n for n in editable_fields(m) if m.rules[n].direction == "both"} for m in self._mappings(record_type)
        ]
        return record_type, sorted(set.intersection(*editable)) if editable else []

    def _is_required(self, record_type: RecordType, name: str) -> bool:
        return any(m.rules[name].required for m in self._mappings(record_type) if name in m.rules)

    def _value(self, record_type: RecordType, name: str, chance: Random) -> Value:
        """A value that every system of the type can hold."""
        for mapping in self._mappings(record_type):
            system = next(s for s in self.systems if mapping in s.objects.values())
            if name in mapping.rules and (
                typed := self.pen.write(mapping, name, system.described[mapping.object], chance)
            ):
                return typed.value
        return None

    async def _some_record(self, record_type: RecordType, chance: Random) -> UUID | None:
        async with self.db.transaction() as tx:
            ids = await facts.living(tx, record_type)
        return chance.choice(ids) if ids else None


def _choice(word: str) -> Choice:
    return "ours" if word == "ours" else "theirs"
