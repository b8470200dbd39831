"""What a run has written so far, read inside the transaction that wrote it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from psycopg.rows import DictRow

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx
from hub.record.definition import RecordType


async def newest_change(tx: Tx) -> int:
    """The id of the newest change of this very transaction."""
    row = await tx.one("select coalesce(max(id), 0) as id from change where xid = pg_current_xact_id()")
    assert row is not None
    return int(row["id"])


async def changes(tx: Tx, *, run_id: int, after: int) -> list[DictRow]:
    """The changes of this very transaction after an id, in the order they were made."""
    return await tx.all(
        "select record_id, op, remote_id, old, new from change"
        " where xid = pg_current_xact_id() and id > %s and run_id = %s order by id",
        after,
        run_id,
    )


async def conflicts(
    tx: Tx, *, connection_id: int, object_name: str, run_id: int, record_ids: Collection[UUID]
) -> list[DictRow]:
    """Open conflicts of these records that the run raised."""
    return await tx.all(
        "select remote_id, field, ours, theirs from conflict where record_id = any(%s) and connection_id = %s"
        " and object = %s and run_id = %s and state = 'open' order by id",
        Uuids(record_ids),
        connection_id,
        object_name,
        run_id,
    )


async def reviews(tx: Tx, *, connection_id: int, run_id: int, record_ids: Collection[UUID]) -> list[DictRow]:
    """Open match reviews of these records that the run asked for."""
    return await tx.all(
        "select remote_id, kind, holds, candidates from match_review where record_id = any(%s) and connection_id = %s"
        " and run_id = %s and state = 'open' order by id",
        Uuids(record_ids),
        connection_id,
        run_id,
    )


async def quarantined(
    tx: Tx, *, connection_id: int, object_name: str, run_id: int, remote_ids: Sequence[str]
) -> list[DictRow]:
    """Remote records that the run put into quarantine, or left there."""
    return await tx.all(
        "select remote_id, problems, held from quarantine"
        " where connection_id = %s and object = %s and remote_id = any(%s) and run_id = %s",
        connection_id,
        object_name,
        Texts(remote_ids),
        run_id,
    )


async def versions_before(
    tx: Tx, record_type: RecordType, *, run_id: int, record_ids: Collection[UUID]
) -> dict[UUID, int]:
    """The versions that these records had before the run; those that it made are left out."""
    rows = await tx.tuples(
        f"""
        select id, version from (select r.id, coalesce((select min(ch.version) - 1 from change ch
            where ch.record_id = r.id and ch.run_id = %s), r.version) as version
            from {record_type.root.name} r where r.id = any(%s)) as before
        where version > 0
        """,
        run_id,
        Uuids(record_ids),
    )
    return dict(rows)


async def made(tx: Tx, *, run_id: int, record_ids: Collection[UUID]) -> dict[UUID, str | None]:
    """Those of the records that the run created, and from which remote record."""
    rows = await tx.tuples(
        "select record_id, remote_id from change where record_id = any(%s) and run_id = %s and op = 'create'",
        Uuids(record_ids),
        run_id,
    )
    return dict(rows)


async def changed_since(tx: Tx, *, run_id: int, basis: Sequence[tuple[UUID, int]]) -> set[UUID]:
    """Records that somebody else than the run has changed after the version that goes with each."""
    rows = await tx.tuples(
        "select distinct b.record_id from unnest(%s::uuid[], %s::int[]) as b(record_id, version)"
        " join change ch on ch.record_id = b.record_id and ch.version > b.version"
        " where ch.run_id is distinct from %s",
        [record_id for record_id, _ in basis],
        [version for _, version in basis],
        run_id,
    )
    return {row[0] for row in rows}
