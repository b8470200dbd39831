"""Records of the Unified Partner Record: loaded, inserted and rewritten set by set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from hub.db.arrays import Texts, Uuids
from hub.db.copying import copy_rows
from hub.db.session import Tx
from hub.record.codec import codec_of, tables_for
from hub.record.definition import RecordType
from hub.record.values import Value, Values


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as stored. `values` has every field of its type, None where nothing is known."""

    id: UUID
    version: int
    deleted: bool
    merged_into: UUID | None
    values: dict[str, Value]

    @property
    def alive(self) -> bool:
        return not self.deleted and self.merged_into is None


async def lock_matching(tx: Tx, record_type: RecordType) -> None:
    """Until the transaction ends, nobody else brings in new records of this type."""
    await tx.run("select pg_advisory_xact_lock(hashtext('match'), hashtext(%s))", record_type.root.name)


async def load(
    tx: Tx, record_type: RecordType, ids: Collection[UUID], *, lock: bool = False
) -> dict[UUID, StoredRecord]:
    """The records by id, in id order; with `lock`, held against other writers until the transaction ends."""
    sql = _select(record_type) + (" for no key update of r0" if lock else "")
    rows = await tx.tuples(sql, Uuids(sorted(ids)))
    codec = codec_of(record_type)
    return {row[0]: StoredRecord(row[0], row[1], row[2], row[3], codec.values_from_row(row[4:])) for row in rows}


