"""What one run has written, read inside the transaction that wrote it."""

from __future__ import annotations

from psycopg.rows import DictRow

from hub.db.session import Tx


async def changes(tx: Tx, *, run_id: int, limit: int) -> list[DictRow]:
    """The newest changes of this very transaction, in the order they were made."""
    return await tx.all(
        "select op, record_type, remote_id, old, new from change"
        " where xid = pg_current_xact_id() and run_id = %s order by id limit %s",
        run_id,
        limit,
    )


async def conflicts(tx: Tx, *, run_id: int, limit: int) -> list[DictRow]:
    return await tx.all(
        "select object, remote_id, field, ours, theirs from conflict where run_id = %s order by id limit %s",
        run_id,
        limit,
    )


async def reviews(tx: Tx, *, run_id: int, limit: int) -> list[DictRow]:
    return await tx.all(
        "select object, remote_id, kind, candidates from match_review where run_id = %s order by id limit %s",
        run_id,
        limit,
    )


async def quarantined(tx: Tx, *, run_id: int, limit: int) -> list[DictRow]:
    return await tx.all(
        "select object, remote_id, problems, held from quarantine where run_id = %s"
        " order by object, remote_id limit %s",
        run_id,
        limit,
    )
