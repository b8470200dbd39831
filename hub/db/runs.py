"""Runs: what was done for one connection, with its counts and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.session import Tx


async def start(tx: Tx, *, connection_id: int, kind: str, object_name: str | None = None) -> int:
    row = await tx.one(
        "insert into run (connection_id, kind, object) values (%s, %s, %s) returning id",
        connection_id,
        kind,
        object_name,
    )
    assert row is not None
    return int(row["id"])


async def add_counts(tx: Tx, *, run_id: int, counts: Mapping[str, int]) -> None:
    """Add to the run's counts, together with the page they come from."""
    await tx.run(
        """
        update run set counts = counts || (
            select coalesce(jsonb_object_agg(key, value::bigint + coalesce((counts ->> key)::bigint, 0)), '{}')
            from jsonb_each_text(%s))
        where id = %s
        """,
        Jsonb(dict(counts)),
        run_id,
    )


async def finish(tx: Tx, *, run_id: int, error: str | None = None) -> None:
    await tx.run(
        "update run set state = %s, error = %s, finished_at = clock_timestamp() where id = %s",
        "failed" if error else "done",
        error,
        run_id,
    )


async def stop(tx: Tx, *, run_id: int, reason: str) -> None:
    """A guard ended it before it wrote anything."""
    await tx.run(
        "update run set state = 'stopped', error = %s, finished_at = clock_timestamp() where id = %s", reason, run_id
    )


async def abandon(tx: Tx, *, connection_id: int, object_name: str | None, kind: str) -> int:
    """Close runs whose process died; called by whoever holds the lease they ran under."""
    return await tx.run(
        "update run set state = 'abandoned', finished_at = clock_timestamp()"
        " where connection_id = %s and object is not distinct from %s and kind = %s and state = 'running'",
        connection_id,
        object_name,
        kind,
    )


async def all_done(tx: Tx, *, connection_id: int, objects: Sequence[str], kind: str) -> bool:
    """Whether each of these objects has had at least one run of the kind that came to its good end."""
    row = await tx.one(
        "select count(distinct object) as done from run"
        " where connection_id = %s and kind = %s and state = 'done' and object = any(%s)",
        connection_id,
        kind,
        list(objects),
    )
    return row is not None and int(row["done"]) == len(set(objects))


async def any_done(tx: Tx, *, connection_id: int, object_name: str, kind: str) -> bool:
    """Whether the object has had a run of the kind that came to its good end: seen at once where the last one did."""
    row = await tx.one(
        "select 1 from run where connection_id = %s and object = %s and kind = %s and state = 'done'"
        " order by id desc limit 1",
        connection_id,
        object_name,
        kind,
    )
    return row is not None


async def recent(tx: Tx, *, connection_id: int | None = None, limit: int = 50) -> list[dict[str, object]]:
    return [
        dict(row)
        for row in await tx.all(
            "select r.*, c.name as connection from run r join connection c on c.id = r.connection_id"
            " where %s::int is null or r.connection_id = %s order by r.id desc limit %s",
            connection_id,
            connection_id,
            limit,
        )
    ]


async def by_id(tx: Tx, run_id: int) -> DictRow | None:
    return await tx.one("select * from run where id = %s", run_id)


async def page(
    tx: Tx, *, connection_id: int | None = None, state: str | None = None, before: int | None = None, limit: int = 100
) -> list[DictRow]:
    """Newest first, before an id."""
    return await tx.all(
        "select r.*, c.name as connection from run r join connection c on c.id = r.connection_id"
        " where (%s::int is null or r.connection_id = %s) and (%s::text is null or r.state = %s)"
        " and (%s::bigint is null or r.id < %s) order by r.id desc limit %s",
        connection_id, connection_id, state, state, before, before, limit,
    )  # fmt: skip
