"""Reconciliations: what both sides hold, for comparing, and what the comparisons found."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx


class KnownLink(Struct, frozen=True):
    """A live link as the hub knows it. `shadow` is JSON text."""

    remote_id: str
    record_id: UUID
    state: str
    shadow: str
    seen_hash: bytes | None
    remote_version: str | None


async def versions(
    tx: Tx, *, connection_id: int, object_name: str, after: str, limit: int
) -> list[tuple[str, str | None]]:
    """(remote id, version token) of live links, in the order of the remote ids, after one."""
    return await tx.tuples(
        "select remote_id, remote_version from link where connection_id = %s and object = %s and state = 'live'"
        " and remote_id > %s order by remote_id limit %s",
        connection_id,
        object_name,
        after,
        limit,
    )


async def links(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Collection[str]) -> dict[str, KnownLink]:
    """The links of these remote ids, of whatever state."""
    rows = await tx.tuples(
        "select remote_id, record_id, state, shadow::text, seen_hash, remote_version from link"
        " where connection_id = %s and object = %s and remote_id = any(%s)",
        connection_id,
        object_name,
        Texts(remote_ids),
    )
    return {row[0]: KnownLink(*row) for row in rows}


async def live_links(tx: Tx, *, connection_id: int, object_name: str, after: str, limit: int) -> list[KnownLink]:
    """Live links in the order of the remote ids, after one."""
    rows = await tx.tuples(
        "select remote_id, record_id, state, shadow::text, seen_hash, remote_version from link"
        " where connection_id = %s and object = %s and state = 'live' and remote_id > %s order by remote_id limit %s",
        connection_id,
        object_name,
        after,
        limit,
    )
    return [KnownLink(*row) for row in rows]


async def note_versions(
    tx: Tx, *, connection_id: int, object_name: str, seen: Sequence[tuple[str, str, bytes]]
) -> None:
    """(remote id, version token, fingerprint): records that changed in nothing that is mapped bear another token."""
    await tx.run(
        "update link set remote_version = s.version from unnest(%s::text[], %s::text[], %s::bytea[])"
        " as s(remote_id, version, hash) where link.connection_id = %s and link.object = %s"
        " and link.remote_id = s.remote_id and link.state = 'live' and link.seen_hash = s.hash",
        [s[0] for s in seen],
        [s[1] for s in seen],
        [s[2] for s in seen],
        connection_id,
        object_name,
    )


async def unlinked(
    tx: Tx, *, table: str, root: str, connection_id: int, object_name: str, after: UUID, limit: int
) -> list[UUID]:
    """Living records of a type that never stood in this object, in the order of their ids, after one."""
    rows = await tx.tuples(
        f"select r.id from {table} t join {root} r on r.id = t.id"
        " where t.id > %s and r.deleted_at is null and r.merged_into is null"
        # Two questions, because live links are found by one index and the others by another.
        " and not exists (select from link l where l.record_id = t.id and l.connection_id = %s and l.object = %s"
        " and l.state = 'live')"
        " and not exists (select from link l where l.record_id = t.id and l.connection_id = %s and l.object = %s"
        " and l.state <> 'live') order by t.id limit %s",
        after,
        connection_id,
        object_name,
        connection_id,
        object_name,
        limit,
    )
    return [row[0] for row in rows]


async def open_deliveries(
    tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]
) -> dict[UUID, tuple[int, str]]:
    """Record → (delivery, its state) of what is not settled yet."""
    rows = await tx.tuples(
        "select record_id, id, state from delivery where record_id = any(%s) and connection_id = %s and object = %s"
        " and state in ('pending', 'sending', 'unknown', 'waiting', 'dead')",
        Uuids(record_ids),
        connection_id,
        object_name,
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def not_planned(tx: Tx, *, connection_id: int, record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that have a change which the connection has not looked at yet."""
    rows = await tx.tuples(
        """
        select distinct ch.record_id from change ch
        left join cursor cu on cu.connection_id = %s and cu.object = '*' and cu.direction = 'outbound'
        where ch.record_id = any(%s) and (cu.value is null or
            (ch.xid, ch.id) > (split_part(cu.value, ':', 1)::xid8, split_part(cu.value, ':', 2)::bigint))
        """,
        connection_id,
        Uuids(record_ids),
    )
    return {row[0] for row in rows}


async def held_back(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Collection[str]) -> dict[str, str]:
    """Remote id → why the hub has not taken it over: `quarantined`, or `to_be_read`."""
    rows = await tx.tuples(
        "select remote_id, 'to_be_read' from reread where connection_id = %s and object = %s and remote_id = any(%s)"
        " union all select remote_id, 'quarantined' from quarantine"
        " where connection_id = %s and object = %s and remote_id = any(%s)",
        connection_id,
        object_name,
        Texts(remote_ids),
        connection_id,
        object_name,
        Texts(remote_ids),
    )
    return dict(rows)


async def start(tx: Tx, *, connection_id: int, object_name: str, run_id: int, method: str) -> int:
    row = await tx.one(
        "insert into reconciliation (connection_id, object, run_id, method) values (%s, %s, %s, %s) returning id",
        connection_id,
        object_name,
        run_id,
        method,
    )
    assert row is not None
    return int(row["id"])


