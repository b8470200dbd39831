"""What one run has written, and what became of it since: from which an undo is made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow

from hub.db.arrays import Uuids
from hub.db.session import Tx

# (connection id, object, remote id)
LinkKey = tuple[int, str, str]


async def collect(tx: Tx, *, run_id: int) -> int:
    """Note, until the transaction ends, which records the run changed, linked or (as an undo) took apart; how many."""
    return await tx.run(
        """
        create temp table undo_record on commit drop as
            select record_id from change where run_id = %(run)s::bigint
            union select record_id from link where run_id = %(run)s::bigint and state = 'live'
            union select i.record_id from plan p join plan_item i on i.plan_id = p.id
                where p.run_id = %(run)s::bigint and i.state = 'applied' and i.detail ? 'unlink'
        """,
        run=run_id,
    )


async def records_before(tx: Tx, *, before: UUID, limit: int) -> list[UUID]:
    """The next of the collected records, the youngest first."""
    rows = await tx.tuples(
        "select record_id from undo_record where record_id < %s order by record_id desc limit %s", before, limit
    )
    return [row[0] for row in rows]


async def merged_away(tx: Tx, *, run_id: int) -> set[str]:
    """Records that the run merged into others, as values name them."""
    rows = await tx.tuples("select record_id::text from change where run_id = %s and op = 'merge'", run_id)
    return {row[0] for row in rows}


async def changes_of(tx: Tx, *, run_id: int, record_ids: Collection[UUID]) -> dict[UUID, list[DictRow]]:
    """What the run did to each record, in order."""
    found: dict[UUID, list[DictRow]] = {}
    for row in await tx.all(
        "select record_id, record_type, version, op, old, new from change"
        " where record_id = any(%s) and run_id = %s order by version, id",
        Uuids(record_ids),
        run_id,
    ):
        found.setdefault(row["record_id"], []).append(row)
    return found


async def later_changes(tx: Tx, *, run_id: int, record_ids: Collection[UUID]) -> dict[UUID, list[DictRow]]:
    """What others did to each record after the run had begun with it: versions and the fields they touched."""
    found: dict[UUID, list[DictRow]] = {}
    for row in await tx.all(
        """
        select ch.record_id, ch.version, ch.op,
            case when jsonb_typeof(ch.new) = 'object' then array(select jsonb_object_keys(ch.new)) else '{}' end
                as fields
        from change ch join (select record_id, min(version) as began from change
            where record_id = any(%s) and run_id = %s group by record_id) as mine using (record_id)
        where ch.version > mine.began and ch.run_id is distinct from %s order by ch.version
        """,
        Uuids(record_ids),
        run_id,
        run_id,
    ):
        found.setdefault(row["record_id"], []).append(row)
    return found


async def links_made(tx: Tx, *, run_id: int, record_ids: Collection[UUID]) -> dict[UUID, list[LinkKey]]:
    """Live links that the run made."""
    return _by_record(
        await tx.tuples(
            "select record_id, connection_id, object, remote_id from link"
            " where record_id = any(%s) and state = 'live' and run_id = %s order by 2, 3, 4",
            Uuids(record_ids),
            run_id,
        )
    )


async def links_parted(tx: Tx, *, run_id: int, record_ids: Collection[UUID]) -> dict[UUID, list[LinkKey]]:
    """Links that the run, an undo, took apart and that still are."""
    return _by_record(
        await tx.tuples(
            """
            select l.record_id, l.connection_id, l.object, l.remote_id
            from plan p join plan_item i on i.plan_id = p.id
                cross join lateral jsonb_to_recordset(i.detail -> 'unlink') as u(c int, o text, r text)
                join link l on l.connection_id = u.c and l.object = u.o and l.remote_id = u.r
            where p.run_id = %s and i.record_id = any(%s) and i.state = 'applied' and i.detail ? 'unlink'
                and l.state = 'parted' and l.record_id = i.record_id order by 2, 3, 4
            """,
            run_id,
            Uuids(record_ids),
        )
    )


async def found_another(tx: Tx, *, run_id: int, record_ids: Collection[UUID]) -> set[UUID]:
    """Records that the run, an undo, took apart from a remote record which belongs to another record by now."""
    rows = await tx.tuples(
        """
        select distinct i.record_id from plan p join plan_item i on i.plan_id = p.id
            cross join lateral jsonb_to_recordset(i.detail -> 'unlink') as u(c int, o text, r text)
            join link l on l.connection_id = u.c and l.object = u.o and l.remote_id = u.r
        where p.run_id = %s and i.record_id = any(%s) and i.state = 'applied' and i.detail ? 'unlink'
            and l.record_id <> i.record_id
        """,
        run_id,
        Uuids(record_ids),
    )
    return {row[0] for row in rows}


def _by_record(rows: Sequence[tuple[Any, ...]]) -> dict[UUID, list[LinkKey]]:
    found: dict[UUID, list[LinkKey]] = {}
    for record_id, *key in rows:
        found.setdefault(record_id, []).append((key[0], key[1], key[2]))
    return found


async def part(tx: Tx, keys: Sequence[LinkKey]) -> None:
    """Take these apart. The remote record counts as new when it changes; until then it is left alone."""
    await tx.run(
        "update link set state = 'parted', as_of = clock_timestamp(), waits_for = null"
        " from unnest(%s::int[], %s::text[], %s::text[]) as k(connection_id, object, remote_id)"
        " where link.connection_id = k.connection_id and link.object = k.object and link.remote_id = k.remote_id"
        " and link.state = 'live'",
        *_columns(keys),
    )


async def rejoin(tx: Tx, keys: Sequence[LinkKey], *, run_id: int) -> None:
    """Link again what was taken apart, where the record has not found another remote record there meanwhile."""
    await tx.run(
        "update link set state = 'live', as_of = clock_timestamp(), run_id = %s"
        " from unnest(%s::int[], %s::text[], %s::text[]) as k(connection_id, object, remote_id)"
        " where link.connection_id = k.connection_id and link.object = k.object and link.remote_id = k.remote_id"
        " and link.state = 'parted' and not exists (select from link other where other.record_id = link.record_id"
        " and other.connection_id = link.connection_id and other.object = link.object and other.state = 'live')",
        run_id,
        *_columns(keys),
    )


def _columns(keys: Sequence[LinkKey]) -> tuple[list[int], list[str], list[str]]:
    return [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]


async def close_questions(tx: Tx, *, record_ids: Collection[UUID], by: str) -> None:
    """Match reviews and conflicts of records that are gone need no answer."""
    await tx.run(
        "update match_review set state = 'apart', decided_by = %s where record_id = any(%s) and state = 'open'",
        by,
        Uuids(record_ids),
    )
    await tx.run(
        "update conflict set state = 'resolved', resolution = 'its record was undone', resolved_by = %s,"
        " resolved_at = clock_timestamp() where record_id = any(%s) and state = 'open'",
        by,
        Uuids(record_ids),
    )
