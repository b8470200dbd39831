"""Taking records over, and telling record by record what that did: what a plan says, and what applying it proves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import links, records, rehearsals
from hub.db.links import LinkHead
from hub.db.session import Tx
from hub.domain.plan import Action, PlanItem, gravest, writing
from hub.record.values import encode_values
from hub.sdk.http import decode_json
from hub.sdk.records import Deletion, RemoteRecord
from hub.services.departures import apply_deletions
from hub.services.endings import what_follows
from hub.services.inbound import Incoming, prepare
from hub.services.objects import ObjectSync
from hub.services.sieving import apply_page

Fields = dict[str, tuple[Any, Any]]


async def take_over(
    tx: Tx,
    sync: ObjectSync,
    *,
    remote: Sequence[RemoteRecord],
    deletions: Sequence[Deletion],
    as_of: datetime,
    run_id: int,
) -> list[PlanItem]:
    """Apply these with the engine's own functions; returns what became of each that is not simply as it was.

    Values that refer to a record which the run itself created are given as {"created": remote id}.
    """
    incoming = prepare(sync, remote)
    ids = [i.remote_id for i in incoming] + [d.id for d in deletions]
    before = await _heads(tx, sync, ids)
    mark = await rehearsals.newest_change(tx)
    await apply_deletions(tx, sync, deletions=deletions, as_of=as_of, run_id=run_id)
    await apply_page(tx, sync, incoming=incoming, as_of=as_of, run_id=run_id)
    told = await _look(tx, sync, ids, before=before, mark=mark, run_id=run_id)
    items = [item for d in deletions if (item := _departed(sync, told, d))]
    items += [_arrived(sync, told, i) for i in incoming]
    return await _name_created(tx, sync, items, run_id)


@dataclass(slots=True)
class _Told:
    """What the database says before and after."""

    before: dict[str, LinkHead]
    after: dict[str, LinkHead]
    changes: dict[str, list[DictRow]]
    created: dict[UUID, Fields]
    versions: dict[UUID, int]
    quarantined: dict[str, DictRow]
    conflicts: dict[str, list[DictRow]]
    reviews: dict[str, DictRow]


async def _look(
    tx: Tx, sync: ObjectSync, ids: Sequence[str], *, before: dict[str, LinkHead], mark: int, run_id: int
) -> _Told:
    here: dict[str, Any] = {"connection_id": sync.connection.id, "run_id": run_id}
    after = await _heads(tx, sync, ids)
    made = await rehearsals.changes(tx, run_id=run_id, after=mark)
    of_records = [head.record_id for head in after.values()]
    by_remote: dict[str, list[DictRow]] = {}
    for row in made:
        by_remote.setdefault(row["remote_id"], []).append(row)
    quarantined = await rehearsals.quarantined(tx, **here, object_name=sync.name, remote_ids=ids)
    conflicts: dict[str, list[DictRow]] = {}
    for row in await rehearsals.conflicts(tx, **here, object_name=sync.name, record_ids=of_records):
        conflicts.setdefault(row["remote_id"], []).append(row)
    reviews = await rehearsals.reviews(tx, **here, record_ids=of_records)
    return _Told(
        before=before,
        after=after,
        changes=by_remote,
        created=await _created(tx, sync, [row["record_id"] for row in made if row["op"] == "create"]),
        versions=await rehearsals.versions_before(tx, sync.record_type, run_id=run_id, record_ids=of_records),
        quarantined={row["remote_id"]: row for row in quarantined},
        conflicts=conflicts,
        reviews={row["remote_id"]: row for row in reviews},
    )


async def _heads(tx: Tx, sync: ObjectSync, ids: Sequence[str]) -> dict[str, LinkHead]:
    return await links.heads(tx, connection_id=sync.connection.id, object_name=sync.name, remote_ids=ids)


async def _created(tx: Tx, sync: ObjectSync, record_ids: Sequence[UUID]) -> dict[UUID, Fields]:
    """What new records hold; read from the records themselves, wherever else it may stand."""
    stored = await records.load(tx, sync.record_type, record_ids)
    return {
        record.id: {n: (None, v) for n, v in decode_json(encode_values(record.values)).items() if v is not None}
        for record in stored.values()
    }


def _departed(sync: ObjectSync, told: _Told, deletion: Deletion) -> PlanItem | None:
    """Deletions of what the hub does not know, or knows to be gone, are nothing."""
    head = told.before.get(deletion.id)
    if head is None or head.state != "live":
        return None
    detail: dict[str, Any] = {"was": "live"}
    lives_on = bool(deletion.merged_into or deletion.became)
    if deletion.merged_into:
        detail["merged_into"] = deletion.merged_into
    elif deletion.became:
        detail["became"] = [{"object": name, "id": remote_id} for name, remote_id in deletion.became]
    else:
        detail["hub_record"] = what_follows(sync)
    return PlanItem(
        "in",
        sync.name,
        sync.record_type.name,
        "merge" if lives_on else "delete",
        remote_id=deletion.id,
        record_id=head.record_id,
        basis_version=told.versions.get(head.record_id),
        detail=detail,
    )


def _arrived(sync: ObjectSync, told: _Told, incoming: Incoming) -> PlanItem:
    remote_id = incoming.remote_id
    was, now = told.before.get(remote_id), told.after.get(remote_id)
    detail: dict[str, Any] = {"was": was.state if was else "new", "label": _label(sync, incoming)}
    if quarantine := told.quarantined.get(remote_id):
        detail["problems"] = quarantine["problems"]
    if remote_id in told.conflicts:
        detail["conflicts"] = [
            {"field": row["field"], "ours": row["ours"], "theirs": row["theirs"]} for row in told.conflicts[remote_id]
        ]
    if review := told.reviews.get(remote_id):
        detail["review"] = {"kind": review["kind"], "candidates": _briefly(review["candidates"])}
    fields = _fields(told, remote_id)
    # The id of a record that the run itself made means nothing once a rehearsal is over.
    record_id = now.record_id if now and now.record_id in told.versions else None
    return PlanItem(
        "in",
        sync.name,
        sync.record_type.name,
        gravest(_actions(told, remote_id, was, now, fields)),
        remote_id=remote_id,
        record_id=record_id,
        fields=fields,
        basis_remote=incoming.fingerprint,
        basis_version=told.versions[record_id] if record_id else None,
        detail=detail,
    )


def _actions(
    told: _Told, remote_id: str, was: LinkHead | None, now: LinkHead | None, fields: Fields
) -> Iterable[Action]:
    if now is None or now.state == "parted":
        held = remote_id in told.quarantined and told.quarantined[remote_id]["held"]
        yield "quarantine" if held else "out_of_scope"
        return
    ops = {row["op"] for row in told.changes.get(remote_id, ())}
    review = told.reviews.get(remote_id)
    if "create" in ops:
        yield "ambiguous" if review and review["holds"] else "create"
    elif was is None or was.state != "live":
        yield "restore" if "restore" in ops else "link"
    elif "restore" in ops:
        yield "restore"
    elif fields:
        yield writing(fields)
    if remote_id in told.conflicts:
        yield "conflict"
    yield "agree"


def _fields(told: _Told, remote_id: str) -> Fields:
    fields: Fields = {}
    for row in told.changes.get(remote_id, ()):
        if row["op"] == "create":
            fields = dict(told.created[row["record_id"]])
        elif row["new"]:
            old = row["old"] or {}
            fields |= {name: (old.get(name), value) for name, value in row["new"].items()}
    return fields


def _label(sync: ObjectSync, incoming: Incoming) -> str:
    """A name by which people know the record."""
    return str(incoming.mapped.values.get(sync.record_type.title) or incoming.remote_id)


def _briefly(candidates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"record_id": c["record_id"], "verdict": c["verdict"]} for c in candidates[:3]]


async def _name_created(tx: Tx, sync: ObjectSync, items: list[PlanItem], run_id: int) -> list[PlanItem]:
    """The ids of new records differ from one time to the next: what refers to them names their remote record."""
    names = [name for name in sync.mapping.links if name in sync.mapping.rules]
    asked = {UUID(v) for item in items for n in names if isinstance(v := item.fields.get(n, (None, None))[1], str)}
    made = await rehearsals.made(tx, run_id=run_id, record_ids=asked) if asked else {}
    if not made:
        return items
    return [
        replace(item, fields={n: (old, _named(new, made)) for n, (old, new) in item.fields.items()}) for item in items
    ]


def _named(value: Any, made: Mapping[UUID, str | None]) -> Any:
    try:
        remote_id = made[UUID(value)] if isinstance(value, str) and len(value) == 36 else None
    except (KeyError, ValueError):
        return value
    return value if remote_id is None else {"created": remote_id}
