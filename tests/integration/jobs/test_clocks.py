"""Clocks: something is due once in a period, whichever process looks first."""

from datetime import timedelta

from hub.db import clocks
from hub.db.session import Database


async def test_a_clock_strikes_once_a_period_and_not_before_the_first_is_over(database_url: str) -> None:
    day = timedelta(days=1)
    async with Database(database_url) as db, db.transaction() as tx:
        assert not await clocks.strike(tx, name="compare:1", every=day)
        assert not await clocks.strike(tx, name="compare:1", every=day)
        await tx.run("update lease set until = clock_timestamp() - interval '1 second'")
        assert await clocks.strike(tx, name="compare:1", every=day)
        assert not await clocks.strike(tx, name="compare:1", every=day)
