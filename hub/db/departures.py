"""Departures: links that ended, how the hub knows, and deletions that wait for their grace."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from psycopg.rows import DictRow

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx
from hub.sdk.records import Deletion


@dataclass(frozen=True, slots=True)
class Waiting:
    """A deletion that may act on the hub's record; `version` is what the record was at when its link ended."""

    id: int
    object: str
    remote_id: str
    record_id: UUID
    version: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A link that just ended. `version` is the hub record's then; `into_object` None means the same object."""

    record_id: UUID
    version: int | None
    deletion: Deletion
    into_object: str | None = None
    into_id: str | None = None


async def note(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    record_type: str,
    ended: Sequence[Ended],
    policy: str,
    run_id: int | None,
    by_hub: bool = False,
    grace: timedelta | None = None,
) -> dict[UUID, int]:
    """Keep how these were parted; returns the departure of each record. With `grace` what follows waits so long.

    `by_hub`: the hub deleted the remote records itself.
    """
    rows = await tx.all(
        """
        insert into departure (connection_id, object, record_type, policy, run_id, state, due_at, settled_at,
            record_id, remote_id, kind, source, into_object, into_id, remote_at, version)
        select %(connection_id)s, %(object)s, %(record_type)s, %(policy)s, %(run_id)s,
            case when %(grace)s::interval is null then 'done' else 'waiting' end,
            clock_timestamp() + %(grace)s::interval,
            case when %(grace)s::interval is null then clock_timestamp() end, e.*
        from unnest(%(record_ids)s::uuid[], %(remote_ids)s::text[], %(kinds)s::text[], %(sources)s::text[],
            %(into_objects)s::text[], %(into_ids)s::text[], %(remote_ats)s::timestamptz[], %(versions)s::int[]) as e
        returning id, record_id
        """,
        connection_id=connection_id,
        object=object_name,
        record_type=record_type,
        policy=policy,
        run_id=run_id,
        grace=grace,
        record_ids=[e.record_id for e in ended],
        remote_ids=[e.deletion.id for e in ended],
        kinds=[e.deletion.kind for e in ended],
        sources=["hub" if by_hub else e.deletion.source for e in ended],
        into_objects=[e.into_object for e in ended],
        into_ids=[e.into_id for e in ended],
        remote_ats=[e.deletion.at for e in ended],
        versions=[e.version for e in ended],
    )
    return {row["record_id"]: row["id"] for row in rows}


async def due(tx: Tx, *, connection_id: int, limit: int) -> list[Waiting]:
    """Deletions whose grace is over, the oldest first."""
    rows = await tx.tuples(
        "select id, object, remote_id, record_id, version from departure where connection_id = %s"
        " and state = 'waiting' and due_at <= clock_timestamp() order by due_at, id limit %s",
        connection_id,
        limit,
    )
    return [Waiting(*row) for row in rows]


async def take(tx: Tx, ids: Sequence[int]) -> list[Waiting]:
    """Those that still wait, held until the transaction ends."""
    rows = await tx.tuples(
        "select id, object, remote_id, record_id, version from departure"
        " where id = any(%s) and state = 'waiting' order by id for update",
        list(ids),
    )
    return [Waiting(*row) for row in rows]


async def next_due_in(tx: Tx, *, connection_id: int) -> timedelta | None:
    """How long until the next grace is over; None when nothing waits."""
    row = await tx.one(
        "select greatest(soonest - clock_timestamp(), interval '0') as due from ("
        " select min(due_at) as soonest from departure where connection_id = %s and state = 'waiting') d"
        " where soonest is not null",
        connection_id,
    )
    return row["due"] if row else None


async def put_off(tx: Tx, *, connection_id: int, objects: Collection[str], delay: timedelta) -> None:
    """Nothing that waits in these objects is due before this is over."""
    await tx.run(
        "update departure set due_at = greatest(due_at, clock_timestamp() + %s)"
        " where connection_id = %s and state = 'waiting' and object = any(%s) and due_at <= clock_timestamp()",
        delay,
        connection_id,
        list(objects),
    )


