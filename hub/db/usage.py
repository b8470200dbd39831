"""Calls to remote systems, counted by connection, object, purpose and day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from psycopg.rows import DictRow

from hub.db.session import Tx


async def add(tx: Tx, *, calls: Sequence[tuple[int, str, str, date, int]]) -> None:
    """Add to the counts: (connection, object, purpose, day, calls)."""
    await tx.run(
        """
        insert into usage as u (connection_id, object, purpose, day, calls)
        select * from unnest(%s::int[], %s::text[], %s::text[], %s::date[], %s::bigint[]) as c(
            connection_id, object, purpose, day, calls)
        order by connection_id, day, object, purpose
        on conflict (connection_id, day, object, purpose) do update set calls = u.calls + excluded.calls
        """,
        *(list(column) for column in zip(*calls, strict=True)),
    )


async def by_day(tx: Tx, *, connection_id: int, days: int) -> list[DictRow]:
    """The last days (UTC), today included: the newest first, what cost most on top."""
    return await tx.all(
        "select day, object, purpose, calls from usage where connection_id = %s "
        " and day > (now() at time zone 'utc')::date - %s"
        " order by day desc, calls desc, object, purpose",
        connection_id,
        days,
    )


async def today(tx: Tx) -> list[DictRow]:
    """Of every connection: today's calls by object and purpose."""
    return await tx.all(
        "select c.name as connection, u.object, u.purpose, u.calls from usage u"
        " join connection c on c.id = u.connection_id"
        " where c.state <> 'retired' and u.day = (now() at time zone 'utc')::date order by 1, 2, 3"
    )
