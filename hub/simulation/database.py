"""The hub's database under control: one transaction a turn, a clock of its own, and connections that break."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import timedelta
from urllib.parse import quote

import psycopg

from hub.db.session import Database, Tx
from hub.simulation.turns import PARTY, Turn, Turns

# Time in the database is a sequence: it moves with every look at it, and by leaps when the world says so.
_CLOCK = """
create schema sim;
create sequence sim.ticks;
create function sim.clock_timestamp() returns timestamptz language sql volatile as
    $$ select timestamptz '2030-01-01' + nextval('sim.ticks') * interval '1 millisecond' $$
"""
_SOMEBODY_WAITS = (
    b"select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' limit 1"
)
_OTHERS = (
    b"select pg_terminate_backend(pid, 5000) from pg_stat_activity"
    b" where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
)
_LOOK = 0.003  # seconds between two looks whether somebody waits for a lock


class SimDatabase(Database):
    """Each transaction is a turn of its party, in which the party may be killed or its connection break."""

    def __init__(self, url: str, turns: Turns) -> None:
        super().__init__(f"{url}{'&' if '?' in url else '?'}options={quote('-csearch_path=sim,public,pg_catalog')}")
        self.plain_url = url
        self._turns = turns

    def transaction(self) -> AbstractAsyncContextManager[Tx]:  # type: ignore[override]
        return self._turn(sys._getframe(1).f_code.co_qualname)

    @asynccontextmanager
    async def _turn(self, caller: str) -> AsyncIterator[Tx]:
        party = PARTY.get()
        async with self._turns.turn(caller) as turn:
            async with Database.transaction(self) as tx:
                yield tx
                party.point("during")
                wrote = party.fate is not None and await _wrote(tx)
                if wrote and party.meets("commit_failed"):
                    raise self._lost(party.name, "rolled back")
                if wrote and party.meets("lingers"):
                    await self._linger(turn)
            if wrote and party.meets("commit_lost"):
                raise self._lost(party.name, "committed")

    def _lost(self, name: str, fate: str) -> psycopg.OperationalError:
        self._turns.log.append(f"{name}: … loses its connection, what it did is {fate}")
        return psycopg.OperationalError("server closed the connection unexpectedly")

    async def _linger(self, turn: Turn) -> None:
        """Stay open while others act; whoever runs into a lock of this transaction makes it end."""
        watcher = asyncio.create_task(self._watch())
        try:
            await self._turns.linger(turn)
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError, psycopg.OperationalError):
                await watcher

    async def _watch(self) -> None:
        async with await psycopg.AsyncConnection.connect(self.plain_url, autocommit=True) as conn:
            while self._turns.lingers:
                await asyncio.sleep(_LOOK)
                if await (await conn.execute(_SOMEBODY_WAITS)).fetchone():
                    self._turns.hurry()

    async def wind(self) -> None:
        """Give it its own clock; once for each database."""
        async with self._pool.connection() as conn:
            await conn.execute(_CLOCK.encode())

    async def pass_time(self, by: timedelta) -> None:
        async with self._pool.connection() as conn:
            leap = int(by.total_seconds() * 1000)
            await conn.execute(f"select setval('sim.ticks', nextval('sim.ticks') + {leap})".encode())

    async def cut_connections(self) -> None:
        """Every connection to the database breaks, as they do when the server is restarted."""
        async with await psycopg.AsyncConnection.connect(self.plain_url, autocommit=True) as conn:
            await conn.execute(_OTHERS)


async def _wrote(tx: Tx) -> bool:
    """Whether the transaction has changed anything."""
    row = await tx.one("select pg_current_xact_id_if_assigned() is not null as wrote")
    return bool(row and row["wrote"])
