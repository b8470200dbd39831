"""What systems said of their fields, and where that does not fit the mappings any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from hub.db.session import Tx

# A page read so long before a finding may have been stored after it.
_READ_BEFORE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of one object. `described`: its fields as they were last seen, None when they never were."""

    described: dict[str, Any] | None
    mapping_digest: str | None
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One finding as it is stored; `edit` is the change of the mapping that would make it fit."""

    kind: str
    field: str
    remote: str
    stops: str
    words: list[str]
    longest: int | None
    line: int
    message: str
    edit: str | None


async def claim(tx: Tx, *, connection_id: int, objects: Sequence[str], every: timedelta) -> set[str]:
    """Those of the objects that the system is to be asked about now; nobody else asks before `every` is over."""
    rows = await tx.tuples(
        """
        insert into schema_snapshot as s (connection_id, object, asked_at)
        select %s, o, clock_timestamp() from unnest(%s::text[]) as o order by o
        on conflict (connection_id, object) do update set asked_at = clock_timestamp()
            where s.asked_at <= clock_timestamp() - %s
        returning object
        """,
        connection_id,
        list(objects),
        every,
    )
    return {row[0] for row in rows}


async def ask_again(tx: Tx, *, connection_id: int, objects: Sequence[str], every: timedelta, within: timedelta) -> None:
    """These could not be asked about: it is tried again `within` a while instead of after `every`."""
    await tx.run(
        "update schema_snapshot set asked_at = clock_timestamp() - greatest(%s - %s, interval '0')"
        " where connection_id = %s and object = any(%s)",
        every,
        within,
        connection_id,
        list(objects),
    )


async def snapshots(tx: Tx, *, connection_id: int, every: timedelta) -> dict[str, tuple[str | None, bool]]:
    """Of each object that was ever asked about: the digest it was held against, and whether it is time to ask."""
    rows = await tx.tuples(
        "select object, mapping_digest, asked_at <= clock_timestamp() - %s from schema_snapshot"
        " where connection_id = %s",
        every,
        connection_id,
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def lock_snapshot(tx: Tx, *, connection_id: int, object_name: str) -> Snapshot | None:
    """The object's snapshot, held against others until the transaction ends."""
    row = await tx.one(
        "select described, mapping_digest, seen_at from schema_snapshot"
        " where connection_id = %s and object = %s for update",
        connection_id,
        object_name,
    )
    return Snapshot(**row) if row else None


async def save_snapshot(
    tx: Tx, *, connection_id: int, object_name: str, described: object, mapping_digest: str, seen: bool
) -> None:
    """`seen`: the system was asked just now."""
    await tx.run(
        "update schema_snapshot set described = %s, mapping_digest = %s,"
        " seen_at = case when %s then clock_timestamp() else seen_at end where connection_id = %s and object = %s",
        Jsonb(described),
        mapping_digest,
        seen,
        connection_id,
        object_name,
    )


async def open_rows(tx: Tx, *, connection_id: int) -> list[DictRow]:
    return await tx.all(
        "select object, kind, field, remote, stops, words, longest, line, message from drift"
        " where connection_id = %s and state = 'open' order by object, line, id",
        connection_id,
    )


