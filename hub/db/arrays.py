"""Long arrays as parameters: written in one go instead of item by item."""

from __future__ import annotations

from uuid import UUID

from psycopg import AsyncConnection, DataError
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types
from psycopg.pq import Format


class Texts(list[str]):
    """A text[] parameter."""


class Uuids(list[UUID]):
    """A uuid[] parameter."""


class Ints(list[int]):
    """An int[] parameter."""


class _TextsDumper(Dumper):
    format = Format.TEXT
    oid = types["text"].array_oid

    def dump(self, obj: Texts) -> Buffer:
        if not obj:
            return b"{}"
        # Quoted and escaped all at once: NUL stands for the gaps meanwhile.
        whole = "\0".join(obj)
        if whole.count("\0") != len(obj) - 1:
            raise DataError("A text holds a NUL character, which PostgreSQL has no place for.")
        whole = whole.replace("\\", "\\\\").replace('"', '\\"')
        return ('{"' + whole.replace("\0", '","') + '"}').encode()


class _UuidsDumper(Dumper):
    format = Format.TEXT
    oid = types["uuid"].array_oid

    def dump(self, obj: Uuids) -> Buffer:
        return ("{" + ",".join([item.hex for item in obj]) + "}").encode()


class _IntsDumper(Dumper):
    format = Format.TEXT
    oid = types["int4"].array_oid

    def dump(self, obj: Ints) -> Buffer:
        return ("{" + ",".join(map(str, obj)) + "}").encode()


async def register(conn: AsyncConnection[object]) -> None:
    """Teach a new connection these kinds of parameters."""
    conn.adapters.register_dumper(Texts, _TextsDumper)
    conn.adapters.register_dumper(Uuids, _UuidsDumper)
    conn.adapters.register_dumper(Ints, _IntsDumper)
