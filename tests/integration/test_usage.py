"""What calls were for is stored by connection, object, purpose and day, added up over processes."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import psycopg
import pytest

from hub.budget import Meter, calls_for
from hub.db import usage
from hub.db.session import Database
from hub.services.usage import flush, kept_usage

TODAY = datetime.now(UTC).date()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


def counted(*, reads: int) -> Meter:
    meter = Meter(today=lambda: TODAY)
    with calls_for("read", "Account"):
        for _ in range(reads):
            meter.count(1, 1)
    return meter


async def calls(db: Database) -> list[tuple[date, str, str, int]]:
    async with db.transaction() as tx:
        rows = await usage.by_day(tx, connection_id=1, days=1)
    return [(row["day"], row["object"], row["purpose"], row["calls"]) for row in rows]


async def test_counts_of_several_processes_add_up(db: Database) -> None:
    await flush(db, counted(reads=3))
    meter = counted(reads=2)
    meter.count(1, 5)
    await flush(db, meter)
    await flush(db, meter)
    assert await calls(db) == [(TODAY, "", "check", 5), (TODAY, "Account", "read", 5)]


async def test_counts_that_could_not_be_stored_are_stored_later(db: Database, database_url: str) -> None:
    meter = counted(reads=3)
    async with db.transaction() as tx:
        await tx.run("alter table usage rename to elsewhere")
    with pytest.raises(psycopg.Error):
        await flush(db, meter)
    async with db.transaction() as tx:
        await tx.run("alter table elsewhere rename to usage")
    await flush(db, meter)
    assert await calls(db) == [(TODAY, "Account", "read", 3)]


async def test_the_end_of_a_process_stores_what_is_left(db: Database) -> None:
    async with kept_usage(db) as meter:
        with calls_for("write", "Account"):
            meter.count(1, 2)
    assert await calls(db) == [(TODAY, "Account", "write", 2)]
