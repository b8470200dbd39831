"""Custom fields: what an administrator declared on top of the shipped record types."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.session import Tx


async def declare(tx: Tx, *, record_type: str, name: str, definition: Mapping[str, object]) -> None:
    """Raises psycopg.errors.UniqueViolation when the field is declared already."""
    await tx.run(
        "insert into custom_field (record_type, name, definition) values (%s, %s, %s)",
        record_type,
        name,
        Jsonb(dict(definition)),
    )


async def all_of(tx: Tx) -> list[DictRow]:
    return await tx.all("select record_type, name, definition, created_at from custom_field order by record_type, name")
