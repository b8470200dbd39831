"""Rows into a table with COPY: the fast way in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import sql

from hub.db.session import Tx


async def copy_rows(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`; a str goes into jsonb columns as the JSON that it is.

    Rows are formatted one by one and handed over in blocks: a call of `write_row` each would cost several times the
    formatting.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    async with tx.conn.cursor() as cursor, cursor.copy(statement) as copy:
        format_row, write = copy.formatter.write_row, copy.writer.write
        for row in rows:
            if block := format_row(row):
                await write(block)
