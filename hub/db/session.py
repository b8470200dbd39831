"""The pool and the one place that commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg
import structlog
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from hub.db.arrays import register
from hub.sdk.http import decode_json, encode_json

log = structlog.get_logger()


def _loads(body: str | bytes) -> Any:
    return decode_json(body.encode() if isinstance(body, str) else body)


# JSON in and out of the database never passes through float.
set_json_loads(_loads)
set_json_dumps(encode_json)

Connection = AsyncConnection[DictRow]

# A server or a client that went silent (its host died, a network drops packets) is given up after 15 seconds, on
# either side: TCP alone takes a quarter of an hour, and PostgreSQL keeps the locks of a silent client for two hours.
# What the URL says goes first. Sockets of one host need none of it.
_GIVEN_UP = {
    "connect_timeout": 5,
    "keepalives_idle": 6,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_GIVEN_UP_BY_THE_SERVER = (
    "select set_config(name, value, false) from (values ('tcp_keepalives_idle', '6'),"
    " ('tcp_keepalives_interval', '3'), ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '15s')) as s (name, value)"
)
# A pool that has lost its server asks again after 1, 2 and 4 seconds, and then begins anew for as long as it takes.
_RECONNECT_SECONDS = 8.0
_TURN_SECONDS = 10.0  # for one of the pool's connections


class Tx:
    """One open transaction. Repositories take it; only `Database.transaction` ends it."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self._after_commit: list[Callable[[], Awaitable[None]]] = []

    def after_commit(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do this once the transaction has committed; not at all when it rolls back."""
        self._after_commit.append(act)

    async def all(self, sql: str, *params: object, **named: object) -> list[DictRow]:
        """All rows. Parameters are either positional or named."""
        cursor = await self.conn.execute(sql.encode(), named or params or None)
        return await cursor.fetchall()

    async def one(self, sql: str, *params: object, **named: object) -> DictRow | None:
        cursor = await self.conn.execute(sql.encode(), named or params or None)
        return await cursor.fetchone()

    async def run(self, sql: str, *params: object, **named: object) -> int:
        """Execute and return the number of rows touched."""
        cursor = await self.conn.execute(sql.encode(), named or params or None)
        return cursor.rowcount

    async def tuples(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """All rows as plain tuples, in binary: the fast way for wide reads."""
        async with self.conn.cursor(binary=True, row_factory=psycopg.rows.tuple_row) as cursor:
            await cursor.execute(sql.encode(), params or None)
            return await cursor.fetchall()

    async def freeze(self) -> None:
        """All that this transaction reads is of one moment; to be asked for before the first read."""
        await self.conn.execute(b"set transaction isolation level repeatable read")

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """On an exception, only what was done inside is undone."""
        async with self.conn.transaction():
            yield

    async def look_up_by_index(self, *, planned_once: bool = False) -> None:
        """Until it ends, this transaction finds rows by index only.

        A table that is being filled has no statistics yet: the planner takes it for small and reads all of it again
        for every page, which makes a first load quadratic. `planned_once`: statements are not planned anew for each
        set of parameters; where the way is always the same, planning can take longer than going it.
        """
        await self.conn.execute(
            b"select set_config(name, setting, true) from (values ('plan_cache_mode', %s), ('enable_seqscan', 'off'),"
            b" ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off')) as s (name, setting)",
            ("force_generic_plan" if planned_once else "auto",),
        )

    async def now(self) -> datetime:
        """The database's clock, which all processes of the hub share."""
        row = await self.one("select clock_timestamp() as now")
        assert row is not None
        now: datetime = row["now"]
        return now


def with_timeouts(url: str) -> str:
    """A connection string for this URL whose connections do not wait for ever for a server that went silent."""
    return make_conninfo("", **{**_GIVEN_UP, **conninfo_to_dict(url)})


async def _configure(conn: Connection) -> None:
    await register(conn)
    await conn.execute(_GIVEN_UP_BY_THE_SERVER.encode())


class Database:
    """A pool of connections to the hub's PostgreSQL."""

    def __init__(self, url: str, *, min_size: int = 1, max_size: int = 10) -> None:
        self.url = url
        # Set while the server is known to be away; whoever waits for work elsewhere should not take it then.
        self.away = asyncio.Event()
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            with_timeouts(url),
            min_size=min_size,
            max_size=max_size,
            open=False,
            kwargs={"row_factory": dict_row, "autocommit": True},
            connection_class=AsyncConnection[DictRow],
            check=AsyncConnectionPool.check_connection,
            configure=_configure,
            timeout=_TURN_SECONDS,
            reconnect_timeout=_RECONNECT_SECONDS,
            reconnect_failed=AsyncConnectionPool.check,
        )

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=30)

    async def close(self) -> None:
        await self._pool.close()

    async def __aenter__(self) -> Database:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """Commit on a normal end, roll back on any exception; then do what was asked for after the commit.

        Raises psycopg.OperationalError or PoolTimeout when the server goes away or does not come back in time.
        """
        conn: Connection | None = None
        try:
            async with self._pool.connection() as conn:
                tx = Tx(conn)
                async with conn.transaction():
                    yield tx
                self._answered(True)
        except (psycopg.OperationalError, PoolTimeout):
            if conn.broken if conn else not self._is_full():
                self._answered(False)
            raise
        for act in tx._after_commit:
            await act()

    def _is_full(self) -> bool:
        """Whether others hold all connections: then a long wait says nothing about the server."""
        return self._pool.get_stats()["pool_size"] >= self._pool.max_size

    async def is_back(self) -> bool:
        """Whether the server answers; the answer may take some seconds."""
        try:
            async with self.transaction() as tx:
                await tx.one("select 1")
        except (psycopg.OperationalError, PoolTimeout):
            return False
        return True

    def _answered(self, does: bool) -> None:
        """Say once when the server is away, and once when it is back."""
        if not does and not self.away.is_set():
            self.away.set()
            log.error("database_unreachable", verdict="tried again for as long as it takes")
        elif does and self.away.is_set():
            self.away.clear()
            log.info("database_is_back")
