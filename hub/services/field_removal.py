"""Custom fields taken away again: never from under a mapping, and never with values nobody meant to give up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hub.db import audit, changes, connections, custom_fields
from hub.db.changes import Change, Origin
from hub.db.session import Tx
from hub.mapping.model import Mapping as RecordMapping
from hub.record.definition import CUSTOM_PREFIX, RecordType
from hub.sdk.http import encode_json
from hub.services.connections import Workshop, mappings_of
from hub.services.custom_fields import record_types
from hub.services.refusals import NotFound, NotNow

_RULE = "the custom field was removed"
_STEP = 20_000


async def remove_custom_field(
    tx: Tx, shop: Workshop, *, record_type: str, name: str, drop_values: bool, actor: str
) -> int:
    """Records have the field no longer; returns how many of them lost a value, each with a change that keeps it.

    Raises NotFound, NotNow (a mapping uses the field, or records have values and `drop_values` is not given),
    MappingError.
    """
    types = await record_types(tx)
    field = CUSTOM_PREFIX + name
    if record_type not in types or field not in {f.name for f in types[record_type].custom_fields}:
        raise NotFound(f"{record_type} has no custom field {name!r}.")
    kind = types[record_type]
    await _refuse_mapped(tx, shop, types, record_type, field)
    if not drop_values and (found := await custom_fields.with_value(tx, record_type=kind, name=name)):
        raise NotNow(f"{found} records have a value in {record_type}.{field}: say that these values are to be dropped.")
    await custom_fields.remove(tx, record_type=kind, name=name)
    dropped = await _drop_values(tx, kind, name, actor)
    await audit.note(
        tx,
        actor=actor,
        action="custom_field_removed",
        subject=f"{record_type}.{field}",
        detail={"values_dropped": dropped},
    )
    return dropped


async def _refuse_mapped(tx: Tx, shop: Workshop, types: dict[str, RecordType], record_type: str, field: str) -> None:
    users = {
        f"{mapping.file} (of {stored.name})"
        for stored in await connections.all_of(tx)
        for mapping in _about(mappings_of(shop, stored, types), record_type)
        if field in mapping.rules
        or field in mapping.on_delete.fields
        or any(_names(text, field) for text in mapping.conditions)
    }
    if users:
        raise NotNow(f"{field} is used by {', '.join(sorted(users))}: take it out of there first.")


def _about(mappings: Mapping[str, RecordMapping], record_type: str) -> Iterator[RecordMapping]:
    return (m for m in mappings.values() if record_type in {t.name for t in m.record.lineage})


def _names(expression: str, field: str) -> bool:
    return re.search(rf"\b{re.escape(field)}\b", expression) is not None


async def _drop_values(tx: Tx, record_type: RecordType, name: str, actor: str) -> int:
    dropped = 0
    field = CUSTOM_PREFIX + name
    rules = encode_json({field: _RULE})
    while rows := await custom_fields.drop_values(tx, record_type=record_type, name=name, limit=_STEP):
        await changes.append(
            tx,
            origin=Origin(actor=actor),
            changes=[
                Change(
                    row["id"],
                    record_type.name,
                    row["version"],
                    "update",
                    encode_json({field: row["value"]}),
                    encode_json({field: None}),
                    rules,
                )
                for row in rows
            ],
        )
        dropped += len(rows)
    return dropped
