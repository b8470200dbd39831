"""What waits for a person, at the doors: match reviews and quarantine in lists and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import DictRow

from hub.db.session import Tx

_REVIEW = "select x.*, c.name as connection, c.system from match_review x join connection c on c.id = x.connection_id"


async def reviews(tx: Tx, *, state: str, connection_id: int | None, after: int | None, limit: int) -> list[DictRow]:
    """Oldest first, after an id."""
    return await tx.all(
        f"{_REVIEW} where x.state = %s and (%s::int is null or x.connection_id = %s)"
        " and x.id > coalesce(%s::bigint, 0) order by x.id limit %s",
        state, connection_id, connection_id, after, limit,
    )  # fmt: skip


async def review(tx: Tx, review_id: int, *, lock: bool = False) -> DictRow | None:
    return await tx.one(f"{_REVIEW} where x.id = %s{' for update of x' if lock else ''}", review_id)


async def close_reviews(tx: Tx, *, ids: Sequence[int], state: str, by: str) -> None:
    await tx.run(
        "update match_review set state = %s, decided_by = %s where id = any(%s) and state = 'open'",
        state,
        by,
        list(ids),
    )


async def quarantined(
    tx: Tx, *, connection_id: int | None, after: tuple[int, str, str] | None, limit: int
) -> list[DictRow]:
    """In the order of (connection, object, remote id)."""
    return await tx.all(
        "select q.*, c.name as connection, c.system from quarantine q join connection c on c.id = q.connection_id"
        " where (%s::int is null or q.connection_id = %s)"
        " and (%s::int is null or (q.connection_id, q.object, q.remote_id) > (%s::int, %s::text, %s::text))"
        " order by q.connection_id, q.object, q.remote_id limit %s",
        connection_id,
        connection_id,
        *(after[:1] if after else (None,)),
        *(after or (None, None, None)),
        limit,
    )


async def forget_agreement(
    tx: Tx, *, connection_id: int, object_name: str, remote_id: str, fields: Sequence[str]
) -> None:
    """Take fields out of a link's shadow: at the next read both sides meet there as if for the first time."""
    await tx.run(
        "update link set shadow = shadow - %s::text[], seen_hash = null"
        " where connection_id = %s and object = %s and remote_id = %s",
        list(fields),
        connection_id,
        object_name,
        remote_id,
    )


async def live_links(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Connection, object, remote id and shadow (JSON text) of each live link, held until the transaction ends."""
    return await tx.all(
        "select l.connection_id, l.object, l.remote_id, l.shadow::text as shadow, c.name as connection from link l"
        " join connection c on c.id = l.connection_id where l.record_id = %s and l.state = 'live'"
        " order by l.connection_id, l.object, l.remote_id for update of l",
        record_id,
    )
