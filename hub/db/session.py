"""The pool and the one place that commits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from select import POLLIN, poll
from typing import Any, Literal

import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCopy, AsyncCursor, AsyncRawCursor
from psycopg.abc import Params
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg.sql import Composed
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

_LookUp = Literal["auto", "force_generic_plan"]
_LOOK_UP_BY_INDEX = (
    b"select set_config(name, setting, true) from (values ('plan_cache_mode', %s), ('enable_seqscan', 'off'),"
    b" ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off')) as s (name, setting)"
)


class Connection(AsyncConnection[DictRow]):
    """One of the pool's; `answered_at` is when it last did, by the monotonic clock."""

    answered_at = 0.0


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
_FRESH_SECONDS = 1.0  # a connection that answered so short a time ago, and is quiet since, is not asked first


class Tx:
    """One open transaction. Repositories take it; only `Database.transaction` ends it."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._after_commit: list[Callable[[], Awaitable[None]]] = []
        self._held: list[tuple[bytes, Sequence[object]]] | None = None
        self._looks_up: _LookUp | None = None

    def after_commit(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do this once the transaction has committed; not at all when it rolls back."""
        self._after_commit.append(act)

    async def all(self, sql: str, *params: object, **named: object) -> list[DictRow]:
        """All rows. Parameters are either positional or named."""
        cursor = await self._execute(sql.encode(), named or params or None)
        return await cursor.fetchall()

    async def one(self, sql: str, *params: object, **named: object) -> DictRow | None:
        cursor = await self._execute(sql.encode(), named or params or None)
        return await cursor.fetchone()

    async def run(self, sql: str, *params: object, **named: object) -> int:
        """Execute and return the number of rows touched."""
        cursor = await self._execute(sql.encode(), named or params or None)
        return cursor.rowcount

    async def tuples(self, sql: str, *params: object, **named: object) -> list[tuple[Any, ...]]:
        """All rows as plain tuples, in binary: the fast way for wide reads."""
        await self._send_held()
        async with self._conn.cursor(binary=True, row_factory=psycopg.rows.tuple_row) as cursor:
            await cursor.execute(sql.encode(), named or params or None)
            return await cursor.fetchall()

    async def numbered(
        self, statement: bytes, params: Sequence[object], *, prepared: bool = False
    ) -> list[tuple[Any, ...]]:
        """All rows, where there are some, of a statement with the parameters $1, $2 …

        What other statements mark with % is numbered by psycopg, which does it anew each time for long statements.
        `prepared`: at its first use on a connection, not at its fifth.
        """
        await self._send_held()
        async with AsyncRawCursor(self._conn, row_factory=psycopg.rows.tuple_row) as cursor:
            await cursor.execute(statement, params, binary=True, prepare=prepared or None)
            return await cursor.fetchall() if cursor.description else []

    async def run_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute once for each row of parameters."""
        await self._send_held()
        async with self._conn.cursor() as cursor:
            await cursor.executemany(sql.encode(), rows)

    @asynccontextmanager
    async def copying(self, statement: Composed) -> AsyncIterator[AsyncCopy]:
        """A COPY statement under way."""
        await self._send_held()
        async with self._conn.cursor() as cursor, cursor.copy(statement) as copy:
            yield copy

    async def insert(self, statement: bytes, values: Sequence[object]) -> None:
        """An INSERT; within `together` it may go later."""
        if self._held is None:
            await self._conn.execute(statement, values)
        else:
            self._held.append((statement, values))

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """What `insert` is given inside goes as one statement: before whatever else is asked, at the latest at the end.

        So inserts one after the other cost one way to the database. What the database refuses is raised then. Their
        triggers see one moment, and constraints are checked when all rows are there. A block within another one sends
        what waits of both.
        """
        outer = self._held is not None
        if not outer:
            self._held = []
        try:
            yield
            await self._send_held()
        finally:
            if not outer:
                self._held = None

    async def freeze(self) -> None:
        """All that this transaction reads is of one moment; to be asked for before the first read."""
        await self._execute(b"set transaction isolation level repeatable read")

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """On an exception, only what was done inside is undone."""
        await self._send_held()
        before = self._looks_up
        try:
            async with self._conn.transaction():
                yield
                await self._send_held()
        except BaseException:
            self._looks_up = before
            if self._held:
                self._held = []
            raise

    async def look_up_by_index(self, *, planned_once: bool = False) -> None:
        """Until it ends, this transaction finds rows by index only.

        A table that is being filled has no statistics yet: the planner takes it for small and reads all of it again
        for every page, which makes a first load quadratic. `planned_once`: statements are not planned anew for each
        set of parameters; where the way is always the same, planning can take longer than going it.
        """
        wanted: _LookUp = "force_generic_plan" if planned_once else "auto"
        if wanted != self._looks_up:
            await self._execute(_LOOK_UP_BY_INDEX, (wanted,))
            self._looks_up = wanted

    async def now(self) -> datetime:
        """The database's clock, which all processes of the hub share."""
        row = await self.one("select clock_timestamp() as now")
        assert row is not None
        now: datetime = row["now"]
        return now

    async def _execute(self, statement: bytes, params: Params | None = None) -> AsyncCursor[DictRow]:
        await self._send_held()
        return await self._conn.execute(statement, params)

    async def _send_held(self) -> None:
        if not self._held:
            return
        held, self._held = self._held, []
        statement = _in_one(tuple(statement for statement, _ in held))
        await self.numbered(statement, [value for _, values in held for value in values])


@lru_cache(maxsize=256)
def _in_one(inserts: tuple[bytes, ...]) -> bytes:
    """One statement with numbered parameters."""
    *before, last = inserts
    parts = b", ".join(b"insert_%d as (%b)" % (n, insert) for n, insert in enumerate(before))
    first, *others = (b"with %b %b" % (parts, last) if parts else last).split(b"%s")
    return first + b"".join(b"$%d%b" % (n, text) for n, text in enumerate(others, 1))


def with_timeouts(url: str) -> str:
    """A connection string for this URL whose connections do not wait for ever for a server that went silent."""
    return make_conninfo("", **{**_GIVEN_UP, **conninfo_to_dict(url)})


async def _configure(conn: Connection) -> None:
    await register(conn)
    await conn.execute(_GIVEN_UP_BY_THE_SERVER.encode())


async def _check(conn: Connection) -> None:
    """Raises psycopg.OperationalError for a connection that leads nowhere any more."""
    if time.monotonic() - conn.answered_at > _FRESH_SECONDS or not _is_quiet(conn):
        await AsyncConnectionPool.check_connection(conn)


def _is_quiet(conn: Connection) -> bool:
    """Nothing came since the last answer; a server that ends a connection says so."""
    socket = poll()
    socket.register(conn.fileno(), POLLIN)
    return not socket.poll(0)


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
            connection_class=Connection,
            check=_check,
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
                conn.answered_at = time.monotonic()
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
