"""Remote records to be read again by id: hints from webhooks, stale pages and references that became resolvable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.db.session import Tx

# The reason of those that the system itself announced.
WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Reread:
    """One hint; `request` tells it from a newer one for the same record. `reason` is `webhook` or the engine's own."""

    object: str
    remote_id: str
    request: int
    attempts: int
    reason: str


async def ask(
    tx: Tx, *, connection_id: int, keys: Sequence[tuple[str, str]], reason: str, delay: timedelta = timedelta(0)
) -> int:
    """Ask for these (object, remote id) to be read again; asking twice is asking once."""
    unique = sorted(set(keys))
    if not unique:
        return 0
    return await tx.run(
        """
        insert into reread (connection_id, object, remote_id, reason, next_attempt_at)
        select %s, k.object, k.remote_id, %s, clock_timestamp() + %s from unnest(%s::text[], %s::text[])
            as k(object, remote_id)
        on conflict (connection_id, object, remote_id) do update set
            request = default, attempts = 0,
            reason = excluded.reason, next_attempt_at = least(reread.next_attempt_at, excluded.next_attempt_at)
        """,
        connection_id,
        reason,
        delay,
        [key[0] for key in unique],
        [key[1] for key in unique],
    )


async def due(tx: Tx, *, connection_id: int, limit: int) -> list[Reread]:
    rows = await tx.tuples(
        "select object, remote_id, request, attempts, reason from reread"
        " where connection_id = %s and next_attempt_at <= clock_timestamp() order by request limit %s",
        connection_id,
        limit,
    )
    return [Reread(*row) for row in rows]


async def count(tx: Tx, *, connection_id: int, object_name: str) -> int:
    """How many records of an object are to be read again, due or not."""
    row = await tx.one(
        "select count(*) as n from reread where connection_id = %s and object = %s", connection_id, object_name
    )
    assert row is not None
    return int(row["n"])


async def of_object(tx: Tx, *, connection_id: int, object_name: str, after: int, limit: int) -> list[Reread]:
    """All of an object, due or not, in the order they were asked for, after a request."""
    rows = await tx.tuples(
        "select object, remote_id, request, attempts, reason from reread"
        " where connection_id = %s and object = %s and request > %s order by request limit %s",
        connection_id,
        object_name,
        after,
        limit,
    )
    return [Reread(*row) for row in rows]


async def put_off(tx: Tx, *, connection_id: int, object_name: str, delay: timedelta) -> None:
    """Nothing of the object is due before this is over."""
    await tx.run(
        "update reread set next_attempt_at = clock_timestamp() + %s where connection_id = %s and object = %s",
        delay,
        connection_id,
        object_name,
    )


async def done(tx: Tx, *, connection_id: int, object_name: str, rereads: Sequence[Reread]) -> None:
    """Forget what was read, unless it has been asked for again meanwhile."""
    await tx.run(
        "delete from reread using unnest(%s::text[], %s::bigint[]) as k(remote_id, request)"
        " where connection_id = %s and object = %s and reread.remote_id = k.remote_id and reread.request = k.request",
        [r.remote_id for r in rereads],
        [r.request for r in rereads],
        connection_id,
        object_name,
    )


async def postpone(
    tx: Tx, *, connection_id: int, object_name: str, rereads: Sequence[Reread], delay: timedelta
) -> None:
    await tx.run(
        "update reread set attempts = attempts + 1, next_attempt_at = clock_timestamp() + %s"
        " where connection_id = %s and object = %s and remote_id = any(%s)",
        delay,
        connection_id,
        object_name,
        [r.remote_id for r in rereads],
    )


async def next_due_in(tx: Tx, *, connection_id: int) -> timedelta | None:
    """How long until the next one is due; None when there is none."""
    row = await tx.one(
        "select greatest(soonest - clock_timestamp(), interval '0') as due from ("
        " select min(next_attempt_at) as soonest from reread where connection_id = %s) r where soonest is not null",
        connection_id,
    )
    return row["due"] if row else None
