"""Cursors: how far each object of each connection has been read, and how far the change log has been delivered."""

from __future__ import annotations

from typing import Literal

from hub.db.session import Tx

Direction = Literal["inbound", "outbound"]


async def load(tx: Tx, *, connection_id: int, object_name: str, direction: Direction) -> str | None:
    row = await tx.one(
        "select value from cursor where connection_id = %s and object = %s and direction = %s",
        connection_id,
        object_name,
        direction,
    )
    return row["value"] if row else None


async def save(
    tx: Tx, *, connection_id: int, object_name: str, direction: Direction, value: str, run_id: int | None
) -> None:
    await tx.run(
        """
        insert into cursor (connection_id, object, direction, value, run_id) values (%s, %s, %s, %s, %s)
        on conflict (connection_id, object, direction)
            do update set value = excluded.value, run_id = excluded.run_id, updated_at = now()
        """,
        connection_id,
        object_name,
        direction,
        value,
        run_id,
    )


async def forget(tx: Tx, *, connection_id: int, object_name: str, direction: Direction) -> None:
    """Begin again from the start next time."""
    await tx.run(
        "delete from cursor where connection_id = %s and object = %s and direction = %s",
        connection_id,
        object_name,
        direction,
    )


async def advance(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    direction: Direction,
    began: str | None,
    ended: str,
    run_id: int | None,
) -> None:
    """Go on to `ended`, if the cursor still stands where `began` says (None: there was none)."""
    await tx.run(
        """
        insert into cursor as c (connection_id, object, direction, value, run_id)
        select %(id)s, %(object)s, %(direction)s, %(ended)s, %(run_id)s where %(began)s::text is null or exists (
            select from cursor where connection_id = %(id)s and object = %(object)s and direction = %(direction)s)
        on conflict (connection_id, object, direction)
            do update set value = excluded.value, run_id = excluded.run_id, updated_at = now()
            where c.value = %(began)s
        """,
        id=connection_id,
        object=object_name,
        direction=direction,
        began=began,
        ended=ended,
        run_id=run_id,
    )