async def living(tx: Tx, record_type: RecordType, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the ids that are records of this type, neither deleted nor merged away."""
    joins = _joins(record_type)
    rows = await tx.tuples(
        f"select r0.id from {joins} where r0.id = any(%s) and r0.deleted_at is null and r0.merged_into is null",
        Uuids(ids),
    )
    return {row[0] for row in rows}


async def versions(tx: Tx, record_type: RecordType, ids: Collection[UUID]) -> dict[UUID, int]:
    """The version that each record is at."""
    return dict(
        await tx.tuples(f"select id, version from {record_type.root.name} where id = any(%s)", Uuids(sorted(ids)))
    )


async def whereabouts(tx: Tx, record_type: RecordType, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """For those of the ids that are records of this type: the record itself, or the survivor of its merges.

    Either may be deleted.
    """
    rows = await tx.tuples(
        f"""
        with recursive way as (
            select id as asked, id, merged_into from {record_type.root.name} where id = any(%s)
            union all
            select way.asked, next.id, next.merged_into from way join {record_type.root.name} next
                on next.id = way.merged_into
        )
        select way.asked, r0.id from {_joins(record_type)} join way on way.id = r0.id where way.merged_into is null
        """,
        Uuids(ids),
    )
    return dict(rows)


async def find_by_key(
    tx: Tx, record_type: RecordType, names: tuple[str, ...], keys: Sequence[tuple[Value, ...]]
) -> dict[tuple[Value, ...], list[UUID]]:
    """Living records by the values of a natural key."""
    owners = _owners(record_type)
    columns = [f'{owners[name]}."{name}"' for name in names]
    wanted = ", ".join(f"k{i}" for i in range(len(names)))
    types = {name: _SQL_TYPES.get(record_type.fields[name].kind, "text") for name in names}
    arrays = ", ".join(f"%s::{types[name]}[]" for name in names)
    equal = " and ".join(f"{column} = k.k{i}" for i, column in enumerate(columns))
    # OFFSET 0 keeps the planner from turning the loop around while it takes a growing table for an empty one.
    rows = await tx.tuples(
        f"select k.*, r.id from unnest({arrays}) as k({wanted}) cross join lateral ("
        f"select r0.id from {_joins(record_type)}"
        f" where {equal} and r0.deleted_at is null and r0.merged_into is null offset 0) r order by r.id",
        *[_array([key[i] for key in keys], types[name]) for i, name in enumerate(names)],
    )
    found: dict[tuple[Value, ...], list[UUID]] = {}
    for row in rows:
        found.setdefault(tuple(row[:-1]), []).append(row[-1])
    return found


async def insert(tx: Tx, record_type: RecordType, new: Sequence[tuple[UUID, Values]]) -> None:
    """New records, one COPY a table."""
    filled = set().union(*(values for _, values in new))
    for table in tables_for(record_type, filled):
        to_row = table.to_row
        await copy_rows(
            tx, table.table, ("id", *table.columns), ((record_id, *to_row(values)) for record_id, values in new)
        )


async def update(
    tx: Tx,
    record_type: RecordType,
    changed: Sequence[tuple[UUID, Values]],
    *,
    revive: Collection[UUID] = (),
) -> None:
    """Rewrite whole records (their rows are locked by the caller's `load`), one version up each.

    Custom fields that are absent in the values keep what they have.
    `revive` are those of them that were deleted and live again.
    """
    if not changed:
        return
    for table in codec_of(record_type).tables:
        scratch = f"new_{table.table}"
        columns = ("id", *table.columns)
        await tx.run(
            f"create temp table if not exists {scratch} on commit delete rows as"
            f" select {', '.join(map(_quoted, columns))} from {table.table} where false"
        )
        await copy_rows(tx, scratch, columns, ((record_id, *table.to_row(v)) for record_id, v in changed))
        assigned = ", ".join(f"{_quoted(c)} = {_rewritten(c)}" for c in table.columns)
        if assigned:
            await tx.run(f"update {table.table} t set {assigned} from {scratch} n where t.id = n.id")
        await tx.run(f"delete from {scratch}")
    await tx.run(
        f"update {record_type.root.name} set version = version + 1, updated_at = now(),"
        " deleted_at = case when id = any(%s) then null else deleted_at end where id = any(%s)",
        list(revive),
        [record_id for record_id, _ in changed],
    )


async def mark_deleted(tx: Tx, record_type: RecordType, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Delete living records; returns the new version of those that were alive."""
    rows = await tx.all(
        f"update {record_type.root.name} set deleted_at = now(), version = version + 1, updated_at = now()"
        " where id = any(%s) and deleted_at is null and merged_into is null returning id, version",
        Uuids(ids),
    )
    return {row["id"]: row["version"] for row in rows}


async def mark_merged(tx: Tx, record_type: RecordType, *, loser: UUID, survivor: UUID) -> int:
    """The loser lives on in the survivor; returns the loser's new version."""
    row = await tx.one(
        f"update {record_type.root.name} set merged_into = %s, version = version + 1, updated_at = now()"
        " where id = %s returning version",
        survivor,
        loser,
    )
    assert row is not None
    return int(row["version"])


async def unmark_merged(tx: Tx, record_type: RecordType, record_id: UUID) -> None:
    """The record is one of its own again, one version up."""
    await tx.run(
        f"update {record_type.root.name} set merged_into = null, version = version + 1, updated_at = now()"
        " where id = %s",
        record_id,
    )


_SQL_TYPES = {"link": "uuid", "int": "bigint", "decimal": "numeric", "date": "date", "datetime": "timestamptz"}


def _array(items: list[Value], sql_type: str) -> list[Any]:
    return Texts(map(str, items)) if sql_type == "text" else items


def _rewritten(column: str) -> str:
    """Custom fields that the writer does not know (declared a moment ago) keep their values."""
    return "t.custom || n.custom" if column == "custom" else f"n.{_quoted(column)}"


def _quoted(name: str) -> str:
    return f'"{name}"'


@cache
def _joins(record_type: RecordType) -> str:
    first, *rest = record_type.lineage
    return f"{first.name} r0" + "".join(f" join {t.name} r{i} on r{i}.id = r0.id" for i, t in enumerate(rest, 1))


@cache
def _owners(record_type: RecordType) -> dict[str, str]:
    """The alias of the table in which each field's column lies."""
    return {f.name: f"r{i}" for i, t in enumerate(record_type.lineage) for f in t.column_fields}


@cache
def _select(record_type: RecordType) -> str:
    columns = [
        f"r{i}.custom::text" if column == "custom" else f"r{i}.{_quoted(column)}"
        for i, table in enumerate(codec_of(record_type).tables)
        for column in table.columns
    ]
    return (
        f"select r0.id, r0.version, r0.deleted_at is not null, r0.merged_into, {', '.join(columns)}"
        f" from {_joins(record_type)} where r0.id = any(%s) order by r0.id"
    )
