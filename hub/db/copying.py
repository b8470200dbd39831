"""Rows into a table with COPY: the fast way in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import sql

from hub.db.session import Tx


async def copy_rows(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`; a bytes value goes into jsonb and text columns as the text it is, bytea takes hex text."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    async with tx.conn.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            await copy.write_row(row)
