"""Undo: a plan that sets back what one run wrote in the hub, and leaves alone what changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from hub.db import audit, plans, records, runs, undoing
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.db.undoing import LinkKey
from hub.domain.plan import Action, PlanItem, gravest, writing
from hub.record.definition import RecordType
from hub.record.values import encode_values
from hub.sdk.http import decode_json
from hub.services.refusals import NotFound, NotNow

_CHUNK = 1000
_LAST = UUID(int=(1 << 128) - 1)

MERGED = "It was merged into another record: partnerhub unmerge takes it apart again."
MERGED_SINCE = "It was merged into another record since."
EDITED_SINCE = "It was changed since."
DELETED_SINCE = "It was deleted since."
BACK_SINCE = "It lives again since."
CAME_ANEW = "Its remote record came in anew since."


async def plan_undo(tx: Tx, types: Mapping[str, RecordType], *, run_id: int, actor: str) -> int:
    """The undo of a run, proposed; returns the plan's id.

    Every value that the run wrote goes back to what it was, unless it changed since. Records that the run made are
    deleted, deleted ones live again, links that it made are taken apart. Applying it tells the other systems like any
    change. Raises NotFound, and NotNow for a run that is not over or wrote nothing into the hub.
    """
    run = await runs.by_id(tx, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.")
    if run["state"] == "running":
        raise NotNow(f"Run {run_id} is not over yet.")
    if not await undoing.collect(tx, run_id=run_id):
        raise NotNow(f"Run {run_id} ({run['kind']}) wrote nothing into the hub; partnerhub runs lists those that did.")
    plan_id = await plans.start(
        tx,
        connection_id=run["connection_id"],
        kind="undo",
        created_by=actor,
        reason=f"Sets back what run {run_id} ({run['kind']}) wrote.",
        options={"run": run_id},
    )
    merged = await undoing.merged_away(tx, run_id=run_id)
    last = _LAST
    while ids := await undoing.records_before(tx, before=last, limit=_CHUNK):
        last = ids[-1]
        await plans.add_items(tx, plan_id=plan_id, items=await _items(tx, types, run_id, ids, merged))
    await plans.propose(tx, plan_id=plan_id)
    await audit.note(tx, actor=actor, action="undo_planned", subject=str(plan_id), detail={"run": run_id})
    return plan_id


@dataclass(frozen=True, slots=True)
class _Traces:
    """What the run did to one record, what others did after that, and how the record stands now."""

    kind: RecordType
    stored: StoredRecord
    values: Mapping[str, Any]
    mine: Sequence[DictRow]
    later: Sequence[DictRow]
    unlink: Sequence[LinkKey]
    relink: Sequence[LinkKey]
    found_another: bool
    merged: set[str]

    @property
    def ops(self) -> set[str]:
        return {row["op"] for row in self.mine}

    @property
    def touched_since(self) -> bool:
        last = self.mine[-1]["version"] if self.mine else 0
        return any(row["version"] > last for row in self.later)


async def _items(
    tx: Tx, types: Mapping[str, RecordType], run_id: int, ids: Sequence[UUID], merged: set[str]
) -> list[PlanItem]:
    mine = await undoing.changes_of(tx, run_id=run_id, record_ids=ids)
    later = await undoing.later_changes(tx, run_id=run_id, record_ids=ids)
    made = await undoing.links_made(tx, run_id=run_id, record_ids=ids)
    parted = await undoing.links_parted(tx, run_id=run_id, record_ids=ids)
    elsewhere = await undoing.found_another(tx, run_id=run_id, record_ids=ids)
    found: dict[UUID, PlanItem] = {}
    for kind, stored in await _stored(tx, types, mine, ids):
        traces = _Traces(
            kind=kind,
            stored=stored,
            values=decode_json(encode_values(stored.values)),
            mine=mine.get(stored.id, ()),
            later=later.get(stored.id, ()),
            unlink=made.get(stored.id, ()),
            relink=parted.get(stored.id, ()),
            found_another=stored.id in elsewhere,
            merged=merged,
        )
        if item := _item(traces):
            found[stored.id] = item
    return [found[i] for i in ids if i in found]


async def _stored(
    tx: Tx, types: Mapping[str, RecordType], mine: Mapping[UUID, Sequence[DictRow]], ids: Sequence[UUID]
) -> list[tuple[RecordType, StoredRecord]]:
    """Each record once, as the most special of the types as which the run changed it; linked only: by its own type."""
    wanted: dict[str, list[UUID]] = {}
    for record_id in ids:
        names = {row["record_type"] for row in mine.get(record_id, ()) if row["record_type"] in types}
        if names:
            wanted.setdefault(max(names, key=lambda n: len(types[n].lineage)), []).append(record_id)
    linked_only = [i for i in ids if not mine.get(i)]
    for record_id, name in (await plans.record_types_of(tx, record_ids=linked_only)).items():
        if name in types:
            wanted.setdefault(name, []).append(record_id)
    return [
        (types[name], stored)
        for name, some in wanted.items()
        for stored in (await records.load(tx, types[name], some)).values()
    ]


def _item(traces: _Traces) -> PlanItem | None:
    action, fields, left, reason = _effect(traces)
    actions: list[Action] = [action] if action else []
    if fields and action != "delete":
        actions.append(writing(fields))
    if traces.unlink or traces.relink:
        actions.append("link")
    if not actions and not left:
        return None
    if not actions:
        actions, reason = ["change"], f"{', '.join(left)}: {EDITED_SINCE.lower().removesuffix('.')}."
    stored = traces.stored
    detail: dict[str, Any] = {"label": str(traces.values.get(traces.kind.title) or stored.id)}
    if left:
        detail["left"] = left
    for name, keys in (("unlink", traces.unlink), ("relink", traces.relink)):
        if keys:
            detail[name] = [{"c": c, "o": o, "r": r} for c, o, r in keys]
    return PlanItem(
        "in",
        traces.kind.name,
        traces.kind.name,
        gravest(actions),
        record_id=stored.id,
        fields=fields,
        basis_version=stored.version,
        detail=detail,
        reason=reason,
    )


def _effect(traces: _Traces) -> tuple[Action | None, dict[str, tuple[Any, Any]], list[str], str | None]:
    """The gravest thing to do, the fields to set back, those to leave alone, and why nothing can be done at all."""
    stored, ops = traces.stored, traces.ops
    if "merge" in ops:
        return "merge", {}, [], MERGED
    if stored.merged_into is not None:
        return "change", {}, [], MERGED_SINCE
    if "create" in ops:
        reason = DELETED_SINCE if stored.deleted else EDITED_SINCE if traces.touched_since else None
        return "delete", {}, [], reason
    fields, left = _fields(traces)
    last = next((row["op"] for row in reversed(traces.mine) if row["op"] in ("delete", "restore")), None)
    if last == "delete":
        reason = CAME_ANEW if traces.found_another else None if stored.deleted else BACK_SINCE
        return "restore", fields, left, reason
    if last == "restore":
        reason = DELETED_SINCE if stored.deleted else EDITED_SINCE if traces.touched_since else None
        return "delete", fields, left, reason
    return None, fields, left, DELETED_SINCE if stored.deleted and fields else None


def _fields(traces: _Traces) -> tuple[dict[str, tuple[Any, Any]], list[str]]:
    """Fields to set back, as [now, before], and those that changed since or lead to what is no more."""
    back: dict[str, tuple[Any, Any]] = {}
    left: list[str] = []
    for name, before, written, version in _written(traces.mine):
        if name not in traces.kind.fields or before == traces.values.get(name):
            continue
        since = any(row["version"] > version and name in row["fields"] for row in traces.later)
        if since or traces.values.get(name) != written or before in traces.merged:
            left.append(name)
        else:
            back[name] = (written, before)
    return back, left


def _written(mine: Sequence[DictRow]) -> Iterator[tuple[str, Any, Any, int]]:
    """Field, its value before the run, the last one that the run wrote, and the version that did."""
    before: dict[str, Any] = {}
    written: dict[str, tuple[Any, int]] = {}
    for row in mine:
        if row["op"] not in ("update", "restore") or not isinstance(row["new"], dict):
            continue
        old = row["old"] or {}
        for name, value in row["new"].items():
            before.setdefault(name, old.get(name))
            written[name] = (value, row["version"])
    for name, (value, version) in written.items():
        yield name, before[name], value, version
