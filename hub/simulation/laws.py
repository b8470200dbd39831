"""What must hold in every world once it has come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from hub.db.records import StoredRecord
from hub.mapping.model import Mapping as ObjectMapping
from hub.record.codec import decode_values
from hub.record.values import RemoteRef, Value
from hub.sdk.http import encode_json
from hub.simulation.facts import Facts, Row
from hub.simulation.ledger import Key, Ledger, key_of
from hub.simulation.people import identity_field
from hub.simulation.system import System

Law = Literal[
    "convergence", "no lost update", "no needless conflict", "no duplicate", "nothing missing", "nothing stuck",
    "no echo", "budget kept", "submitted once", "first come first", "lifecycle", "told once", "rest", "no error",
]  # fmt: skip
LAWS: tuple[Law, ...] = get_args(Law)


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that does not hold, and where it does not."""

    law: Law
    what: str

    def __str__(self) -> str:
        return f"{self.law}: {self.what}"


@dataclass(frozen=True)
class Judge:
    """The world as it is at rest.

    `scope`: which rows of an object the mapping lets the hub see. `unheard`: systems where the answer to a write was
    lost: there nobody can know whether a value was typed over what the hub wrote.
    """

    systems: list[System]
    facts: Facts
    ledger: Ledger
    made: Counter[Key]
    scope: Mapping[tuple[str, str], set[str]]
    unheard: Set[str]

    def violations(self) -> list[Violation]:
        laws: dict[Law, Callable[[], Iterator[str]]] = {
            "convergence": self._differences,
            "no lost update": self._lost,
            "no needless conflict": self._needless,
            "no duplicate": self._doubled,
            "nothing missing": self._missing,
            "nothing stuck": self._stuck,
        }
        return [Violation(law, what) for law, search in laws.items() for what in search()]

    def _differences(self) -> Iterator[str]:
        """Linked rows show what the hub holds, but for fields in open conflict."""
        for system, name, mapping in self._objects():
            rows = system.rows(name)
            for remote_id, link in self.facts.live_links(system.connection.id, name).items():
                record = self._record(mapping, link["record_id"])
                if remote_id not in rows:
                    yield f"{system.name} {name} {remote_id} is gone and its link is live"
                elif remote_id not in self.scope[(system.name, name)]:
                    continue  # made or linked by the hub, but not shown to it
                elif record is not None and record.alive:
                    values = system.values(name, rows[remote_id])
                    yield from self._of_record(system, mapping, remote_id, values, record, link)
                elif record is not None and record.merged_into is None and mapping.on_delete.push.kind == "mirror":
                    yield f"{system.name} {name} {remote_id} lives, its record {record.id} is deleted"

    def _of_record(
        self, system: System, mapping: ObjectMapping, remote_id: str, theirs: Mapping[str, Value],
        record: StoredRecord, link: Row,
    ) -> Iterator[str]:  # fmt: skip
        held = self.facts.in_conflict(link)
        shadow = decode_values(mapping.record, encode_json(link["shadow"]))
        for name, rule in mapping.rules.items():
            if rule.direction != "both" or name in held:
                continue
            ours, remote = record.values[name], theirs.get(name)
            linked = name in mapping.links
            same = self._leads_to(system, mapping, name, ours, remote) if linked else ours == remote
            if not same:
                yield (
                    f"{system.name} {mapping.object} {remote_id} {name}: remote {remote!r}, hub {ours!r},"
                    f" shadow {shadow.get(name)!r} (record {record.id})"
                )

    def _leads_to(self, system: System, mapping: ObjectMapping, name: str, ours: Value, remote: Value) -> bool:
        """A reference leads to the same record; to what this system does not have it cannot lead."""
        objects = system.connection.objects_of(mapping.links[name])
        here = {
            link["record_id"]: remote_id
            for each in objects
            for remote_id, link in self.facts.live_links(system.connection.id, each).items()
        }
        if not isinstance(ours, UUID) or ours not in here:
            return True
        return isinstance(remote, RemoteRef) and self._surviving(system, objects, remote.remote_id) == here[ours]

    @staticmethod
    def _surviving(system: System, objects: tuple[str, ...], remote_id: str) -> str:
        """A reference to a merged row is one to its survivor."""
        for _ in range(100):
            row = next((r for name in objects if (r := system.sandbox.world.get(name, remote_id))), None)
            if row is None or row.merged_into is None:
                break
            remote_id = row.merged_into
        return remote_id

    def _lost(self) -> Iterator[str]:
        """Each edit is the current value, was superseded by one that saw it, or stands in a conflict row."""
        free, dead = self._ruled_fields(), self._dead()
        for edit in self.ledger.lost(self._kept()):
            if edit.value[:2] not in free and (edit.place, edit.row) not in dead:
                yield f"{edit.place} {edit.row}: {edit.value[1]} {edit.value[2]} (over {edit.saw and edit.saw[2]})"

    def _needless(self) -> Iterator[str]:
        """Nobody is asked to choose between a value and the one that it was typed over."""
        types = {m.record.name: m.record for _, _, m in self._objects()}
        for row in self.facts.conflicts:
            record_type, field = types.get(row["record_type"]), row["field"]
            if row["state"] != "open" or record_type is None or field not in record_type.fields:
                continue
            if any(s.name in self.unheard for s in self.systems if s.connection.id == row["connection_id"]):
                continue
            ours, theirs = (
                key_of(record_type.root.name, field, decode_values(record_type, encode_json({field: row[side]}))[field])
                for side in ("ours", "theirs")
            )
            if ours and theirs and self.ledger.saw(theirs, ours) and row["rule"] != "two records merged":
                yield f"{row['object']} {row['remote_id']} {field}: {theirs[2]} was typed over {ours[2]}"

    def _kept(self) -> Iterator[Key | None]:
        types = {m.record.name: m.record for _, _, m in self._objects()}
        for type_name, found in self.facts.records.items():
            root = types[type_name].root.name
            for record in found.values():
                if record.alive:
                    yield from (key_of(root, n, v) for n, v in record.values.items())
        for system, name, mapping in self._objects():
            for row in system.rows(name).values():
                values = system.values(name, row)
                yield from (key_of(mapping.record.root.name, n, v) for n, v in values.items())
        for conflict in self.facts.conflicts:
            record_type, field = types.get(conflict["record_type"]), conflict["field"]
            if record_type is not None and field in record_type.fields:
                for side in ("base", "ours", "theirs"):
                    value = decode_values(record_type, encode_json({field: conflict[side]})).get(field)
                    yield key_of(record_type.root.name, field, value)

    def _ruled_fields(self) -> set[tuple[str, str]]:
        """Fields in which some mapping lets one side win unasked."""
        return {
            (mapping.record.root.name, name)
            for _, _, mapping in self._objects()
            for name, rule in mapping.rules.items()
            if rule.policy.kind != "review"
        }

    def _dead(self) -> set[tuple[str, str]]:
        """The rows of deleted and merged records: edits of those ended with them."""
        dead = {r.id for found in self.facts.records.values() for r in found.values() if not r.alive}
        names = {system.connection.id: system.name for system in self.systems}
        rows = {(names[row["connection_id"]], row["remote_id"]) for row in self.facts.links if row["record_id"] in dead}
        return rows | {("hub", str(record_id)) for record_id in dead}

    def _doubled(self) -> Iterator[str]:
        """No system has two rows of one key, nor more rows of one firm than people made of it."""
        for system, name, mapping in self._objects():
            rows = system.rows(name)
            keys = Counter(row.get(mapping.key_field or "") for row in rows.values())
            yield from (
                f"{system.name} {name} has {n} rows with the hub's key {key}"
                for key, n in keys.items()
                if key and n > 1
            )
            identity = identity_field(mapping)
            if identity is None:
                continue
            root = mapping.record.root.name
            firms = Counter(key_of(root, identity, system.values(name, row).get(identity)) for row in rows.values())
            for firm, n in firms.items():
                if firm is not None and n > max(1, self.made[firm]):
                    yield f"{system.name} {name} has {n} rows of {firm[2]}, people made {self.made[firm]} of it"

    def _missing(self) -> Iterator[str]:
        """Every row is linked, and every living record is everywhere where it may be."""
        for system, name, mapping in self._objects():
            links = self.facts.live_links(system.connection.id, name)
            for remote_id in sorted(self.scope[(system.name, name)] - links.keys()):
                values = system.values(name, system.rows(name).get(remote_id, {}))
                if self._belongs(system, mapping, values):
                    yield f"{system.name} {name} {remote_id} is not linked"
            if mapping.create == "no" or not mapping.outbound:
                continue
            here = {r["record_id"] for r in self.facts.links if self._at(r, system, name)}
            here |= {
                r["record_id"] for r in self.facts.deliveries if self._at(r, system, name) and r["state"] == "waiting"
            }
            for record in self.facts.records[mapping.record.name].values():
                if record.alive and record.id not in here | self.facts.held and mapping.may_make(record.values):
                    yield f"{mapping.record.name} {record.id} never came to {system.name}"

    @staticmethod
    def _at(row: Row, system: System, object_name: str) -> bool:
        return bool(row["connection_id"] == system.connection.id and row["object"] == object_name)

    def _belongs(self, system: System, mapping: ObjectMapping, values: Mapping[str, Value]) -> bool:
        """By the mapping's condition, with links that lead to what the hub knows."""
        seen: dict[str, Value] = dict(values)
        for name, target in mapping.links.items():
            if isinstance(ref := seen.get(name), RemoteRef):
                known = any(
                    ref.remote_id in self.facts.live_links(system.connection.id, each)
                    for each in system.connection.objects_of(target)
                )
                seen[name] = ref.remote_id if known else None
        return mapping.scope_matches(seen)

    def _stuck(self) -> Iterator[str]:
        yield from (
            f"quarantined for ever: {r['object']} {r['remote_id']} {r['problems']}" for r in self.facts.quarantine
        )
        for row in self.facts.rereads:
            yield f"to be read again for ever: {row['object']} {row['remote_id']} ({row['reason']})"
        for row in self.facts.deliveries:
            if not self._waits_rightly(row):
                yield (
                    f"delivery {row['state']}: {row['op']} of {row['record_id']} to {row['object']}"
                    f" {row['connection_id']}: {row['message']} {row['hint'] or ''}"
                )

    def _waits_rightly(self, delivery: Row) -> bool:
        """It waits for a person's decision, or for a record that this system does not have."""
        if delivery["state"] != "waiting" or delivery["error_class"] != "Waiting":
            return False
        if delivery["record_id"] in self.facts.held:
            return True
        system = next(s for s in self.systems if s.connection.id == delivery["connection_id"])
        mapping = system.objects[delivery["object"]]
        record = self._record(mapping, delivery["record_id"])
        return record is not None and any(
            isinstance(target := record.values[name], UUID) and not self._is_here(system, mapping, name, target)
            for name in mapping.links
        )

    def _is_here(self, system: System, mapping: ObjectMapping, name: str, target: UUID) -> bool:
        return any(
            link["record_id"] == target
            for each in system.connection.objects_of(mapping.links[name])
            for link in self.facts.live_links(system.connection.id, each).values()
        )

    def _record(self, mapping: ObjectMapping, record_id: UUID) -> StoredRecord | None:
        return self.facts.records[mapping.record.name].get(record_id)

    def _objects(self) -> Iterator[tuple[System, str, ObjectMapping]]:
        return ((system, name, mapping) for system in self.systems for name, mapping in system.objects.items())


