"""People at the remote systems' screens: they create, edit, clear, move, delete, restore and merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hub.mapping.model import Mapping as ObjectMapping
from hub.record.values import RemoteRef, Value
from hub.simulation.ledger import Key, key_of
from hub.simulation.pen import Pen, Typed
from hub.simulation.system import System


@dataclass
class People:
    """`made`: of each firm, person or deal (told by the value of its identity field) how many rows people made."""

    systems: list[System]
    pen: Pen = field(default_factory=Pen)
    made: Counter[Key] = field(default_factory=Counter)

    def deeds(self) -> dict[str, Callable[[Random], str]]:
        """What they do, by name; each says in words what it did, or that nothing came of it."""
        return {
            "create": self.create, "twin": self.create_twin, "edit": self.edit, "clear": self.clear, "move": self.move,
            "delete": self.delete, "undelete": self.undelete, "merge": self.merge,
        }  # fmt: skip

    def create(self, chance: Random) -> str:
        system, name = self._object(chance)
        return self._create(system, name, {}, chance)

    def create_twin(self, chance: Random) -> str:
        """The same once more: mostly in another system."""
        places = [
            (system, name, row)
            for system in self.systems
            for name in system.objects
            for row in system.rows(name).values()
        ]
        if not places:
            return "nothing there"
        model, name, row = chance.choice(places)
        root = model.objects[name].record.root.name
        others = [
            (system, other)
            for system in self.systems
            for other, mapping in system.objects.items()
            if mapping.record.root.name == root and _may_create(mapping)
        ]
        if not others:
            return "nowhere to"
        system, other = chance.choice(others)
        names = [n for rule in model.objects[name].match for n in rule.on]
        same = {n: v for n, v in model.values(name, row).items() if n in names and v is not None}
        return self._create(system, other, same, chance)

    def _create(self, system: System, name: str, same: Mapping[str, Value], chance: Random) -> str:
        mapping = system.objects[name]
        fields: dict[str, Any] = dict(mapping.constants)
        values: dict[str, Value] = {}
        fresh: set[str] = set()
        for field_name, rule in mapping.rules.items():
            always = rule.required or field_name in match_fields(mapping)
            if rule.direction == "push" or not (always or chance.random() < 0.6):
                continue
            if field_name in mapping.links:
                reference = self._reference(system, mapping, field_name, chance)
                if not reference and field_name in match_fields(mapping):
                    return f"{system.name} has nothing yet that {name} could belong to"
                fields |= reference
            elif typed := self._typed(system, name, field_name, same, chance):
                fields |= typed.fields
                values[field_name] = typed.value
                fresh |= {field_name} if typed.fresh and field_name not in same else set()
        try:
            row = system.sandbox.human_create(name, fields)
        except ValueError as exc:
            return f"{system.name} refuses {name} {fields}: {exc}"
        root = mapping.record.root.name
        if (identity := identity_field(mapping)) and (key := key_of(root, identity, values.get(identity))):
            self.made[key] += 1
        for field_name in fresh & set(tracked_fields(mapping)):
            self._note(system, mapping, row, field_name, values[field_name], None)
        return f"{system.name} {name} {row} {fields}"

    def edit(self, chance: Random) -> str:
        picked = self._row(chance)
        if picked is None:
            return "nothing there"
        system, name, row = picked
        mapping, before = system.objects[name], system.values(name, system.rows(name)[row])
        names = editable_fields(mapping)
        chosen = chance.sample(names, min(len(names), chance.choice([1, 1, 2])))
        fields: dict[str, Any] = {}
        typed = {n: t for n in chosen if (t := self.pen.write(mapping, n, system.described[name], chance))}
        for each in typed.values():
            fields |= each.fields
        said = self._save(system, name, row, fields)
        if said is None:
            for field_name in set(typed) & set(tracked_fields(mapping)):
                if typed[field_name].fresh:
                    self._note(system, mapping, row, field_name, typed[field_name].value, before.get(field_name))
        return said or f"{system.name} {name} {row} {fields}"

    def clear(self, chance: Random) -> str:
        picked = self._row(chance)
        if picked is None:
            return "nothing there"
        system, name, row = picked
        mapping, before = system.objects[name], system.values(name, system.rows(name)[row])
        names = [n for n in editable_fields(mapping) if not mapping.rules[n].required and before.get(n) is not None]
        if not names:
            return "nothing to clear"
        chosen = chance.choice(names)
        fields = dict.fromkeys(mapping.rules[chosen].remotes[:1])
        if said := self._save(system, name, row, fields):
            return said
        system.ledger.give_up([key_of(mapping.record.root.name, chosen, before.get(chosen))])
        return f"{system.name} {name} {row} {fields}"

    def move(self, chance: Random) -> str:
        """Under another parent, to another firm."""
        picked = self._row(chance)
        if picked is None:
            return "nothing there"
        system, name, row = picked
        mapping = system.objects[name]
        names = [n for n in mapping.links if mapping.rules[n].direction != "push" and n not in match_fields(mapping)]
        if not names:
            return "nowhere to"
        fields = self._reference(system, mapping, chance.choice(names), chance, but=row)
        return self._save(system, name, row, fields) or f"{system.name} {name} {row} {fields}"

    def delete(self, chance: Random) -> str:
        picked = self._row(chance)
        if picked is None or chance.random() < 0.5:
            return "nothing there"
        system, name, row = picked
        before = system.photograph()
        try:
            system.sandbox.human_delete(name, row)
        except ValueError as exc:
            return f"{system.name} refuses: {exc}"
        system.end_rows(before)
        return f"{system.name} {name} {row}"

    def undelete(self, chance: Random) -> str:
        system, name = self._object(chance)
        mapping = system.objects[name]
        taken = {row.get(mapping.key_field or "") for row in system.rows(name).values()} - {None, ""}
        gone = sorted(
            r.id
            for r in system.sandbox.world.all(name)
            if not r.live and r.fields.get(mapping.key_field or "") not in taken
        )
        if not gone:
            return "nothing gone"
        row = chance.choice(gone)
        stored = system.sandbox.world.get(name, row)
        merged = stored is not None and stored.merged_into is not None
        mirrored = any(m.on_delete.pull.kind == "mirror" for s in self.systems for m in s.objects.values())
        try:
            system.sandbox.human_undelete(name, row)
        except ValueError as exc:
            return f"{system.name} refuses: {exc}"
        if merged or mirrored:  # one of its own again: what it went into, or was made anew of it, may be there too
            self._count(system, name, row)
        return f"{system.name} {name} {row}"

    def merge(self, chance: Random) -> str:
        system, name = self._object(chance)
        mapping, rows = system.objects[name], system.rows(name)
        if len(rows) < 2 or chance.random() < 0.5:
            return "nothing to merge"
        winner, loser = chance.sample(sorted(rows), 2)
        key = mapping.key_field or ""
        if rows[winner].get(key) is None and rows[loser].get(key) is not None:
            winner, loser = loser, winner  # a unique key is not copied by a merge
        self._part_family(system, name, winner, loser)
        given_up = system.values(name, system.rows(name)[loser])
        self._declare_one(mapping, system.values(name, rows[winner]), given_up)
        before = system.photograph()
        try:
            survivor = system.sandbox.human_merge(name, winner, loser)
        except (ValueError, NotImplementedError) as exc:
            return f"{system.name} refuses: {exc}"
        # Whoever merges sees both rows and gives up the loser's values.
        system.ledger.give_up(key_of(mapping.record.root.name, n, v) for n, v in given_up.items())
        system.end_rows(before, but=[winner])
        return f"{system.name} {name} {loser} into {winner}{f', now {survivor}' if survivor != winner else ''}"

    def _declare_one(self, mapping: ObjectMapping, kept: Mapping[str, Value], lost: Mapping[str, Value]) -> None:
        """Two are one from now on: where each had a row elsewhere, both rows may come to show the survivor's."""
        root, identity = mapping.record.root.name, identity_field(mapping) or ""
        winner, loser = (key_of(root, identity, values.get(identity)) for values in (kept, lost))
        if winner and loser and winner != loser:
            self.made[winner] += self.made[loser]

    def _part_family(self, system: System, name: str, winner: str, loser: str) -> None:
        """Nobody becomes their own parent."""
        mapping = system.objects[name]
        for row, other in ((winner, loser), (loser, winner)):
            values = system.values(name, system.rows(name)[row])
            for link in mapping.links:
                if values.get(link) == RemoteRef(other):
                    system.sandbox.human_edit(name, row, {mapping.rules[link].remotes[0]: None})

    def _object(self, chance: Random) -> tuple[System, str]:
        system = chance.choice(self.systems)
        return system, chance.choice([name for name, mapping in system.objects.items() if _may_create(mapping)])

    def _row(self, chance: Random) -> tuple[System, str, str] | None:
        """A live row; mostly one of a few, so that edits meet."""
        system, name = self._object(chance)
        rows = sorted(system.rows(name))
        return (system, name, chance.choice(rows[:4] if chance.random() < 0.7 else rows)) if rows else None

    def _typed(
        self, system: System, name: str, field_name: str, same: Mapping[str, Value], chance: Random
    ) -> Typed | None:
        mapping = system.objects[name]
        if field_name not in same:
            return self.pen.write(mapping, field_name, system.described[name], chance)
        return self.pen.copy(mapping, field_name, same[field_name], system.described[name])

    def _reference(
        self, system: System, mapping: ObjectMapping, link: str, chance: Random, *, but: str = ""
    ) -> dict[str, Any]:
        """A row of this system that the link may lead to."""
        objects = system.connection.objects_of(mapping.links[link])
        rows = [row for name in objects for row in sorted(system.rows(name)) if row != but]
        return {mapping.rules[link].remotes[0]: chance.choice(rows)} if rows else {}

    def _save(self, system: System, name: str, row: str, fields: Mapping[str, Any]) -> str | None:
        """The reason when the system's screens refuse."""
        if not fields:
            return "nothing to type"
        try:
            system.sandbox.human_edit(name, row, fields)
        except ValueError as exc:
            return f"{system.name} refuses {name} {row} {dict(fields)}: {exc}"
        return None

    def _note(self, system: System, mapping: ObjectMapping, row: str, name: str, value: Value, saw: Value) -> None:
        root = mapping.record.root.name
        system.ledger.note(key_of(root, name, value), place=system.name, row=row, saw=key_of(root, name, saw))

    def _count(self, system: System, name: str, row: str) -> None:
        mapping = system.objects[name]
        identity = identity_field(mapping)
        value = system.values(name, system.rows(name)[row]).get(identity or "")
        if identity and (key := key_of(mapping.record.root.name, identity, value)):
            self.made[key] += 1


