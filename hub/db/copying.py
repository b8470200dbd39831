"""Rows into a table: many with COPY, a few with one INSERT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import LiteralString

from psycopg import sql

from hub.db.session import Tx

_FEW = 4


async def copy_rows(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`; a str goes into jsonb columns as the JSON that it is.

    For a few rows what counts are the times that one side waits for the other: COPY has three of them.
    """
    rows = iter(rows)
    first = list(islice(rows, _FEW + 1))
    if len(first) > _FEW:
        await _copy(tx, table, columns, chain(first, rows))
    elif first:
        await _insert(tx, table, columns, first)


async def _copy(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows are formatted one by one and handed over in blocks: a call of `write_row` each would cost several times the
    formatting."""
    async with tx.conn.cursor() as cursor, cursor.copy(_into("COPY {} ({}) FROM STDIN", table, columns)) as copy:
        format_row, write = copy.formatter.write_row, copy.writer.write
        for row in rows:
            if block := format_row(row):
                await write(block)


async def _insert(tx: Tx, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    places = f"({', '.join(['%s'] * len(columns))})"
    await tx.conn.execute(
        _into("INSERT INTO {} ({}) VALUES ", table, columns) + sql.SQL(", ").join([sql.SQL(places)] * len(rows)),
        [value for row in rows for value in row],
    )


def _into(statement: LiteralString, table: str, columns: Sequence[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL(statement).format(sql.Identifier(table), names)
