"""The emulator's records, and the rules that Sample holds them to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hub.sdk.sandbox import Faults, SandboxClock, StoredRecord, World

SCHEMA: dict[str, dict[str, dict[str, Any]]] = {
    "partners": {
        "name": {"type": "text", "nullable": False, "max_length": 255},
        "website": {"type": "text"},
        "country": {"type": "text", "max_length": 2},
        "tier": {"type": "picklist", "values": ["Silver", "Gold"]},
        "revenue": {"type": "number"},
        "hub_id": {"type": "text", "unique": True},
    },
    "prospects": {
        "name": {"type": "text", "nullable": False, "max_length": 255},
        "website": {"type": "text"},
        "country": {"type": "text", "max_length": 2},
        "hub_id": {"type": "text", "unique": True},
    },
}


# What is deleted of these leaves no trace.
TRACELESS = frozenset({"prospects"})


class Refused(Exception):
    """A request, or one row of it, that the API refuses."""

    def __init__(self, status: int, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, **details}


class Records:
    """The records of one account; every change bumps version and stamp, and makes an event."""

    def __init__(self, world: World, faults: Faults, clock: SandboxClock) -> None:
        self._world, self._faults, self._clock = world, faults, clock
        self.schema = {name: {field: dict(spec) for field, spec in fields.items()} for name, fields in SCHEMA.items()}
        self.events: list[dict[str, str]] = []
        # Prospects that people have converted, and the partner that each became.
        self.became: dict[str, str] = {}
        self._numbers = 0

    def fields(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.schema:
            raise Refused(404, "unknown_object", f"There is no object {name!r}.")
        return self.schema[name]

    def live(self, name: str, record_id: str) -> StoredRecord:
        record = self._world.get(name, record_id)
        if record is None or not record.live:
            merged = {"merged_into": record.merged_into} if record and record.merged_into else {}
            raise Refused(404, "gone", f"There is no record {record_id}.", **merged)
        return record

    def validate(self, name: str, fields: Mapping[str, Any], record_id: str | None, *, by: str) -> None:
        schema = self.fields(name)
        for field, value in fields.items():
            if field not in schema:
                raise Refused(400, "unknown_field", f"There is no field {field!r}.", field=field)
            if by == "api" and not schema[field].get("writable", True):
                raise Refused(400, "read_only", f"{field} cannot be written.", field=field)
            if isinstance(value, str) and len(value) > (schema[field].get("max_length") or len(value)):
                raise Refused(400, "too_long", f"{field} holds {schema[field]['max_length']} characters.", field=field)
            if value is None and not schema[field].get("nullable", True):
                raise Refused(400, "required", f"{field} may not be empty.", field=field)
            if value is not None and schema[field].get("values") and value not in schema[field]["values"]:
                raise Refused(400, "not_allowed", f"{field} does not allow this value.", field=field)
            if schema[field].get("unique") and value is not None:
                for other in self._world.live(name):
                    if other.fields.get(field) == value and other.id != record_id:
                        raise Refused(409, "duplicate", f"{field} is taken.", field=field, existing_id=other.id)

    def add(self, name: str, fields: Mapping[str, Any], *, by: str) -> StoredRecord:
        missing = {f: None for f, spec in self.fields(name).items() if not spec.get("nullable", True)}
        self.validate(name, {**missing, **fields}, None, by=by)
        record = self._world.add(name, f"s{self.next_number():08}", fields, by=by)
        self.changed(name, record, "changed")
        return record

    def save(self, name: str, record_id: str, fields: Mapping[str, Any], *, by: str) -> StoredRecord:
        record = self.live(name, record_id)
        if record_id in self.became:
            raise Refused(412, "converted", "The prospect was converted to a partner.")
        self.validate(name, fields, record_id, by=by)
        record.fields.update(fields)
        record.by = by
        self.changed(name, record, "changed")
        return record

    def remove(self, name: str, record: StoredRecord, merged_into: str | None = None) -> None:
        record.deleted_at = self._clock.now()
        record.merged_into = merged_into
        self.changed(name, record, "merged" if merged_into else "deleted")

    def convert(self, record: StoredRecord) -> str:
        """A prospect becomes a partner, and is kept unchangeable beside it; returns the partner's id."""
        known = ("name", "website", "country")
        partner = self.add("partners", {field: record.fields.get(field) for field in known}, by="human")
        self.became[record.id] = partner.id
        self.changed("prospects", record, "changed")
        return partner.id

    def changed(self, name: str, record: StoredRecord, kind: str) -> None:
        late = self._faults.take("late_commit")
        record.version += 1
        record.modified_at = self._clock.now()
        record.visible_at = record.modified_at + timedelta(seconds=late.options.get("seconds", 60) if late else 0)
        event = {"id": f"event-{self.next_number()}", "object": name, "record": record.id, "kind": kind}
        self.events.append(event)

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers
