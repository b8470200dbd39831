"""Readers of the change log beside the connections, and the changes that alerts follow from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class Noticed:
    """A change of a record. `fields`: the names it wrote. `old`, `new` are JSON text, of registrations only."""

    record_id: UUID
    record_type: str
    version: int
    op: str
    fields: frozenset[str]
    old: str | None
    new: str | None
    at: datetime
    by: str


async def take(tx: Tx, *, name: str) -> str | None:
    """Where a reader stands, held until the transaction ends; None while another process is at it."""
    row = await tx.one("select position from log_reader where name = %s for update skip locked", name)
    return row["position"] if row else None


async def move(tx: Tx, *, name: str, position: str) -> None:
    await tx.run("update log_reader set position = %s, updated_at = now() where name = %s", position, name)


NOTICED = """
select ch.xid::text, ch.id, ch.record_id, ch.record_type, ch.version, ch.op,
    array(select jsonb_object_keys(coalesce(ch.new, '{}'))),
    case when ch.record_type = 'deal_registration' and ch.op = 'update' then ch.old::text end,
    case when ch.record_type = 'deal_registration' and ch.op = 'update' then ch.new::text end,
    ch.at, coalesce(ch.actor, c.name, 'hub')
from change ch left join connection c on c.id = ch.origin
where ch.record_type in ('opportunity', 'deal_registration', 'seller_alert')
    and (ch.xid, ch.id) > (%s::text::xid8, %s::bigint) and ch.xid < pg_snapshot_xmin(pg_current_snapshot())
order by ch.xid, ch.id limit %s
"""
"""After (xid, id), at most so many. The types stand here as they do in the index, or it would not serve."""


async def noticed(tx: Tx, *, after: str, limit: int) -> tuple[list[Noticed], str]:
    """Changes of opportunities, registrations and alerts after a position, in order, and the position behind them.

    Rows of transactions that a running one may still precede are left for the next call, as in
    `changes.changed_records`.
    """
    xid, _, row_id = after.partition(":")
    rows = await tx.tuples(
        NOTICED,
        xid,
        int(row_id),
        limit,
    )
    found = [
        Noticed(row[2], row[3], row[4], row[5], frozenset(row[6]), row[7], row[8], row[9], row[10]) for row in rows
    ]
    return found, f"{rows[-1][0]}:{rows[-1][1]}" if rows else after
