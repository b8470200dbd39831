"""What is read for people who decide: proofs, decided opportunities, and what was decided on a customer before."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from hub.db.arrays import Texts, Uuids
from hub.db.living import ALIVE
from hub.db.session import Tx

Row = dict[str, Any]
DECIDED = ("approve", "approve_teaming", "reject", "revoke", "expire", "withdraw", "win", "lose", "merge")
"""Kinds of events with which a registration was decided or ended."""


async def proofs(tx: Tx, deal: UUID, *, limit: int) -> list[Row]:
    """Newest first, by when they came to the hub."""
    rows = await tx.all(
        "select name, kind, dated_on, coalesce(received_at, created_at) as received_at, location, sha256,"
        " created_at as stored_at"
        f" from deal_evidence d where deal = %s and {ALIVE.format('d')} order by created_at desc, id limit %s",
        deal,
        limit,
    )
    return [dict(row) for row in rows]


async def closed_opportunities(tx: Tx, accounts: Collection[UUID], *, limit: int) -> list[Row]:
    """Decided ones of these customers, the latest first, with the connection that they were read from last."""
    rows = await tx.all(
        "select o.*, s.* from opportunity o left join lateral (select c.name as system, l.remote_id, l.as_of"
        " from link l join connection c on c.id = l.connection_id where l.record_id = o.id and l.state = 'live'"
        " order by l.as_of desc limit 1) s on true"
        f" where o.account = any(%s) and o.is_closed and {ALIVE.format('o')}"
        " order by o.close_date desc nulls last, o.id limit %s",
        Uuids(accounts),
        limit,
    )
    return [dict(row) for row in rows]


async def sharing_ever(tx: Tx, *, keys: Collection[str], but: UUID, limit: int) -> list[UUID]:
    """Submitted registrations, whatever became of them, that share a key; newest first."""
    rows = await tx.tuples(
        "select c.registration_id from deal_claim c join deal_registration d on d.id = c.registration_id"
        f" where c.keys && %s::text[] and c.registration_id <> %s and {ALIVE.format('d')}"
        " order by c.registration_id desc limit %s",
        Texts(keys),
        but,
        limit,
    )
    return [row[0] for row in rows]


async def decided_events(tx: Tx, deals: Collection[UUID], *, limit: int) -> list[Row]:
    """How registrations were decided and ended, newest first."""
    rows = await tx.all(
        "select e.deal, e.kind, e.happened_at, e.actor, e.reason_code, e.note, d.name, d.partner, d.customer_name"
        " from deal_event e join deal_registration d on d.id = e.deal where e.deal = any(%s) and e.kind = any(%s)"
        " order by e.happened_at desc, e.id limit %s",
        Uuids(deals),
        list(DECIDED),
        limit,
    )
    return [dict(row) for row in rows]


async def copies(tx: Tx, ids: Collection[UUID]) -> dict[UUID, list[Row]]:
    """Where each record stands in other systems, and when it was last read there."""
    rows = await tx.all(
        "select l.record_id, c.name as connection, l.object, l.remote_id, l.as_of as read_at"
        " from link l join connection c on c.id = l.connection_id where l.record_id = any(%s) and l.state = 'live'"
        " order by c.name, l.object, l.remote_id",
        Uuids(ids),
    )
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["record_id"], []).append({k: v for k, v in row.items() if k != "record_id"})
    return found


async def identities(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Row]:
    """By what people know registrations, and where they stand now; those that were deleted too."""
    rows = await tx.all(
        "select d.id, d.name, coalesce(o.legal_name, '') as partner, coalesce(d.customer_name, '') as customer,"
        " d.review_status as status from deal_registration d left join organization o on o.id = d.partner"
        " where d.id = any(%s)",
        Uuids(ids),
    )
    return {row["id"]: {k: v for k, v in row.items() if k != "id"} for row in rows}
