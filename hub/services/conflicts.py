"""Conflicts: shown with both values, decided by a person, and the decision carried to every system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import ValidationError

from hub.db import audit, changes, decisions, deliveries, findings, records
from hub.db.changes import Change, Origin
from hub.db.findings import WHOLE_RECORD
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import CUSTOM_PREFIX, RecordType
from hub.record.schemas import patch_schema
from hub.record.values import Value, encode_values
from hub.sdk.http import encode_json
from hub.services.refusals import Fault, Invalid, NotFound, NotNow, invalid
from hub.services.removal import mark_deleted

Choice = Literal["ours", "theirs", "value"]


@dataclass(frozen=True, slots=True)
class ConflictView:
    """Two values for one field, and what they grew from. All three are JSON."""

    id: int
    connection_id: int
    connection: str
    system: str
    object: str
    remote_id: str
    record_type: str
    record_id: UUID
    field: str
    base: Any
    ours: Any
    theirs: Any
    rule: str | None
    state: str
    resolution: str | None
    resolved_by: str | None
    resolved_at: datetime | None
    run_id: int | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided: the hub's value, the system's value, or `value` (JSON) instead of both."""

    choice: Choice
    value: Any = None


async def list_conflicts(
    tx: Tx,
    *,
    state: Literal["open", "resolved"] = "open",
    connection_id: int | None = None,
    record_id: UUID | None = None,
    field: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[ConflictView]:
    rows = await decisions.conflicts(
        tx, state=state, connection_id=connection_id, record_id=record_id, field=field, after=after, limit=limit
    )
    return [_view(row) for row in rows]


async def get_conflict(tx: Tx, *, conflict_id: int) -> ConflictView:
    row = await decisions.conflict(tx, conflict_id)
    if row is None:
        raise NotFound(f"There is no conflict {conflict_id}.")
    return _view(row)


async def resolve_conflicts(
    tx: Tx, types: Mapping[str, RecordType], *, ids: Sequence[int], decision: Decision, actor: str
) -> list[ConflictView]:
    """Decide these conflicts, all or none. Raises NotFound, NotNow (decided already), Invalid."""
    for conflict_id in sorted(set(ids)):
        await _resolve(tx, types, conflict_id, decision, actor)
    return [await get_conflict(tx, conflict_id=conflict_id) for conflict_id in ids]


async def _resolve(tx: Tx, types: Mapping[str, RecordType], conflict_id: int, decision: Decision, actor: str) -> None:
    seen = await get_conflict(tx, conflict_id=conflict_id)
    record_type = types[seen.record_type]
    stored = (await records.load(tx, record_type, [seen.record_id], lock=True)).get(seen.record_id)
    row = await decisions.conflict(tx, conflict_id, lock=True)  # the record's lock comes first, as in every merge
    if row is None or row["state"] != "open":
        raise NotNow(f"Conflict {conflict_id} is decided already.")
    if stored is None or not stored.alive:
        raise NotNow(f"The record of conflict {conflict_id} is gone; there is nothing left to decide.")
    conflict = _view(row)
    if conflict.field == WHOLE_RECORD:
        await _resolve_existence(tx, record_type, conflict, decision, actor)
    else:
        await _resolve_field(tx, record_type, conflict, stored, decision, actor)
    words = {"ours": "the hub's value", "theirs": f"the value of {conflict.connection}", "value": "another value"}
    await findings.settle_conflicts(tx, ids=[conflict.id], resolution=words[decision.choice], by=actor)
    detail = {"conflict": conflict.id, "field": conflict.field, "choice": decision.choice}
    await audit.note(tx, actor=actor, action="conflict_resolved", subject=str(conflict.record_id), detail=detail)


async def _resolve_field(
    tx: Tx, record_type: RecordType, conflict: ConflictView, stored: StoredRecord, decision: Decision, actor: str
) -> None:
    """The change says who decided, also when the hub's value stays; the system is delivered what it does not have."""
    name = conflict.field
    if name not in record_type.fields:
        raise NotNow(f"{record_type.name} has no field {name} any more; correct the mapping, then the conflict goes.")
    value = _chosen(record_type, conflict, stored, decision)
    if value is None and record_type.fields[name].required:
        raise invalid("value", f"{name} cannot be empty")
    await records.update(tx, record_type, [(stored.id, {**stored.values, name: value})])
    await changes.append(
        tx,
        origin=Origin(actor=actor),
        changes=[
            Change(
                record_id=stored.id,
                record_type=record_type.name,
                version=stored.version + 1,
                op="update",
                old=encode_values({name: stored.values[name]}),
                new=encode_values({name: value}),
                rules=encode_json({name: f"conflict {conflict.id} decided: {decision.choice}"}),
                remote_id=conflict.remote_id if decision.choice == "theirs" else None,
            )
        ],
    )
    # The value given up may be newer than the one that the conflict was raised with: it is kept with the decision.
    await findings.note_ours(tx, conflict_id=conflict.id, ours=encode_json(stored.values[name]).decode())
    here, object_name = conflict.connection_id, conflict.object
    await decisions.agree_on(
        tx, connection_id=here, object_name=object_name, remote_id=conflict.remote_id, fields={name: conflict.theirs}
    )
    await deliveries.request(
        tx, connection_id=here, object_name=object_name, records=[(stored.id, record_type.name)], priority=10
    )


def _chosen(record_type: RecordType, conflict: ConflictView, stored: StoredRecord, decision: Decision) -> Value:
    name = conflict.field
    if decision.choice == "ours":
        return stored.values[name]
    if decision.choice == "theirs":
        return decode_values(record_type, encode_json({name: conflict.theirs}))[name]
    return typed_value(record_type, name, decision.value)


def typed_value(record_type: RecordType, name: str, raw: Any) -> Value:
    """A value as a caller sends it, held to the field's definition. Raises Invalid."""
    custom = name.startswith(CUSTOM_PREFIX)
    sent = {"custom": {name.removeprefix(CUSTOM_PREFIX): raw}} if custom else {name: raw}
    try:
        return patch_schema(record_type).model_validate(sent).to_values()[name]
    except ValidationError as exc:
        raise Invalid([Fault("value", error["msg"]) for error in exc.errors(include_url=False)]) from None


async def _resolve_existence(
    tx: Tx, record_type: RecordType, conflict: ConflictView, decision: Decision, actor: str
) -> None:
    """`theirs` deletes the hub's record too; `ours` keeps it, and the system goes on without it."""
    if decision.choice == "value":
        raise invalid(
            "choice", "must be ours (keep the record) or theirs (delete it): the record itself is in question"
        )
    if decision.choice == "theirs":
        rule = f"conflict {conflict.id} decided: theirs"
        await mark_deleted(tx, record_type, [conflict.record_id], origin=Origin(actor=actor), rule=rule)


def _view(row: Mapping[str, Any]) -> ConflictView:
    return ConflictView(**{name: row[name] for name in ConflictView.__dataclass_fields__})
