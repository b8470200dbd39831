"""Merges made in the hub: what each of them moved, so that it can be undone to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.session import Tx


class MovedLink(Struct, frozen=True):
    """A link that went over, with its shadow before and after (JSON values by field)."""

    connection_id: int
    object: str
    remote_id: str
    before: dict[str, Any]
    after: dict[str, Any]


class MovedReference(Struct, frozen=True):
    """A reference that went over: see `references.Moved`."""

    record_type: str
    record_id: UUID
    version: int
    field: str
    to: UUID | None


class Moves(Struct, frozen=True):
    """All that a merge did beside marking the loser.

    `filled`: fields that the survivor took over (JSON), in its version `filled_in`. `conflicts` and `reviews` of the
    loser were closed.
    """

    filled: dict[str, Any] = {}
    filled_in: int = 0
    references: Sequence[MovedReference] = ()
    links: Sequence[MovedLink] = ()
    conflicts: Sequence[int] = ()
    reviews: Sequence[int] = ()


class StoredMerge(Struct, frozen=True):
    """One merge: `kind` link is that of a remote record whose record was only made to hold it."""

    id: int
    record_type: str
    loser: UUID
    survivor: UUID
    survivor_version: int
    kind: Literal["merge", "link"]
    review_id: int | None
    moves: Moves
    made_by: str
    made_at: datetime
    undone_by: str | None
    undone_at: datetime | None


async def add(
    tx: Tx,
    *,
    record_type: str,
    loser: UUID,
    survivor: UUID,
    survivor_version: int,
    kind: Literal["merge", "link"],
    review_id: int | None,
    moves: Moves,
    by: str,
) -> int:
    """`survivor_version` is that of the survivor once the merge was done."""
    row = await tx.one(
        "insert into record_merge (record_type, loser, survivor, survivor_version, kind, review_id, moves, made_by)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s) returning id",
        record_type,
        loser,
        survivor,
        survivor_version,
        kind,
        review_id,
        Jsonb(msgspec.to_builtins(moves)),
        by,
    )
    assert row is not None
    return int(row["id"])


async def standing(tx: Tx, *, loser: UUID) -> StoredMerge | None:
    """The merge by which this record lives on in another, if the hub made it; held until the transaction ends."""
    row = await tx.one(
        "select * from record_merge where loser = %s and undone_at is null order by id desc limit 1 for update", loser
    )
    return _merge(row) if row else None


async def of_record(tx: Tx, record_id: UUID) -> list[StoredMerge]:
    """Merges in which the record was the loser or the survivor, the newest first."""
    rows = await tx.all(
        "select * from record_merge where loser = %s or survivor = %s order by id desc", record_id, record_id
    )
    return [_merge(row) for row in rows]


async def that_brought(tx: Tx, *, connection_id: int, object_name: str, remote_id: str) -> StoredMerge | None:
    """The newest standing merge with which this remote record's link went over; held."""
    row = await tx.one(
        "select * from record_merge where undone_at is null and moves -> 'links' @> %s order by id desc limit 1"
        " for update",
        Jsonb([{"connection_id": connection_id, "object": object_name, "remote_id": remote_id}]),
    )
    return _merge(row) if row else None


async def mark_undone(tx: Tx, merge_id: int, *, by: str) -> None:
    await tx.run("update record_merge set undone_by = %s, undone_at = now() where id = %s", by, merge_id)


async def links_of(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Every link of a record, whatever its state, with its shadow (JSON); held until the transaction ends."""
    return await tx.all(
        "select connection_id, object, remote_id, state, shadow from link where record_id = %s"
        " order by connection_id, object, remote_id for update",
        record_id,
    )


async def hand_link(
    tx: Tx, *, connection_id: int, object_name: str, remote_id: str, shadow: dict[str, Any], record_id: UUID
) -> None:
    """Give a link to a record, with this shadow; its next read looks again."""
    await tx.run(
        "update link set record_id = %s, shadow = %s, seen_hash = null"
        " where connection_id = %s and object = %s and remote_id = %s",
        record_id,
        Jsonb(shadow),
        connection_id,
        object_name,
        remote_id,
    )


async def written_since(
    tx: Tx, *, record_id: UUID, version: int, fields: Sequence[str] | None = None
) -> dict[str, DictRow]:
    """By field: the newest change after a version, with `new`, `origin`, `remote_id`, `writer` and `at`."""
    rows = await tx.all(
        """
        select distinct on (k.field) k.field, ch.new -> k.field as new, ch.origin, ch.remote_id, ch.at,
            coalesce(c.name, ch.actor, 'somebody') as writer
        from change ch cross join lateral jsonb_object_keys(ch.new) as k(field)
            left join connection c on c.id = ch.origin
        where ch.record_id = %(record_id)s and ch.version > %(version)s and jsonb_typeof(ch.new) = 'object'
            and ch.op in ('update', 'restore') and (%(fields)s::text[] is null or k.field = any(%(fields)s))
        order by k.field, ch.version desc, ch.id desc
        """,
        record_id=record_id,
        version=version,
        fields=None if fields is None else list(fields),
    )
    return {row["field"]: row for row in rows}


async def close_conflicts(tx: Tx, *, record_id: UUID, resolution: str) -> list[int]:
    """What was in conflict of a record is not any more: the ids, to be opened again by `reopen`."""
    rows = await tx.all(
        "update conflict set state = 'resolved', resolution = %s, resolved_by = 'hub', resolved_at = clock_timestamp()"
        " where record_id = %s and state = 'open' returning id",
        resolution,
        record_id,
    )
    return sorted(row["id"] for row in rows)


async def close_conflicts_at(tx: Tx, *, record_id: UUID, places: Sequence[tuple[int, str]], resolution: str) -> None:
    """Conflicts of a record with these (connection, object) are no longer its own where it has no link any more."""
    await tx.run(
        "update conflict set state = 'resolved', resolution = %s, resolved_by = 'hub', resolved_at = clock_timestamp()"
        " from unnest(%s::int[], %s::text[]) as p(connection_id, object) where conflict.record_id = %s"
        " and state = 'open' and conflict.connection_id = p.connection_id and conflict.object = p.object"
        " and not exists (select from link where link.record_id = conflict.record_id and link.state = 'live'"
        " and link.connection_id = p.connection_id and link.object = p.object)",
        resolution,
        [place[0] for place in places],
        [place[1] for place in places],
        record_id,
    )


async def reopen(tx: Tx, *, conflicts: Sequence[int], reviews: Sequence[int]) -> None:
    """Conflicts and reviews that a merge closed wait again."""
    await tx.run(
        "update conflict set state = 'open', resolution = null, resolved_by = null, resolved_at = null"
        " where id = any(%s) and state = 'resolved'",
        list(conflicts),
    )
    await tx.run(
        "update match_review set state = 'open', decided_by = null where id = any(%s) and state = 'merged'",
        list(reviews),
    )


async def waiting(tx: Tx, *, record_id: UUID) -> tuple[int, int]:
    """How many deliveries and conflicts of a record are open."""
    row = await tx.one(
        "select (select count(*) from delivery where record_id = %(id)s"
        " and state in ('pending', 'sending', 'unknown', 'waiting', 'dead')) as deliveries,"
        " (select count(*) from conflict where record_id = %(id)s and state = 'open') as conflicts",
        id=record_id,
    )
    assert row is not None
    return int(row["deliveries"]), int(row["conflicts"])


def _merge(row: DictRow) -> StoredMerge:
    return msgspec.convert(dict(row), StoredMerge)
