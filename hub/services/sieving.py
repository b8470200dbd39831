"""A page whose records the database does not all take: the bad ones are found by halving and set aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg

from hub.db import findings, links, rereads
from hub.db.findings import Quarantined
from hub.db.session import Tx
from hub.sdk.http import decode_json, encode_json
from hub.sdk.records import RemoteRecord
from hub.services.counts import Counts
from hub.services.inbound import Applied, Incoming, apply_records
from hub.services.objects import ObjectSync

_READ_AGAIN_IN = timedelta(minutes=1)


async def apply_page(
    tx: Tx, sync: ObjectSync, *, incoming: Sequence[Incoming], as_of: datetime, run_id: int
) -> Applied:
    """`apply_records`, but a record that the database refuses goes to quarantine and the others go on."""
    try:
        async with tx.savepoint():
            return await apply_records(tx, sync, incoming=incoming, as_of=as_of, run_id=run_id)
    except (psycopg.DataError, psycopg.IntegrityError) as exc:
        if len(incoming) == 1:
            return await _set_aside(tx, sync, incoming[0].record, exc, run_id)
    middle = len(incoming) // 2
    first = await apply_page(tx, sync, incoming=incoming[:middle], as_of=as_of, run_id=run_id)
    second = await apply_page(tx, sync, incoming=incoming[middle:], as_of=as_of, run_id=run_id)
    both = Applied(first.counts + second.counts, first.touched + second.touched)
    for half in (first, second):
        for effect, remote_ids in half.effects.items():
            both.says(effect, remote_ids)
    return both


async def _set_aside(tx: Tx, sync: ObjectSync, record: RemoteRecord, exc: psycopg.Error, run_id: int) -> Applied:
    """Into quarantine, until the record comes in whole, be it as it was before.

    What clashes with a row may clash with one that is just being written: it is read once more.
    """
    here, name = sync.connection.id, sync.name
    reason = (exc.diag.message_primary or str(exc)).strip().removesuffix(".")
    problem = {
        "field": "",
        "remote": "",
        "message": f"cannot be stored: {reason}. Correct the record in {sync.connection.name}.",
        "value": "",
    }
    known = await findings.is_quarantined(tx, connection_id=here, object_name=name, remote_id=record.id)
    held = Quarantined(record.id, [problem], _storable(record), held=True)
    await findings.quarantine(tx, connection_id=here, object_name=name, run_id=run_id, records=[held])
    await links.forget_hashes(tx, connection_id=here, keys=[(name, record.id)])
    if isinstance(exc, psycopg.IntegrityError) and not known:
        await rereads.ask(
            tx,
            connection_id=here,
            keys=[(name, record.id)],
            reason="it clashed with another record",
            delay=_READ_AGAIN_IN,
        )
    return Applied(Counts(read=1, quarantined=1))


def _storable(record: RemoteRecord) -> dict[str, Any]:
    """The fields as they came, but for the one character that PostgreSQL cannot hold."""
    fields: dict[str, Any] = decode_json(
        encode_json(record.fields).replace(b"\\u0000", "\N{REPLACEMENT CHARACTER}".encode())
    )
    return fields
