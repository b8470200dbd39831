"""Custom fields: what an administrator declared on top of the shipped record types."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.session import Tx
from hub.record.definition import RecordType


async def declare(tx: Tx, *, record_type: RecordType, name: str, definition: Mapping[str, object]) -> None:
    """Raises psycopg.errors.UniqueViolation when the field is declared already."""
    await tx.run(
        "insert into custom_field (record_type, name, definition) values (%s, %s, %s)",
        record_type.name,
        name,
        Jsonb(dict(definition)),
    )
    # What a process that had not heard of a removal wrote into an earlier field of this name is not this one's.
    await tx.run(
        f"update {record_type.name} set custom = custom - %(name)s::text where custom ? %(name)s::text", name=name
    )


async def all_of(tx: Tx) -> list[DictRow]:
    return await tx.all("select record_type, name, definition, created_at from custom_field order by record_type, name")


async def remove(tx: Tx, *, record_type: RecordType, name: str) -> None:
    """Take the declaration away; the values are for `drop_values`."""
    await tx.run("delete from custom_field where record_type = %s and name = %s", record_type.name, name)


async def with_value(tx: Tx, *, record_type: RecordType, name: str) -> int:
    """How many records, deleted ones included, have a value in the field."""
    row = await tx.one(
        f"select count(*) as n from {record_type.name} where custom -> %(name)s::text <> 'null'", name=name
    )
    assert row is not None
    return int(row["n"])


async def drop_values(tx: Tx, *, record_type: RecordType, name: str, limit: int) -> list[DictRow]:
    """Take the values of up to `limit` records away, one version up each: `id`, the new `version`, the old `value`."""
    table = record_type.name
    rows = await tx.all(
        f"""
        update {table} t set custom = t.custom - %(name)s::text
        from (
            select id, custom -> %(name)s::text as value from {table}
            where custom -> %(name)s::text <> 'null' limit %(limit)s
        ) old
        where t.id = old.id returning t.id, old.value
        """,
        name=name,
        limit=limit,
    )
    versions = await tx.all(
        f"update {record_type.root.name} set version = version + 1, updated_at = now() where id = any(%s)"
        " returning id, version",
        [row["id"] for row in rows],
    )
    version_of = {row["id"]: row["version"] for row in versions}
    return [{**row, "version": version_of[row["id"]]} for row in rows]
