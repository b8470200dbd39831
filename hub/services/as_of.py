"""Records as they were at a time: the present ones, with all later changes of the log taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from hub.db import changes, record_lists
from hub.db.changes import Logged
from hub.db.record_lists import ListedRecord
from hub.db.session import Tx
from hub.domain.rewinding import Life, life_after, rewound
from hub.record.codec import decode_values
from hub.record.definition import RecordType
from hub.record.values import Value, Values
from hub.sdk.http import decode_json, encode_json
from hub.services.refusals import Gone, NotFound, invalid


async def record_as_of(tx: Tx, record_type: RecordType, *, record_id: UUID, moment: datetime) -> ListedRecord:
    """The record as it was then: its version, its stamps and its values.

    A change counts from the beginning of the transaction that wrote it. Raises Invalid for a moment to come, NotFound
    for one before the record was made, Gone for one at which it was deleted or merged.
    """
    await refuse_future(tx, moment)
    history = (await changes.around(tx, record_ids=[record_id], moment=moment)).get(record_id, [])
    stored = await record_lists.whole(tx, record_type, [record_id])
    if not stored or not history:
        raise NotFound(f"There is no {record_type.name} {record_id}.")
    when = moment.isoformat(timespec="seconds")
    if history[-1].later:
        made = history[-1].at.isoformat(timespec="seconds")
        raise NotFound(f"This {record_type.name} did not exist at {when}: the hub has it since {made}.")
    life = _life(history)
    if life.merged_into:
        detail = f"At {when} this {record_type.name} was merged: ask for {life.merged_into} instead."
        raise Gone(detail, merged_into=str(life.merged_into))
    if life.deleted:
        raise Gone(f"At {when} this {record_type.name} was deleted.")
    return _past(record_type, stored[0], history)


async def records_as_of(
    tx: Tx, record_type: RecordType, ids: Collection[UUID], *, moment: datetime
) -> dict[UUID, ListedRecord]:
    """Those of the records that lived then, as they were."""
    if not ids:
        return {}
    histories = await changes.around(tx, record_ids=ids, moment=moment)
    return {
        record.id: _past(record_type, record, history)
        for record in await record_lists.whole(tx, record_type, ids)
        if (history := histories.get(record.id)) and not history[-1].later and _life(history).alive
    }


async def pointing_as_of(
    tx: Tx, record_type: RecordType, *, field: str, targets: Collection[UUID], moment: datetime
) -> list[ListedRecord]:
    """Records whose link field led to one of the targets then, newest first; of dated ones those in force that day."""
    lineage = [t.name for t in record_type.lineage]
    ids = await record_lists.pointing_whatever(tx, record_type, field=field, targets=targets)
    ids |= await changes.once_pointed(tx, record_types=lineage, field=field, targets=targets, since=moment)
    found = await records_as_of(tx, record_type, ids, moment=moment)
    wanted = set(targets)
    held = [
        r
        for r in found.values()
        if r.values[field] in wanted and (not record_type.effective_dated or in_force(r.values, moment.date()))
    ]
    return sorted(held, key=lambda r: (r.created_at, r.id), reverse=True)


def in_force(values: Values, day: date) -> bool:
    """Whether a dated record holds on this day."""
    begin, end = values.get("valid_from"), values.get("valid_to")
    return (not isinstance(begin, date) or begin <= day) and (not isinstance(end, date) or day < end)


async def refuse_future(tx: Tx, moment: datetime) -> None:
    """Raises Invalid for a moment that lies ahead of the database's clock."""
    if moment > await tx.now():
        raise invalid("as_of", "lies in the future; leave it out for the record as it is now")


def _life(history: Sequence[Logged]) -> Life:
    return life_after((change.op, change.into) for change in reversed(history) if not change.later)


def _past(record_type: RecordType, record: ListedRecord, history: Sequence[Logged]) -> ListedRecord:
    """`history`: newest first, with at least one change that is not later."""
    newest = next(change for change in history if not change.later)
    replaced = [_decoded(record_type, change.old) for change in history if change.later and change.old]
    return ListedRecord(
        id=record.id,
        version=newest.version,
        created_at=record.created_at,
        updated_at=newest.at,
        values=rewound(record.values, replaced),
    )


def _decoded(record_type: RecordType, text: str) -> dict[str, Value]:
    """Values of the log. One that its field does not take any more (declared anew, of another kind) is left out."""
    try:
        return decode_values(record_type, text)
    except msgspec.ValidationError:
        values: dict[str, Value] = {}
        for name, value in decode_json(text.encode()).items():
            try:
                values |= decode_values(record_type, encode_json({name: value}))
            except msgspec.ValidationError:
                continue
        return values
