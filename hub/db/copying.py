"""Rows into a table: many with COPY, a few with one INSERT."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain, islice

from psycopg import sql

from hub.db.session import Tx

_FEW = 8


async def copy_rows(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`; a str goes into jsonb columns as the JSON that it is.

    For a few rows what counts are the times that one side waits for the other: COPY has three of them.
    """
    rows = iter(rows)
    first = list(islice(rows, _FEW + 1))
    if len(first) > _FEW:
        await _copy(tx, table, columns, chain(first, rows))
    elif first:
        await insert_rows(tx, table, columns, first)


async def _copy(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows are formatted one by one and handed over in blocks: a call of `write_row` each would cost several times the
    formatting."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    async with tx.copying(statement) as copy:
        format_row, write = copy.formatter.write_row, copy.writer.write
        for row in rows:
            if block := format_row(row):
                await write(block)


async def insert_rows(
    tx: Tx, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, conflict: str = ""
) -> None:
    """Some rows, at least one, in one statement (see `Tx.insert`); `conflict` is its ON CONFLICT clause, from code."""
    statement = _insert(table, tuple(columns), len(rows)) + conflict.encode()
    await tx.insert(statement, [value for row in rows for value in row])


@lru_cache(maxsize=1_024)  # which columns are filled differs from record to record
def _insert(table: str, columns: tuple[str, ...], count: int) -> bytes:
    places = f"({', '.join(['%s'] * len(columns))})"
    into = sql.SQL("INSERT INTO {} ({}) VALUES ").format(sql.Identifier(table), _names(columns)).as_string()
    return (into + ", ".join([places] * count)).encode()


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
