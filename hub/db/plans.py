"""Plans and their items: built piece by piece, proposed with a digest, decided, and settled item by item."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.copying import copy_rows
from hub.db.session import Tx
from hub.domain.plan import Action, Direction, ItemState, PlanItem, PlanKind, PlanState
from hub.sdk.http import encode_json

# States in which a plan still waits for somebody.
OPEN_STATES: tuple[PlanState, ...] = ("building", "proposed", "approved")


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """One plan. `cursors`: {direction: {object: [where reading began, where it ended]}}."""

    id: int
    connection_id: int
    connection: str
    kind: PlanKind
    state: PlanState
    digest: str | None
    reason: str | None
    options: dict[str, Any]
    counts: dict[str, Any]
    cost: dict[str, Any]
    cursors: dict[str, dict[str, list[str | None]]]
    needs_second: bool
    run_id: int | None
    created_by: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One item of a plan and what became of it."""

    id: int
    direction: Direction
    object: str
    record_type: str
    action: Action
    remote_id: str | None
    record_id: UUID | None
    fields: dict[str, list[Any]]
    basis_remote: bytes | None
    basis_version: int | None
    detail: dict[str, Any]
    state: ItemState
    reason: str | None


_PLAN = (
    "select p.id, p.connection_id, c.name as connection, p.kind, p.state, p.digest, p.reason, p.options, p.counts,"
    " p.cost, p.cursors, p.needs_second, p.run_id, p.created_by, p.created_at, p.approved_by, p.approved_at,"
    " p.decided_by, p.decided_at, p.applied_at from plan p join connection c on c.id = p.connection_id"
)
_ITEM = (
    "select id, direction, object, record_type, action, remote_id, record_id, fields, basis_remote, basis_version,"
    " detail, state, reason from plan_item"
)


async def start(
    tx: Tx,
    *,
    connection_id: int,
    kind: PlanKind,
    created_by: str,
    reason: str | None = None,
    options: Mapping[str, Any] | None = None,
    needs_second: bool = False,
) -> int:
    """A plan without items, in state `building`."""
    row = await tx.one(
        "insert into plan (connection_id, kind, created_by, reason, options, needs_second)"
        " values (%s, %s, %s, %s, %s, %s) returning id",
        connection_id,
        kind,
        created_by,
        reason,
        Jsonb(dict(options or {})),
        needs_second,
    )
    assert row is not None
    return int(row["id"])


async def add_items(tx: Tx, *, plan_id: int, items: Iterable[PlanItem]) -> None:
    """Items in the order in which they are to be applied; those with a reason are left out from the start."""
    await copy_rows(
        tx,
        "plan_item",
        ("plan_id", "direction", "object", "record_type", "action", "remote_id", "record_id", "fields",
         "basis_remote", "basis_version", "detail", "state", "reason"),
        (
            (plan_id, i.direction, i.object, i.record_type, i.action, i.remote_id, i.record_id,
             encode_json(i.fields).decode(), i.basis_remote, i.basis_version, encode_json(i.detail).decode(),
             "skipped" if i.reason else "planned", i.reason)
            for i in items
        ),
    )  # fmt: skip


async def forget_items(tx: Tx, *, plan_id: int) -> None:
    """Begin building anew."""
    await tx.run("delete from plan_item where plan_id = %s", plan_id)


