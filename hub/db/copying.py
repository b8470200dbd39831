"""Rows into a table with COPY: the fast way in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from uuid import UUID

from psycopg import sql

from hub.db.session import Tx

_BLOCK = 1000  # rows that are handed to the connection at once

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


async def copy_rows(tx: Tx, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Append `rows`. Values are None, str (also JSON for jsonb), bool, numbers, dates, UUID, bytes, lists of str."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    async with tx.conn.cursor() as cursor, cursor.copy(statement) as copy:
        block: list[str] = []
        for row in rows:
            block.append(copy_line(row))
            if len(block) == _BLOCK:
                await copy.write("".join(block))
                block.clear()
        if block:
            await copy.write("".join(block))


def copy_line(row: Sequence[object]) -> str:
    """One row in COPY's text format. Ten times as fast as adapting each value through the driver."""
    return "\t".join([_TEXT.get(type(value), str)(value) for value in row]) + "\n"


def _text(value: str) -> str:
    return value if _SPECIAL.search(value) is None else _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)


def _array(items: Sequence[str]) -> str:
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return _text("{" + ",".join([f'"{item}"' for item in quoted]) + "}")


# PostgreSQL reads the rest (int, Decimal, bool, dates, aware datetimes) as Python writes it.
_TEXT: dict[type, Callable[..., str]] = {
    str: _text,
    type(None): lambda _: "\\N",
    UUID: attrgetter("hex"),
    bytes: lambda value: "\\\\x" + value.hex(),
    list: _array,
    tuple: _array,
}
