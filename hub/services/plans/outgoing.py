"""What would be written to a system: every mapped record of the hub compared with what both sides last agreed on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from hub.db import links, record_lists, rehearsals
from hub.db.deliveries import Delivery
from hub.db.session import Tx
from hub.domain.plan import Action, PlanItem, writing
from hub.record.codec import decode_values
from hub.record.values import Value, encode_values
from hub.sdk.capabilities import Writes
from hub.sdk.http import decode_json
from hub.services.objects import ObjectSync
from hub.services.outbound import Write, compute

_CHUNK = 2000


def takes_writes(sync: ObjectSync) -> bool:
    """Whether anything can be written to this object at all."""
    able = isinstance(sync.connection.connector, Writes) and sync.capabilities.writable
    return able and bool(sync.mapping.outbound)


async def compare_all(tx: Tx, sync: ObjectSync, *, run_id: int) -> AsyncIterator[tuple[int, list[PlanItem]]]:
    """Chunk by chunk: how many records were compared, and what would be written of them."""
    last = UUID(int=0)
    while ids := await record_lists.ids_after(tx, sync.record_type, after=last, limit=_CHUNK):
        last = ids[-1]
        yield len(ids), (await foresee_writes(tx, sync, ids, run_id=run_id)).items


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be written. `waiting` are records that only wait for another one to be in the system first."""

    items: list[PlanItem]
    waiting: set[UUID]


async def foresee_writes(tx: Tx, sync: ObjectSync, record_ids: Sequence[UUID], *, run_id: int) -> Foreseen:
    """What the engine would write of these records now. Those that the run itself made are left out."""
    computed = await compute(tx, sync, [_as_delivery(sync, record_id) for record_id in record_ids])
    written = {w.delivery.record_id: w for w in computed.writes}
    refused = {h.delivery.record_id: h.reason for h in computed.holds if h.dead}
    waiting = {h.delivery.record_id for h in computed.holds if not h.dead}
    asked = [*written, *refused]
    if not asked:
        return Foreseen([], waiting)
    here: dict[str, Any] = {"connection_id": sync.connection.id, "object_name": sync.name}
    linked = await links.of_records(tx, **here, record_ids=asked)
    heads = await links.heads(tx, **here, remote_ids=[link.remote_id for link in linked.values()])
    versions = await rehearsals.versions_before(tx, sync.record_type, run_id=run_id, record_ids=asked)
    items = []
    for record_id in [i for i in asked if i in versions]:
        link, write = linked.get(record_id), written.get(record_id)
        fields = _fields(sync, write, link.shadow if link else "{}") if write else {}
        items.append(
            PlanItem(
                "out",
                sync.name,
                sync.record_type.name,
                _action(write, fields),
                remote_id=link.remote_id if link else None,
                record_id=record_id,
                fields=fields,
                basis_remote=heads[link.remote_id].seen_hash if link else None,
                basis_version=versions[record_id],
                reason=refused.get(record_id),
            )
        )
    return Foreseen(items, waiting)


def _action(write: Write | None, fields: dict[str, tuple[Any, Any]]) -> Action:
    """A record whose values the system cannot hold is kept out of it, as a quarantine keeps one out of the hub."""
    if write is None:
        return "quarantine"
    return writing(fields) if write.op == "update" else write.op


def _fields(sync: ObjectSync, write: Write, shadow_text: str) -> dict[str, tuple[Any, Any]]:
    shadow: dict[str, Value] = decode_values(sync.record_type, shadow_text)
    before = decode_json(encode_values({name: shadow.get(name) for name in write.values}))
    after = decode_json(encode_values(write.values))
    return {name: (before[name], after[name]) for name in write.values}


def _as_delivery(sync: ObjectSync, record_id: UUID) -> Delivery:
    """A delivery as the engine would lease it, of which no row exists."""
    return Delivery(
        id=0,
        object=sync.name,
        record_type=sync.record_type.name,
        record_id=record_id,
        op=None,
        state="pending",
        attempts=0,
        idempotency_key=uuid4(),
        edited=None,
        payload=None,
        remote_id=None,
        error_class=None,
    )
