"""Field names and dotted paths: how a value is got from a record, and how a row is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.records import Records
from connectors.salesforce.sandbox.schema import AUTHOR_FIELD, Field, ObjectType, Schema
from connectors.salesforce.stamps import format_stamp
from hub.sdk.sandbox import StoredRecord

Getter = Callable[[StoredRecord], Any]
Render = Callable[[StoredRecord], dict[str, Any]]


class Paths:
    """Resolves names and paths of one org's schema. `user_of` gives the id of the user behind `StoredRecord.by`."""

    def __init__(self, *, schema: Schema, records: Records, user_of: Callable[[str], str]) -> None:
        self._schema = schema
        self._records = records
        self._system: dict[str, Getter] = _SYSTEM_FIELDS | {AUTHOR_FIELD: lambda record: user_of(record.by)}

    def field_at(self, kind: ObjectType, path: str) -> Field:
        head, _, rest = path.partition(".")
        if not rest:
            return kind.field(head)
        return self.field_at(self._parent(kind, head)[1], rest)

    def renderer(self, kind: ObjectType, paths: Iterable[str], version: str) -> Render:
        """A function from a record to the JSON that shows `paths`: parents nested, attributes first."""
        names: list[str] = []
        computed: list[tuple[str, Getter]] = []
        parents: dict[str, list[str]] = {}
        for path in paths:
            head, _, rest = path.partition(".")
            if rest:
                parents.setdefault(head, []).append(rest)
            else:
                field = kind.field(path)
                names.append(field.name)
                if field.name in self._system or field.type == "boolean":
                    computed.append((field.name, self.getter(kind, path)))
        nested = [(name, self._parent_renderer(kind, name, rest, version)) for name, rest in parents.items()]
        base = f"/services/data/{version}/sobjects/{kind.name}/"

        def render(record: StoredRecord) -> dict[str, Any]:
            stored = record.fields.get
            row: dict[str, Any] = {"attributes": {"type": kind.name, "url": base + record.id}}
            for name in names:
                row[name] = stored(name)
            for name, get in computed:
                row[name] = get(record)
            for name, show in nested:
                row[name] = show(record)
            return row

        return render

    def getter(self, kind: ObjectType, path: str) -> Getter:
        """A function from a record to the value at a field name or dotted path; null where a parent is missing."""
        head, _, rest = path.partition(".")
        if rest:
            return self._parent_getter(kind, head, rest)
        field = kind.field(path)
        system = self._system.get(field.name)
        if system is not None:
            return system
        name, missing = field.name, False if field.type == "boolean" else None
        return lambda record: record.fields.get(name, missing)

    def _parent_getter(self, kind: ObjectType, head: str, rest: str) -> Getter:
        field, parent = self._parent(kind, head)
        inner = self.getter(parent, rest)
        find = self._finder(field, parent)

        def get(record: StoredRecord) -> Any:
            found = find(record)
            return None if found is None else inner(found)

        return get

    def _parent_renderer(self, kind: ObjectType, head: str, rest: list[str], version: str) -> Getter:
        field, parent = self._parent(kind, head)
        show = self.renderer(parent, rest, version)
        find = self._finder(field, parent)

        def render(record: StoredRecord) -> Any:
            found = find(record)
            return None if found is None else show(found)

        return render

    def _finder(self, field: Field, parent: ObjectType) -> Callable[[StoredRecord], StoredRecord | None]:
        def find(record: StoredRecord) -> StoredRecord | None:
            system = self._system.get(field.name)
            parent_id = record.fields.get(field.name) if system is None else system(record)
            found = self._records.seen(parent.name, parent_id) if parent_id else None
            return found if found is not None and found.live else None

        return find

    def _parent(self, kind: ObjectType, relationship: str) -> tuple[Field, ObjectType]:
        field = kind.parent(relationship)
        if field is None:
            raise VendorError(
                "INVALID_FIELD",
                f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name.",
            )
        return field, self._schema.types[field.refers_to[0]]


_SYSTEM_FIELDS: dict[str, Getter] = {
    "Id": lambda record: record.id,
    "CreatedDate": lambda record: format_stamp(record.created_at),
    "LastModifiedDate": lambda record: format_stamp(record.modified_at),
    "SystemModstamp": lambda record: format_stamp(record.modified_at),
    "IsDeleted": lambda record: record.deleted_at is not None,
    "MasterRecordId": lambda record: record.merged_into,
}
