"""A decision taken back: the value goes back where nobody touched it since, and the conflict is open again."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.rows import DictRow

from hub.db import audit, changes, conflicts, deliveries, records
from hub.db.changes import Change, Origin
from hub.db.findings import WHOLE_RECORD
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import encode_json
from hub.services.conflicts import ConflictView, get_conflict
from hub.services.refusals import NotFound, NotNow


async def reopen_conflict(tx: Tx, types: Mapping[str, RecordType], *, conflict_id: int, actor: str) -> ConflictView:
    """Undo a decision: the hub's value goes back, the system gets its own back, and the conflict waits again.

    Raises NotFound, and NotNow where it was not decided by a person, or the value has been changed since.
    """
    row = await _decided(tx, conflict_id)
    record_type = types[row["record_type"]]
    stored = (await records.load(tx, record_type, [row["record_id"]], lock=True)).get(row["record_id"])
    [row] = await conflicts.load(tx, [conflict_id], lock=True)
    if row["choice"] is None:
        raise NotNow(f"Conflict {conflict_id} is open again already.")
    await _refuse_what_moved(tx, row, stored)
    assert stored is not None
    if row["field"] == WHOLE_RECORD:
        await _bring_back_record(tx, record_type, row, stored, actor)
    else:
        await _bring_back_value(tx, record_type, row, stored, actor)
    await conflicts.reopen(tx, conflict_id)
    place = {"connection_id": row["connection_id"], "object_name": row["object"]}
    await deliveries.request(tx, **place, records=[(stored.id, record_type.name)], priority=10)
    detail = {"conflict": conflict_id, "field": row["field"], "choice": row["choice"]}
    await audit.note(tx, actor=actor, action="conflict_reopened", subject=str(stored.id), detail=detail)
    return await get_conflict(tx, conflict_id=conflict_id)


async def _decided(tx: Tx, conflict_id: int) -> DictRow:
    rows = await conflicts.load(tx, [conflict_id])
    if not rows:
        raise NotFound(f"There is no conflict {conflict_id}.")
    if rows[0]["state"] == "open":
        raise NotNow(f"Conflict {conflict_id} is open.")
    if rows[0]["choice"] is None:
        raise NotNow(f"Conflict {conflict_id} settled itself ({rows[0]['resolution']}); there is no decision to undo.")
    return rows[0]


async def _refuse_what_moved(tx: Tx, row: DictRow, stored: StoredRecord | None) -> None:
    deleted = row["field"] == WHOLE_RECORD and row["choice"] == "theirs"
    if stored is None or stored.merged_into is not None or (stored.deleted and not deleted):
        raise NotNow(f"The record of conflict {row['id']} is gone; there is nothing left to decide.")
    if twin := await conflicts.open_twin(tx, row):
        raise NotNow(f"{row['field']} is in conflict again since: decide conflict {twin} instead.")
    if deleted and (not stored.deleted or stored.version != row["decided_version"]):
        raise NotNow("The record has come back or changed since it was deleted; there is nothing to undo.")
    if row["field"] == WHOLE_RECORD:
        return
    since = await conflicts.written_since(tx, record_id=stored.id, field=row["field"], version=row["decided_version"])
    if since:
        when = since["at"].isoformat(timespec="seconds")
        raise NotNow(
            f"{row['field']} was changed by {since['writer']} at {when}, after conflict {row['id']} was decided: change"
            " the value itself, or undo that first."
        )


async def _bring_back_value(tx: Tx, record_type: RecordType, row: DictRow, stored: StoredRecord, actor: str) -> None:
    name = row["field"]
    before: Values = decode_values(record_type, encode_json({name: row["ours"]}))
    if name not in before:
        raise NotNow(f"{record_type.name} has no field {name} any more.")
    value: Value = before[name]
    if value == stored.values[name]:
        return
    await records.update(tx, record_type, [(stored.id, {**stored.values, name: value})])
    old, new = encode_values({name: stored.values[name]}), encode_values({name: value})
    await _log(tx, row, stored, actor, op="update", old=old, new=new)


async def _bring_back_record(tx: Tx, record_type: RecordType, row: DictRow, stored: StoredRecord, actor: str) -> None:
    if not stored.deleted:
        return
    await records.update(tx, record_type, [(stored.id, stored.values)], revive=[stored.id])
    await _log(tx, row, stored, actor, op="restore", old=None, new=None)


async def _log(
    tx: Tx, row: DictRow, stored: StoredRecord, actor: str, *, op: str, old: bytes | None, new: bytes | None
) -> None:
    name = "*" if row["field"] == WHOLE_RECORD else row["field"]
    rules = encode_json({name: f"the decision of conflict {row['id']} was undone"})
    change = Change(stored.id, row["record_type"], stored.version + 1, op, old, new, rules)
    await changes.append(tx, origin=Origin(actor=actor), changes=[change])