async def replace(
    tx: Tx, *, connection_id: int, object_name: str, file: str, found: Sequence[DriftRow]
) -> tuple[list[DictRow], list[DictRow]]:
    """Make these the object's open findings; returns those that are new and those that are settled by it."""
    settled = await tx.all(
        """
        update drift d set state = 'settled', settled_at = clock_timestamp()
        where connection_id = %s and object = %s and state = 'open' and not exists (
            select from unnest(%s::text[], %s::text[], %s::text[]) as k(kind, field, remote)
            where (k.kind, k.field, k.remote) = (d.kind, d.field, d.remote))
        returning *
        """,
        connection_id,
        object_name,
        [row.kind for row in found],
        [row.field for row in found],
        [row.remote for row in found],
    )
    opened = await tx.all(
        """
        insert into drift as d (connection_id, object, file, kind, field, remote, stops, longest, line, message, edit,
            words)
        select %s, %s, %s, r.kind, r.field, r.remote, r.stops, r.longest, r.line, r.message, r.edit,
            array(select jsonb_array_elements_text(r.words))
        from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::text[], %s::text[],
            %s::jsonb[]) as r(kind, field, remote, stops, longest, line, message, edit, words)
        on conflict (connection_id, object, kind, field, remote) where state = 'open' do update set
            file = excluded.file, stops = excluded.stops, words = excluded.words, longest = excluded.longest,
            line = excluded.line, message = excluded.message, edit = excluded.edit
        returning *, xmax = 0 as is_new
        """,
        connection_id,
        object_name,
        file,
        [row.kind for row in found],
        [row.field for row in found],
        [row.remote for row in found],
        [row.stops for row in found],
        [row.longest for row in found],
        [row.line for row in found],
        [row.message for row in found],
        [row.edit for row in found],
        [Jsonb(row.words) for row in found],
    )
    return [row for row in opened if row["is_new"]], settled


async def revive_refused(
    tx: Tx, *, connection_id: int, object_name: str, paths: Sequence[str], since: datetime | None
) -> int:
    """Writes that were refused since then and hold one of these remote fields are computed anew."""
    return await tx.run(
        "update delivery set state = 'pending', attempts = 0, next_attempt_at = clock_timestamp(),"
        " updated_at = clock_timestamp() where connection_id = %s and object = %s and state = 'dead'"
        " and error_class = 'RecordRejected' and payload ?| %s and edited is null"
        " and updated_at >= coalesce(%s::timestamptz, '-infinity')",
        connection_id,
        object_name,
        list(paths),
        since,
    )


async def let_flow(tx: Tx, *, connection_id: int, object_name: str) -> int:
    """Deliveries that held something back are looked at again."""
    return await tx.run(
        "update delivery set state = 'pending', next_attempt_at = clock_timestamp()"
        " where connection_id = %s and object = %s and state = 'waiting' and error_class = 'SchemaDrift'",
        connection_id,
        object_name,
    )


async def read_again(
    tx: Tx, *, connection_id: int, object_name: str, fields: Sequence[str], since: datetime | None
) -> int:
    """Records whose values for these fields are in quarantine, and those that were read `since` then."""
    return await tx.run(
        """
        insert into reread (connection_id, object, remote_id, reason, next_attempt_at)
        select %(here)s, %(object)s, remote_id, 'a field that did not fit the mapping fits again', clock_timestamp()
        from (
            select remote_id from link where connection_id = %(here)s and object = %(object)s and state = 'live'
                and as_of >= %(since)s::timestamptz
            union
            select remote_id from quarantine where connection_id = %(here)s and object = %(object)s
                and exists (select from jsonb_array_elements(problems) p where p ->> 'field' = any(%(fields)s))
        ) as r order by remote_id
        on conflict (connection_id, object, remote_id) do update set
            request = default, attempts = 0, next_attempt_at = least(reread.next_attempt_at, excluded.next_attempt_at)
        """,
        here=connection_id,
        object=object_name,
        fields=list(fields),
        since=since and since - _READ_BEFORE,
    )


async def listing(
    tx: Tx,
    *,
    connection_id: int | None = None,
    state: str | None = "open",
    before: int | None = None,
    limit: int = 100,
) -> list[DictRow]:
    """Newest first, before an id."""
    return await tx.all(
        """
        select d.*, c.name as connection, c.system from drift d join connection c on c.id = d.connection_id
        where c.state <> 'retired' and (%(here)s::int is null or d.connection_id = %(here)s)
            and (%(state)s::text is null or d.state = %(state)s) and (%(before)s::bigint is null or d.id < %(before)s)
        order by d.id desc limit %(limit)s
        """,
        here=connection_id,
        state=state,
        before=before,
        limit=limit,
    )
