"""The loop fuse: two systems that keep rewriting each other's value of one record are stopped, and told apart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.db import changes, deliveries, links
from hub.db.links import LinkRow
from hub.db.session import Tx
from hub.record.codec import decode_values
from hub.services.objects import ObjectSync
from hub.services.outbound import Computed, Hold, Write

# The same value for the same field of the same record: each time but the first, somebody had undone the last write.
TIMES = 5
WITHIN = timedelta(hours=1)

_HINT = "Let both mappings make the same of the value (a lens), or let one system own the field; then replay it."


async def blow_fuses(tx: Tx, sync: ObjectSync, computed: Computed) -> None:
    """Hold back, for a person to see, what would be written the same way once more. An operator's own edit passes."""
    updates = [w for w in computed.writes if w.op == "update" and w.delivery.edited is None]
    if not updates:
        return
    worn = await deliveries.repeated(
        tx,
        connection_id=sync.connection.id,
        object_name=sync.name,
        record_ids=[w.delivery.record_id for w in updates],
        times=TIMES,
        within=WITHIN,
    )
    if not worn:
        return
    linked = await links.of_records(tx, connection_id=sync.connection.id, object_name=sync.name, record_ids=list(worn))
    for write in updates:
        looping = [
            path for path, value in worn.get(write.delivery.record_id, {}).items() if _writes(write, path, value)
        ]
        if looping:
            computed.writes.remove(write)
            message = await _explain(tx, sync, write, looping[0], linked[write.delivery.record_id])
            computed.holds.append(Hold(write.delivery, message, dead=True, error="Loop", hint=_HINT))


def _writes(write: Write, path: str, value: object) -> bool:
    return path in write.fields and write.fields[path] == value


async def _explain(tx: Tx, sync: ObjectSync, write: Write, path: str, link: LinkRow) -> str:
    """Which field, both values, both systems."""
    name = next((n for n in write.values if path in sync.mapping.rules[n].remotes), path)
    here = sync.connection.name
    theirs = decode_values(sync.record_type, link.shadow).get(name)
    log = await changes.history(tx, record_id=write.delivery.record_id, limit=50)
    others = [str(row["connection"]) for row in log if row["connection"] not in (None, here) and name in _new(row)]
    other = others[0] if others else "the hub"
    return (
        f"{here} and {other} keep rewriting {name}: {here} makes {theirs!s} of it,"
        f" {other} makes {write.values.get(name)!s}. It was written {TIMES} times within an hour and is stopped."
    )


def _new(row: Mapping[str, object]) -> Mapping[str, object]:
    new = row["new"]
    return new if isinstance(new, Mapping) else {}