async def finish(
    tx: Tx,
    *,
    reconciliation_id: int,
    calls: int,
    records: int,
    agreement: float,
    unread_seconds: float | None,
    undelivered_seconds: float | None,
    fields: Mapping[str, Any],
    causes: Mapping[str, int],
) -> None:
    await tx.run(
        "update reconciliation set finished_at = clock_timestamp(), calls = %s, records = %s, agreement = %s,"
        " unread_seconds = %s, undelivered_seconds = %s, fields = %s, causes = %s where id = %s",
        calls,
        records,
        agreement,
        unread_seconds,
        undelivered_seconds,
        Jsonb(dict(fields)),
        Jsonb(dict(causes)),
        reconciliation_id,
    )


async def staleness(tx: Tx, *, connection_id: int, object_name: str) -> tuple[float | None, float | None]:
    """Seconds since the object was last read to its end, and the age in seconds of the oldest undelivered edit."""
    rows = await tx.tuples(
        """
        select
            (select extract(epoch from clock_timestamp() - max(finished_at))::float8 from run
                where connection_id = %s and object = %s and kind = 'pull' and state = 'done'),
            (select extract(epoch from clock_timestamp() - min(created_at))::float8 from delivery
                where connection_id = %s and object = %s
                and state in ('pending', 'sending', 'unknown', 'waiting', 'dead'))
        """,
        connection_id,
        object_name,
        connection_id,
        object_name,
    )
    return rows[0][0], rows[0][1]


class FoundRow(Struct, frozen=True):
    """One disagreement. `ours`, `theirs` are JSON text; `remote_id` or `record_id` may be empty, `field` is ''."""

    kind: str
    cause: str
    remote_id: str | None
    record_id: UUID | None
    field: str
    ours: str
    theirs: str
    detail: str | None
    repair: str | None


async def keep(
    tx: Tx, *, reconciliation_id: int, connection_id: int, object_name: str, found: Sequence[FoundRow]
) -> None:
    """Store what was found; a disagreement that was there before keeps the time since when it is known."""
    await tx.run_many(
        """
        insert into disagreement (connection_id, object, kind, cause, remote_id, record_id, field, ours, theirs,
            detail, repair, reconciliation_id)
        values (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s, %s, %s)
        on conflict (connection_id, object, coalesce(remote_id, ''), coalesce(record_id::text, ''), field)
            do update set kind = excluded.kind, cause = excluded.cause, ours = excluded.ours,
                theirs = excluded.theirs, detail = excluded.detail, repair = excluded.repair,
                reconciliation_id = excluded.reconciliation_id, last_seen_at = clock_timestamp()
        """,
        [
            (connection_id, object_name, f.kind, f.cause, f.remote_id, f.record_id, f.field, f.ours, f.theirs,
             f.detail, f.repair, reconciliation_id)
            for f in found
        ],
    )  # fmt: skip


async def forget_settled(tx: Tx, *, connection_id: int, object_name: str, reconciliation_id: int) -> int:
    """Disagreements of earlier comparisons that this one has not found again are over."""
    return await tx.run(
        "delete from disagreement where connection_id = %s and object = %s and reconciliation_id <> %s",
        connection_id,
        object_name,
        reconciliation_id,
    )


async def disagreements(
    tx: Tx, *, connection_id: int | None, cause: str | None = None, after: int | None = None, limit: int = 100
) -> list[DictRow]:
    """Oldest first, after an id."""
    return await tx.all(
        "select d.*, c.name as connection from disagreement d join connection c on c.id = d.connection_id"
        " where (%s::int is null or d.connection_id = %s) and (%s::text is null or d.cause = %s)"
        " and d.id > coalesce(%s::bigint, 0) order by d.id limit %s",
        connection_id, connection_id, cause, cause, after, limit,
    )  # fmt: skip


async def repairable(tx: Tx, *, connection_id: int, object_name: str | None = None) -> list[DictRow]:
    """What another read (by remote id) or another delivery (by record) would set right, in the order it was found."""
    return await tx.all(
        "select object, cause, remote_id, record_id, field, repair from disagreement"
        " where connection_id = %s and (%s::text is null or object = %s) and repair is not null order by id",
        connection_id,
        object_name,
        object_name,
    )


async def oldest(tx: Tx, *, connection_id: int, object_name: str) -> datetime | None:
    row = await tx.one(
        "select min(first_seen_at) as at from disagreement where connection_id = %s and object = %s",
        connection_id,
        object_name,
    )
    return row["at"] if row else None


async def history(tx: Tx, *, connection_id: int | None, before: int | None, limit: int) -> list[DictRow]:
    """Finished reconciliations, newest first, before an id."""
    return await tx.all(
        "select r.*, c.name as connection from reconciliation r join connection c on c.id = r.connection_id"
        " where (%s::int is null or r.connection_id = %s) and (%s::bigint is null or r.id < %s)"
        " and r.finished_at is not null order by r.id desc limit %s",
        connection_id, connection_id, before, before, limit,
    )  # fmt: skip
