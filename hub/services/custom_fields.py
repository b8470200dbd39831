"""Custom fields: declared by an administrator, then fields like all others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import psycopg

from hub.db import audit, custom_fields
from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.record.definition import Field, Kind, RecordType
from hub.record.registry import customised
from hub.services.refusals import Duplicate, Fault, Invalid, NotFound

KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "link")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CustomField:
    """A declared field, `custom.<name>` in records and mappings. `choices` belongs to the kinds choice and choices."""

    record_type: str
    name: str
    kind: Kind
    doc: str
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    personal: bool = False
    created_at: datetime | None = None

    def as_field(self) -> Field:
        return Field(
            self.name,
            self.kind,
            self.doc,
            choices=self.choices,
            max_length=self.max_length,
            personal=self.personal,
        )


async def declare_custom_field(tx: Tx, *, declared: CustomField, actor: str) -> None:
    """From the next request on records have the field. Raises NotFound, Invalid, Duplicate."""
    if declared.record_type not in RECORD_TYPES:
        raise NotFound(f"There is no record type {declared.record_type!r}.")
    if faults := _faults(declared):
        raise Invalid(faults)
    definition = {
        "kind": declared.kind,
        "doc": declared.doc,
        "choices": list(declared.choices),
        "max_length": declared.max_length,
        "personal": declared.personal,
    }
    try:
        await custom_fields.declare(
            tx, record_type=RECORD_TYPES[declared.record_type], name=declared.name, definition=definition
        )
    except psycopg.errors.UniqueViolation:
        raise Duplicate(f"{declared.record_type} has a custom field {declared.name!r} already.") from None
    subject = f"{declared.record_type}.custom.{declared.name}"
    await audit.note(tx, actor=actor, action="custom_field_declared", subject=subject, detail=definition)


async def list_custom_fields(tx: Tx) -> list[CustomField]:
    return [_stored(row) for row in await custom_fields.all_of(tx)]


async def record_types(tx: Tx) -> dict[str, RecordType]:
    """All record types with the custom fields that are declared now."""
    declared: dict[str, tuple[Field, ...]] = {}
    for custom in await list_custom_fields(tx):
        declared[custom.record_type] = (*declared.get(custom.record_type, ()), custom.as_field())
    return customised(declared) if declared else RECORD_TYPES


def _stored(row: dict[str, Any]) -> CustomField:
    definition = row["definition"]
    return CustomField(
        record_type=row["record_type"],
        name=row["name"],
        kind=definition["kind"],
        doc=definition["doc"],
        choices=tuple(definition["choices"]),
        max_length=definition["max_length"],
        personal=definition["personal"],
        created_at=row["created_at"],
    )


def _faults(declared: CustomField) -> list[Fault]:
    faults = []
    if not _NAME.fullmatch(declared.name):
        faults.append(Fault("name", "must be a lower-case letter, then letters, digits and underscores"))
    if declared.kind not in KINDS:
        faults.append(Fault("kind", f"must be one of {', '.join(KINDS)}"))
    if (declared.kind in ("choice", "choices")) != bool(declared.choices):
        faults.append(Fault("choices", "go with the kinds choice and choices, and only with them"))
    if not declared.doc.strip():
        faults.append(Fault("doc", "must say what the field means"))
    return faults