async def carried_out(tx: Tx, ids: Sequence[int]) -> None:
    """What was to follow has been done."""
    await tx.run(
        "update departure set state = 'done', settled_at = clock_timestamp() where id = any(%s) and state = 'waiting'",
        list(ids),
    )


async def cancel(tx: Tx, reasons: Mapping[int, str]) -> None:
    """Nothing follows after all; each departure with its reason."""
    await tx.run(
        "update departure d set state = 'cancelled', reason = c.reason, settled_at = clock_timestamp()"
        " from unnest(%s::bigint[], %s::text[]) as c(id, reason) where d.id = c.id and d.state = 'waiting'",
        list(reasons),
        list(reasons.values()),
    )


async def keep_replaced(tx: Tx, replaced: Mapping[int, bytes]) -> None:
    """What each deactivation replaced: values as JSON, by departure."""
    await tx.run(
        "update departure d set replaced = k.replaced::jsonb from unnest(%s::bigint[], %s::text[]) as k(id, replaced)"
        " where d.id = k.id",
        list(replaced),
        [values.decode() for values in replaced.values()],
    )


async def take_back(
    tx: Tx, *, connection_id: int, object_name: str, remote_ids: Collection[str], reason: str
) -> dict[str, str]:
    """These are there again: what waits is cancelled. Returns what deactivations replaced: JSON text by remote id."""
    rows = await tx.tuples(
        """
        with newest as (
            select distinct on (remote_id) id, remote_id, replaced from departure
            where connection_id = %s and object = %s and remote_id = any(%s) order by remote_id, id desc
        ), cancelled as (
            update departure d set state = 'cancelled', reason = %s, settled_at = clock_timestamp()
            from newest where d.id = newest.id and d.state = 'waiting'
        )
        select remote_id, replaced::text from newest where replaced is not null
        """,
        connection_id,
        object_name,
        Texts(sorted(remote_ids)),
        reason,
    )
    return dict(rows)


@dataclass(frozen=True, slots=True)
class Last:
    """How a record's link in an object ended last: by the hub itself or not, and at which version what waits began."""

    by_hub: bool
    waiting_since: int | None


async def last_of(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]) -> dict[UUID, Last]:
    """For those of the records that were deleted in this object."""
    rows = await tx.tuples(
        "select distinct on (l.record_id) l.record_id, d.source = 'hub', case d.state when 'waiting' then d.version end"
        " from link l join departure d using (connection_id, object, remote_id)"
        " where l.record_id = any(%s) and l.connection_id = %s and l.object = %s and l.state = 'deleted'"
        " order by l.record_id, d.id desc",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0]: Last(row[1], row[2]) for row in rows}


async def of_record(tx: Tx, record_id: UUID) -> list[DictRow]:
    """The newest departure of each remote record that once stood for this one and does no more."""
    return await tx.all(
        """
        select distinct on (d.connection_id, d.object, d.remote_id) d.* from link l
        join departure d using (connection_id, object, remote_id)
        where l.record_id = %s and l.state <> 'live' order by d.connection_id, d.object, d.remote_id, d.id desc
        """,
        record_id,
    )


async def listing(
    tx: Tx,
    *,
    state: str | None = None,
    connection_id: int | None = None,
    only: int | None = None,
    after: int | None = None,
    limit: int,
) -> list[DictRow]:
    """Departures with the name of their connection, oldest first, after an id; or only one."""
    return await tx.all(
        """
        select d.*, c.name as connection, c.system from departure d join connection c on c.id = d.connection_id
        where (%(state)s::text is null or d.state = %(state)s) and (%(only)s::bigint is null or d.id = %(only)s)
            and (%(here)s::int is null or d.connection_id = %(here)s) and d.id > coalesce(%(after)s::bigint, 0)
        order by d.id limit %(limit)s
        """,
        state=state,
        only=only,
        here=connection_id,
        after=after,
        limit=limit,
    )
