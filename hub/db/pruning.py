"""Rows that nobody needs any more, taken away page by page in the order in which they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hub.db.session import Tx

# Whoever names a run: its values could not say any more where they come from, nor what is open where it arose.
NAMED_BY = (
    "change", "link", "cursor", "delivery", "conflict", "quarantine", "match_review", "plan", "departure", "scan",
    "reconciliation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pruned:
    """One page: how many of its rows went, and its last id, None when all further ones are too young."""

    rows: int
    last: int | None


async def deliveries(tx: Tx, *, after: int, older_than: timedelta, limit: int) -> Pruned:
    """Those that came to their end (done, dropped) so long ago. Whatever is open or dead stays."""
    return await _page(
        tx,
        """
        with page as materialized (
            select id, created_at from delivery where id > %(after)s order by id limit %(limit)s),
        gone as (
            delete from delivery d using page p
            where d.id = p.id and d.state in ('done', 'dropped') and d.updated_at < now() - %(older_than)s
            returning 1)
        select max(id) as last, count(*) as found, max(created_at) < now() - %(older_than)s as more,
            (select count(*) from gone) as gone from page
        """,
        after=after,
        older_than=older_than,
        limit=limit,
    )


async def inbox(tx: Tx, *, after: int, older_than: timedelta, limit: int) -> Pruned:
    """Events received so long ago: what they asked to be read again was read, or is still asked for by itself."""
    return await _page(
        tx,
        """
        with page as materialized (select id, received_at from inbox where id > %(after)s order by id limit %(limit)s),
        gone as (
            delete from inbox i using page p where i.id = p.id and i.received_at < now() - %(older_than)s returning 1)
        select max(id) as last, count(*) as found, max(received_at) < now() - %(older_than)s as more,
            (select count(*) from gone) as gone from page
        """,
        after=after,
        older_than=older_than,
        limit=limit,
    )


async def runs(tx: Tx, *, after: int, older_than: timedelta, limit: int) -> Pruned:
    """Ended runs that nothing names, but for the last good one of each kind: it says that an object has been read."""
    rows = await tx.all(
        "select id, state <> 'running' and finished_at < now() - %s as old, started_at < now() - %s as more from run"
        " where id > %s order by id limit %s",
        older_than,
        older_than,
        after,
        limit,
    )
    candidates = [row["id"] for row in rows if row["old"]]
    gone = await _delete_unnamed_runs(tx, candidates) if candidates else 0
    return Pruned(gone, rows[-1]["id"] if len(rows) == limit and rows[-1]["more"] else None)


async def submissions(tx: Tx, *, after: int, older_than: timedelta, limit: int) -> Pruned:
    """Callers' keys of submissions so long ago, with their answers; the registrations stay."""
    rows = await tx.run(
        "delete from deal_submission where (actor, key) in"
        " (select actor, key from deal_submission where at < now() - %s order by at limit %s)",
        older_than,
        limit,
    )
    return Pruned(rows, after if rows == limit else None)


async def _delete_unnamed_runs(tx: Tx, candidates: Sequence[int]) -> int:
    named = " union ".join(f"select run_id from {table} where run_id = any(%(ids)s)" for table in NAMED_BY)
    return await tx.run(
        f"""
        delete from run where id = any(%(ids)s) and id not in (
            select run_id from ({named}) as named
            union select max(id) from run where state = 'done' group by connection_id, kind, object)
        """,
        ids=list(candidates),
    )


async def _page(tx: Tx, sql: str, *, after: int, older_than: timedelta, limit: int) -> Pruned:
    row = await tx.one(sql, after=after, older_than=older_than, limit=limit)
    assert row is not None
    return Pruned(row["gone"], row["last"] if row["found"] == limit and row["more"] else None)