def identity_field(mapping: ObjectMapping) -> str | None:
    """The field that tells one firm, person or deal from another: people type it once and never change it."""
    names = [name for rule in mapping.match for name in rule.on if name not in mapping.links and name in mapping.rules]
    return names[0] if names else None


def match_fields(mapping: ObjectMapping) -> set[str]:
    """Fields by which records are recognised; of several ways to recognise one, people fill in the first and last."""
    exact = [rule.on for rule in mapping.match if rule.on]
    return {name for on in (exact[:1] + exact[-1:]) for name in on}


def editable_fields(mapping: ObjectMapping) -> list[str]:
    """What people change: not by which a record is recognised, and nothing that the hub alone writes."""
    keys = {name for rule in mapping.match for name in rule.on}
    keys |= {name for key in mapping.record.all_natural_keys for name in key}
    return sorted(
        name
        for name, rule in mapping.rules.items()
        if rule.direction != "push" and name not in keys and name not in mapping.links
    )


def tracked_fields(mapping: ObjectMapping) -> list[str]:
    """Fields of which no edit may be lost: those without a rule that lets one side win unasked."""
    return [name for name in editable_fields(mapping) if mapping.rules[name].policy.kind == "review"]


def _may_create(mapping: ObjectMapping) -> bool:
    return bool(mapping.inbound)
