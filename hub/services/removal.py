"""Records deleted and restored: marked, logged, and told to the other systems by the change log."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.db import audit, changes, records
from hub.db.changes import Change, Origin
from hub.db.record_lists import ListedRecord
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.sdk.http import encode_json
from hub.services.records import RULE, found_here, get_record, refuse_duplicate, refuse_other_version, store_faults


async def mark_deleted(
    tx: Tx, record_type: RecordType, record_ids: Sequence[UUID], *, origin: Origin, rule: str | None = None
) -> list[UUID]:
    """Delete records; the systems hear of it through the change log. Returns those that were alive."""
    versions = await records.mark_deleted(tx, record_type, record_ids)
    rules = encode_json({"*": rule}) if rule else None
    log = [Change(id_, record_type.name, version, "delete", None, None, rules) for id_, version in versions.items()]
    await changes.append(tx, origin=origin, changes=log)
    return list(versions)


async def delete_record(tx: Tx, record_type: RecordType, *, record_id: UUID, version: int | None, actor: str) -> None:
    """Delete a record as a person or program asks; it can be restored.

    Each system then does what the `on_delete` of its mapping says. `version`: refuse with Stale when the
    record has moved on. Raises NotFound, Gone, Stale.
    """
    stored = await found_here(tx, record_type, record_id)
    refuse_other_version(stored, version)
    await mark_deleted(tx, record_type, [record_id], origin=Origin(actor=actor), rule=RULE)
    await _audit(tx, "record_deleted", record_type, stored, actor)


async def restore_record(
    tx: Tx,
    record_type: RecordType,
    *,
    record_id: UUID,
    version: int | None,
    actor: str,
    allow_duplicate: bool = False,
) -> ListedRecord:
    """Let a deleted record live again as it was.

    Where the hub had deleted the remote record too, it is made again. Raises NotFound, NotNow for a living
    record, Gone for a merged one, Stale, and Duplicate when another record has one of its natural keys by now.
    """
    await records.lock_matching(tx, record_type)
    stored = await found_here(tx, record_type, record_id, deleted=True)
    refuse_other_version(stored, version)
    if not allow_duplicate:
        await refuse_duplicate(tx, record_type, stored.values)
    with store_faults(record_type):
        await records.update(tx, record_type, [(record_id, stored.values)], revive=[record_id])
    rules = encode_json({"*": RULE})
    change = Change(record_id, record_type.name, stored.version + 1, "restore", None, None, rules)
    await changes.append(tx, origin=Origin(actor=actor), changes=[change])
    await _audit(tx, "record_restored", record_type, stored, actor)
    return await get_record(tx, record_type, record_id=record_id)


async def _audit(tx: Tx, action: str, record_type: RecordType, stored: StoredRecord, actor: str) -> None:
    """Without its name: the audit trail outlives what must be forgotten about a person."""
    detail = {"record_type": record_type.name, "version": stored.version + 1}
    await audit.note(tx, actor=actor, action=action, subject=str(stored.id), detail=detail)
