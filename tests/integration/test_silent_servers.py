"""The pool of connections when its server goes away, for long or for good."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolTimeout
from structlog.testing import capture_logs

from hub.db import session
from hub.db.session import Database, with_timeouts


class Relay:
    """A second door to the server, which can be shut."""

    def __init__(self, folder: Path, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._to = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._door = folder / ".s.PGSQL.5432"
        self.url = f"postgresql://{parts.netloc}{parts.path}?host={folder}"
        self._open: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._door)

    async def shut(self) -> None:
        self._server.close()
        self._door.unlink(missing_ok=True)
        for writer in self._open:
            writer.transport.abort()
        for writer in self._open:
            with suppress(ConnectionError):
                await writer.wait_closed()
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._to)
        self._open |= {writer, back}
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
    except ConnectionError:
        pass
    target.close()


async def test_a_pool_asks_on_however_long_its_server_was_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_RECONNECT_SECONDS", 0.2)
    with TemporaryDirectory(dir="/tmp") as folder:
        relay = Relay(Path(folder), database_url)
        await relay.open()
        with capture_logs() as logs:
            async with Database(relay.url) as db:
                assert await _works(db)
                await relay.shut()
                with pytest.raises(PoolTimeout):  # longer than any series of tries to reconnect
                    await _works(db, seconds=4)
                await relay.open()
                begin = time.monotonic()
                assert await _works(db)
            await relay.shut()
    assert time.monotonic() - begin < 10
    assert not db.away.is_set()
    assert [entry["event"] for entry in logs] == ["database_unreachable", "database_is_back"]


async def _works(db: Database, *, seconds: float = 30) -> bool:
    db._pool.timeout = seconds
    async with db.transaction() as tx:
        return await tx.one("select 1 as one") == {"one": 1}


def test_a_silent_server_is_given_up_in_time_unless_the_url_says_otherwise() -> None:
    patient = conninfo_to_dict(with_timeouts("postgresql://db/hub?connect_timeout=60&keepalives_idle=300"))

    assert (patient["connect_timeout"], patient["keepalives_idle"]) == ("60", "300")
    assert int(patient["tcp_user_timeout"] or 0) == 15_000
    assert int(conninfo_to_dict(with_timeouts("postgresql://db/hub"))["connect_timeout"] or 0) == 5