async def quiet_rounds(systems: list[System], turn: Callable[[], Awaitable[object]], times: int = 2) -> list[Violation]:
    """Rounds in which nothing happened write nothing, move nothing, and read each object once."""
    written = {system.name: system.connector.written for system in systems}
    calls = {system.name: system.calls() for system in systems}
    moved = [await turn() for _ in range(times)]
    found = [
        Violation("no echo", f"{s.name} was written {s.connector.written - written[s.name]} times in quiet rounds")
        for s in systems
        if s.connector.written > written[s.name]
    ]
    if any(moved):
        found.append(Violation("no echo", "quiet rounds move something"))
    return found + [v for s in systems for v in _budget(s, s.calls() - calls[s.name], times)]


def _budget(system: System, quiet_calls: int, times: int) -> Iterator[Violation]:
    """No request goes past the account's budget; looking costs what the pages cost and no more."""
    if system.calls() > system.budget.passed:
        past = system.calls() - system.budget.passed
        yield Violation("budget kept", f"{past} of {system.calls()} requests to {system.name} went past its budget")
    rows = len(system.photograph()) + sum(1 for name in system.objects for _ in system.sandbox.world.all(name))
    most = times * (len(system.objects) * 3 + rows) + 4
    if quiet_calls > most:
        yield Violation("budget kept", f"{system.name} was asked {quiet_calls} times while nothing happened")
