"""Scans: full reads of an object in which whatever they do not show may be gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.db.copying import copy_rows
from hub.db.session import Tx


async def begin(tx: Tx, *, connection_id: int, object_name: str, run_id: int) -> datetime:
    """Start a scan, and forget what an earlier one saw; returns the moment, by the database's clock."""
    await forget_sightings(tx, connection_id=connection_id, object_name=object_name)
    row = await tx.one(
        """
        insert into scan (connection_id, object, run_id, begun_at) values (%s, %s, %s, clock_timestamp())
        on conflict (connection_id, object) do update set run_id = excluded.run_id, begun_at = excluded.begun_at
        returning begun_at
        """,
        connection_id,
        object_name,
        run_id,
    )
    assert row is not None
    begun: datetime = row["begun_at"]
    return begun


async def note(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Iterable[str]) -> None:
    """The scan under way has seen these: part of the transaction that stores their page."""
    await copy_rows(
        tx,
        "sighting",
        ("connection_id", "object", "remote_id"),
        ((connection_id, object_name, remote_id) for remote_id in remote_ids),
    )


async def unseen(tx: Tx, *, connection_id: int, object_name: str, before: datetime) -> list[str]:
    """Live links of the object that the scan has not seen, and that nothing has been heard of since `before`."""
    # A difference of sets takes the same time whatever the planner believes of sightings that are minutes old.
    rows = await tx.tuples(
        "select remote_id from link where connection_id = %s and object = %s and state = 'live' and as_of < %s"
        " except select remote_id from sighting where connection_id = %s and object = %s order by 1",
        connection_id,
        object_name,
        before,
        connection_id,
        object_name,
    )
    return [row[0] for row in rows]


async def complete(tx: Tx, *, connection_id: int, object_name: str) -> None:
    """The scan has come to its end, and what it did not show has been dealt with."""
    await tx.run(
        "update scan set completed_at = clock_timestamp() where connection_id = %s and object = %s",
        connection_id,
        object_name,
    )
    await forget_sightings(tx, connection_id=connection_id, object_name=object_name)


async def is_due(tx: Tx, *, connection_id: int, object_name: str, every: timedelta, again: timedelta) -> bool:
    """Whether the last one was completed longer ago than `every`, and none was begun within `again`."""
    row = await tx.one(
        "select from scan where connection_id = %s and object = %s and (begun_at > clock_timestamp() - %s"
        " or completed_at > clock_timestamp() - %s)",
        connection_id,
        object_name,
        again,
        every,
    )
    return row is None


async def is_owed(tx: Tx, *, connection_id: int, object_name: str, again: timedelta) -> bool:
    """Whether the last one broke off longer ago than `again`, and what it left unread has been read since."""
    row = await tx.one(
        "select from scan s where connection_id = %s and object = %s and begun_at <= clock_timestamp() - %s"
        " and (completed_at is null or completed_at < begun_at) and exists (select from run r"
        " where r.connection_id = s.connection_id and r.object = s.object and r.kind = 'pull' and r.state = 'done'"
        " and r.id > s.run_id)",
        connection_id,
        object_name,
        again,
    )
    return row is not None


async def drop(tx: Tx, *, connection_id: int, object_name: str) -> None:
    """The scan came to its end, and nothing can be concluded from it."""
    await tx.run("delete from scan where connection_id = %s and object = %s", connection_id, object_name)
    await forget_sightings(tx, connection_id=connection_id, object_name=object_name)


async def forget_sightings(tx: Tx, *, connection_id: int, object_name: str) -> None:
    await tx.run("delete from sighting where connection_id = %s and object = %s", connection_id, object_name)