async def propose(
    tx: Tx,
    *,
    plan_id: int,
    cursors: Mapping[str, Mapping[str, Sequence[str | None]]] | None = None,
    cost: Mapping[str, Any] | None = None,
    seen: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """The plan is whole: it gets its counts and its digest. `seen` are further counts, of what needs nothing.

    One that was overtaken while it was being built stays so.
    """
    found = await counts(tx, plan_id=plan_id)
    await tx.run(
        "update plan set state = 'proposed', digest = %s, counts = %s, cursors = %s, cost = %s, options = options || %s"
        " where id = %s and state = 'building'",
        await digest(tx, plan_id=plan_id),
        Jsonb({**found, **({"seen": dict(seen)} if seen else {})}),
        Jsonb({d: {o: list(way) for o, way in by.items()} for d, by in (cursors or {}).items()}),
        Jsonb(dict(cost or {})),
        Jsonb(dict(options or {})),
        plan_id,
    )


async def digest(tx: Tx, *, plan_id: int) -> str:
    """Of all that the items say; it differs when anything but their fate does."""
    row = await tx.one(
        """
        select encode(sha256(coalesce(string_agg(sha256(convert_to(jsonb_build_array(
            direction, object, record_type, action, remote_id, record_id, fields, encode(basis_remote, 'hex'),
            basis_version, detail)::text, 'UTF8')), ''::bytea order by id), ''::bytea)), 'hex') as digest
        from plan_item where plan_id = %s
        """,
        plan_id,
    )
    assert row is not None
    return str(row["digest"])


async def counts(tx: Tx, *, plan_id: int) -> dict[str, Any]:
    """{direction: {object: {actions: {action: n}, fields: {field: {set | change | null: n}}}}}"""
    found: dict[str, Any] = {}
    for row in await tx.all(
        "select direction, object, action, count(*) as n from plan_item where plan_id = %s group by 1, 2, 3"
        " order by 1, 2, 3",
        plan_id,
    ):
        _of(found, row)["actions"][row["action"]] = int(row["n"])
    for row in await tx.all(
        """
        select direction, object, f.key as field, count(*) as n,
            case when f.value ->> 1 is null then 'null' when f.value ->> 0 is null then 'set' else 'change' end as what
        from plan_item, jsonb_each(fields) as f where plan_id = %s group by 1, 2, 3, 5 order by 1, 2, 3, 5
        """,
        plan_id,
    ):
        _of(found, row)["fields"].setdefault(row["field"], {})[row["what"]] = int(row["n"])
    return found


def _of(found: dict[str, Any], row: DictRow) -> dict[str, Any]:
    place: dict[str, Any] = found.setdefault(row["direction"], {}).setdefault(
        row["object"], {"actions": {}, "fields": {}}
    )
    return place


async def by_id(tx: Tx, plan_id: int, *, lock: bool = False) -> StoredPlan | None:
    row = await tx.one(f"{_PLAN} where p.id = %s{' for update of p' if lock else ''}", plan_id)
    return StoredPlan(**row) if row else None


async def listing(
    tx: Tx,
    *,
    connection_id: int | None = None,
    states: Collection[PlanState] | None = None,
    kinds: Collection[PlanKind] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[StoredPlan]:
    """Newest first, before an id."""
    rows = await tx.all(
        f"{_PLAN} where (%s::int is null or p.connection_id = %s) and (%s::text[] is null or p.state = any(%s))"
        " and (%s::text[] is null or p.kind = any(%s)) and (%s::bigint is null or p.id < %s)"
        " order by p.id desc limit %s",
        connection_id, connection_id, *[_list(states)] * 2, *[_list(kinds)] * 2, before, before, limit,
    )  # fmt: skip
    return [StoredPlan(**row) for row in rows]


def _list(names: Collection[str] | None) -> list[str] | None:
    return None if names is None else list(names)


async def items(
    tx: Tx,
    *,
    plan_id: int,
    direction: Direction | None = None,
    object_name: str | None = None,
    action: Action | None = None,
    state: ItemState | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[StoredItem]:
    """In the order in which they are applied, after an id."""
    rows = await tx.all(
        f"{_ITEM} where plan_id = %s and (%s::text is null or direction = %s) and (%s::text is null or object = %s)"
        " and (%s::text is null or action = %s) and (%s::text is null or state = %s) and id > coalesce(%s, 0)"
        " order by id limit %s",
        plan_id, direction, direction, object_name, object_name, action, action, state, state, after, limit,
    )  # fmt: skip
    return [StoredItem(**row) for row in rows]


async def samples(tx: Tx, *, plan_id: int, each: int) -> list[StoredItem]:
    """The first few items of each direction, object and action."""
    rows = await tx.all(
        "select id, direction, object, record_type, action, remote_id, record_id, fields, basis_remote,"
        " basis_version, detail, state, reason from ("
        " select *, row_number() over (partition by direction, object, action order by id) as place"
        " from plan_item where plan_id = %s) as ranked where place <= %s order by direction, object, action, id",
        plan_id,
        each,
    )
    return [StoredItem(**row) for row in rows]


async def outcome(tx: Tx, *, plan_id: int) -> list[DictRow]:
    """How many items of each direction, object and action were applied, and how many were skipped why."""
    return await tx.all(
        "select direction, object, action, state, reason, count(*) as n from plan_item where plan_id = %s"
        " group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5",
        plan_id,
    )


async def change_state(
    tx: Tx,
    *,
    plan_id: int,
    state: PlanState,
    reason: str | None = None,
    run_id: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> None:
    """What is None stays as it was; options are laid over those that are there."""
    await tx.run(
        "update plan set state = %s, reason = coalesce(%s, reason), run_id = coalesce(%s, run_id),"
        " options = options || %s,"
        " applied_at = case when %s = 'applied' then clock_timestamp() else applied_at end where id = %s",
        state,
        reason,
        run_id,
        Jsonb(dict(options or {})),
        state,
        plan_id,
    )


async def note_approval(tx: Tx, *, plan_id: int, by: str) -> None:
    """The first person who said yes."""
    await tx.run("update plan set approved_by = %s, approved_at = clock_timestamp() where id = %s", by, plan_id)


async def decide(tx: Tx, *, plan_id: int, state: PlanState, by: str) -> None:
    """The last word: approved or rejected."""
    await tx.run(
        "update plan set state = %s, decided_by = %s, decided_at = clock_timestamp() where id = %s",
        state,
        by,
        plan_id,
    )


async def supersede(
    tx: Tx, *, connection_id: int, kind: PlanKind, by: int | None = None, reason: str | None = None
) -> list[int]:
    """Plans of this kind that still wait are overtaken (by plan `by`, which itself stays); returns which."""
    rows = await tx.all(
        "update plan set state = 'superseded', reason = coalesce(%s, reason) where connection_id = %s and kind = %s"
        " and state in ('building', 'proposed', 'approved') and id is distinct from %s returning id",
        reason,
        connection_id,
        kind,
        by,
    )
    return [int(row["id"]) for row in rows]


async def to_be_worked_on(tx: Tx) -> list[int]:
    """Connections with plans that are to be built or applied, whether or not somebody does."""
    rows = await tx.tuples(
        "select distinct connection_id from plan where state = 'applying' or state = 'building' and kind <> 'guard'"
        " order by 1"
    )
    return [row[0] for row in rows]


async def settle(tx: Tx, *, plan_id: int, state: ItemState, ids: Sequence[int], reason: str | None = None) -> None:
    """What became of these items; in the transaction of their effect."""
    await tx.run(
        "update plan_item set state = %s, reason = %s where plan_id = %s and id = any(%s)",
        state,
        reason,
        plan_id,
        list(ids),
    )


async def leave_out(
    tx: Tx, *, plan_id: int, actions: Sequence[Action], directions: Sequence[Direction], reason: str
) -> int:
    """Skip all planned items of these actions, and all of directions other than these."""
    return await tx.run(
        "update plan_item set state = 'skipped', reason = %s where plan_id = %s and state = 'planned'"
        " and (action = any(%s) or direction <> all(%s))",
        reason,
        plan_id,
        list(actions),
        list(directions),
    )


async def record_types_of(tx: Tx, *, record_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The type as which each record was changed last."""
    rows = await tx.tuples(
        "select distinct on (record_id) record_id, record_type from change where record_id = any(%s)"
        " order by record_id, version desc, id desc",
        list(record_ids),
    )
    return dict(rows)


async def has_been_planned(tx: Tx, *, connection_id: int, objects: Sequence[str]) -> set[str]:
    """Those of the objects that a sync plan has read to their end and that was applied."""
    rows = await tx.tuples(
        "select distinct key from plan, jsonb_object_keys(cursors -> 'in') as key where connection_id = %s"
        " and kind = 'sync' and state = 'applied' and key = any(%s)",
        connection_id,
        list(objects),
    )
    return {row[0] for row in rows}
