"""Records in lists: filtered, in a stable order, page by page, with the stamps that answers show."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db.arrays import Uuids
from hub.db.session import Tx
from hub.record.codec import codec_of
from hub.record.definition import RecordType
from hub.record.values import Value

_SQL_TYPES = {"link": "uuid", "int": "bigint", "decimal": "numeric", "date": "date", "datetime": "timestamptz"}


@dataclass(frozen=True, slots=True)
class ListedRecord:
    """A living record with its stamps; `values` has every field of its type."""

    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime
    values: dict[str, Value]


async def page(
    tx: Tx,
    record_type: RecordType,
    *,
    equal: Mapping[str, Value],
    updated_since: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ListedRecord]:
    """Living records, the longest unchanged first, after (updated_at, id). `equal`: fields and their wanted values."""
    conditions = ["r0.deleted_at is null", "r0.merged_into is null"]
    params: list[object] = []
    for name, value in equal.items():
        kind = record_type.fields[name].kind
        conditions.append(f"{_column(record_type, name)} = %s::{_SQL_TYPES.get(kind, 'text')}")
        params.append(value)
    if updated_since is not None:
        conditions.append("r0.updated_at >= %s")
        params.append(updated_since)
    if after is not None:
        conditions.append("(r0.updated_at, r0.id) > (%s, %s)")
        params += after
    sql = f"{_select(record_type)} where {' and '.join(conditions)} order by r0.updated_at, r0.id limit %s"
    return _listed(record_type, await tx.tuples(sql, *params, limit))


async def by_ids(tx: Tx, record_type: RecordType, ids: Collection[UUID]) -> dict[UUID, ListedRecord]:
    """Those of the records that live, by id."""
    sql = f"{_select(record_type)} where r0.id = any(%s) and r0.deleted_at is null and r0.merged_into is null"
    return {record.id: record for record in _listed(record_type, await tx.tuples(sql, list(ids)))}


async def ids_after(tx: Tx, record_type: RecordType, *, after: UUID, limit: int) -> list[UUID]:
    """The next records in id order, deleted ones included, merged ones not."""
    rows = await tx.tuples(
        f"select r0.id from {_joins(record_type)} where r0.id > %s and r0.merged_into is null order by r0.id limit %s",
        after,
        limit,
    )
    return [row[0] for row in rows]


async def pointing_to(
    tx: Tx, record_type: RecordType, *, field: str, target: UUID, limit: int
) -> tuple[list[ListedRecord], int]:
    """Living records whose link field holds `target`, newest first, and how many there are in all."""
    where = f"where {_column(record_type, field)} = %s and r0.deleted_at is null and r0.merged_into is null"
    rows = await tx.tuples(f"{_select(record_type)} {where} order by r0.created_at desc, r0.id limit %s", target, limit)
    total = len(rows)
    if total == limit:
        total = (await tx.tuples(f"select count(*) from {_joins(record_type)} {where}", target))[0][0]
    return _listed(record_type, rows), total


async def pointing_whatever(tx: Tx, record_type: RecordType, *, field: str, targets: Collection[UUID]) -> set[UUID]:
    """Records whose link field holds one of the targets, also deleted and merged ones."""
    rows = await tx.tuples(
        f"select r0.id from {_joins(record_type)} where {_column(record_type, field)} = any(%s)", Uuids(targets)
    )
    return {row[0] for row in rows}


async def whole(tx: Tx, record_type: RecordType, ids: Collection[UUID]) -> list[ListedRecord]:
    """Each record as it is now, deleted and merged ones too."""
    return _listed(record_type, await tx.tuples(f"{_select(record_type)} where r0.id = any(%s)", Uuids(ids)))


async def titles(tx: Tx, record_type: RecordType, ids: Collection[UUID]) -> dict[UUID, str]:
    """The text by which people know each record."""
    rows = await tx.tuples(
        f"select r0.id, {_column(record_type, record_type.title)}::text from {_joins(record_type)}"
        " where r0.id = any(%s)",
        list(ids),
    )
    return {row[0]: row[1] or "" for row in rows}


def _listed(record_type: RecordType, rows: Sequence[tuple[Any, ...]]) -> list[ListedRecord]:
    codec = codec_of(record_type)
    return [ListedRecord(row[0], row[1], row[2], row[3], codec.values_from_row(row[4:])) for row in rows]


def _select(record_type: RecordType) -> str:
    columns = [
        f"r{i}.custom::text" if column == "custom" else f'r{i}."{column}"'
        for i, table in enumerate(codec_of(record_type).tables)
        for column in table.columns
    ]
    return f"select r0.id, r0.version, r0.created_at, r0.updated_at, {', '.join(columns)} from {_joins(record_type)}"


def _joins(record_type: RecordType) -> str:
    first, *rest = record_type.lineage
    return f"{first.name} r0" + "".join(f" join {t.name} r{i} on r{i}.id = r0.id" for i, t in enumerate(rest, 1))


def _column(record_type: RecordType, name: str) -> str:
    """The column of a plain field; only names of the definition become SQL."""
    owner = next(i for i, t in enumerate(record_type.lineage) if any(f.name == name for f in t.column_fields))
    return f'r{owner}."{name}"'
