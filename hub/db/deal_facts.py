"""What the hub knows around a registration: the partner's standing, the mirror of direct sales, who supplies whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hub.db.arrays import Uuids
from hub.db.session import Tx

Row = dict[str, Any]
_ALIVE = "{0}.deleted_at is null and {0}.merged_into is null"


def _today(alias: str) -> str:
    return (
        f"{_ALIVE.format(alias)} and {alias}.valid_from <= %(today)s"
        f" and ({alias}.valid_to is null or {alias}.valid_to > %(today)s)"
    )


async def membership(tx: Tx, *, partner: UUID, today: date) -> Row | None:
    """Programme and tier that hold today, the highest tier first."""
    return await tx.one(
        "select p.code as program, t.code as tier from program_membership m join program p on p.id = m.program"
        f" left join program_tier t on t.id = m.tier where m.partner = %(partner)s and {_today('m')}"
        " order by t.rank desc nulls last limit 1",
        partner=partner,
        today=today,
    )


async def signed_until(tx: Tx, *, partner: UUID) -> tuple[bool, date | None]:
    """Whether a contract was signed, and the last day of the longest one; None has no end."""
    row = await tx.one(
        "select count(*) > 0 as signed, bool_or(ends_on is null) as endless, max(ends_on) as last from contract c"
        f" where c.partner = %s and c.status = 'signed' and {_ALIVE.format('c')}",
        partner,
    )
    assert row is not None
    return row["signed"], None if row["endless"] else row["last"]


async def authorisations(tx: Tx, *, partner: UUID, today: date) -> list[tuple[str, list[str]]] | None:
    """(code of the line, countries) granted today; None where nothing was ever said of this partner."""
    rows = await tx.all(
        "select l.code, coalesce(t.countries, '{}') as countries, a.status is not distinct from 'granted'"
        f" and {_today('a')} as holds from partner_authorization a join product_line l on l.id = a.product_line"
        f" left join territory t on t.id = a.territory where a.partner = %(partner)s and {_ALIVE.format('a')}",
        partner=partner,
        today=today,
    )
    if not rows:
        return None
    return [(row["code"], list(row["countries"])) for row in rows if row["holds"]]


async def open_registrations(tx: Tx, *, partner: UUID, statuses: Collection[str], but: UUID) -> int:
    row = await tx.one(
        "select count(*) as n from deal_registration d where d.partner = %s and d.review_status = any(%s)"
        f" and d.id <> %s and {_ALIVE.format('d')}",
        partner,
        list(statuses),
        but,
    )
    assert row is not None
    return int(row["n"])


async def parties(tx: Tx, deals: Collection[UUID]) -> list[Row]:
    return await _rows(
        tx,
        "select deal, partner, role, on_behalf_of, credit from deal_party d"
        f" where deal = any(%s) and {_ALIVE.format('d')} order by d.id",
        Uuids(deals),
    )


async def proofs(tx: Tx, deal: UUID) -> list[Row]:
    return await _rows(
        tx,
        "select kind, dated_on, received_at from deal_evidence d"
        f" where deal = %s and {_ALIVE.format('d')} order by d.id",
        deal,
    )


async def opportunities(tx: Tx, accounts: Collection[UUID]) -> list[Row]:
    """Open ones, with the connection that they were read from last."""
    return await _rows(
        tx,
        "select o.*, s.* from opportunity o left join lateral (select c.name as system, l.remote_id, l.as_of"
        " from link l join connection c on c.id = l.connection_id where l.record_id = o.id and l.state = 'live'"
        " order by l.as_of desc limit 1) s on true"
        f" where o.account = any(%s) and o.is_closed is not true and {_ALIVE.format('o')} order by o.id",
        Uuids(accounts),
    )


async def activities(tx: Tx, accounts: Collection[UUID], *, since: datetime) -> list[Row]:
    return await _rows(
        tx,
        f"select a.* from activity a where a.account = any(%s) and a.happened_at >= %s and {_ALIVE.format('a')}"
        " order by a.happened_at desc limit 100",
        Uuids(accounts),
        since,
    )


async def named_accounts(tx: Tx, organizations: Collection[UUID], *, today: date) -> list[Row]:
    return await _named(
        tx,
        "select n.*, l.code as line from named_account n left join product_line l on l.id = n.product_line"
        f" where n.organization = any(%(ids)s) and {_today('n')} order by n.id",
        ids=Uuids(organizations),
        today=today,
    )


async def tenders(tx: Tx, buyers: Collection[UUID]) -> list[Row]:
    return await _rows(
        tx, f"select t.* from tender t where t.buyer = any(%s) and {_ALIVE.format('t')} order by t.id", Uuids(buyers)
    )


async def leads(tx: Tx, customers: Collection[UUID], *, since: datetime) -> list[Row]:
    """Those that we gave to partners."""
    return await _rows(
        tx,
        "select l.* from lead l where l.customer = any(%s) and l.kind = 'vendor_distributed' and l.partner is not null"
        f" and l.received_at >= %s and {_ALIVE.format('l')} order by l.id",
        Uuids(customers),
        since,
    )


async def supplied(tx: Tx, customers: Collection[UUID], *, since: date) -> list[Row]:
    """Who ordered what for these customers since a day; no partner means that the customer ordered from us."""
    return await _rows(
        tx,
        "select o.customer, o.partner, l.code as line, max(o.ordered_on) as last from order_line o"
        " join product_line l on l.id = o.product_line where o.customer = any(%s) and o.ordered_on >= %s"
        f" and o.status in ('booked', 'shipped') and {_ALIVE.format('o')} group by 1, 2, 3 order by 1, 2, 3",
        Uuids(customers),
        since,
    )


async def last_order(tx: Tx, customer: UUID) -> date | None:
    row = await tx.one(
        f"select max(o.ordered_on) as last from order_line o where o.customer = %s and {_ALIVE.format('o')}", customer
    )
    return row["last"] if row else None


async def last_reads(tx: Tx) -> list[Row]:
    """Every active connection with the end of its last good read; None where it was never read."""
    return await _rows(
        tx,
        "select c.name, max(r.finished_at) filter (where r.state = 'done' and r.kind = 'pull') as at"
        " from connection c left join run r on r.connection_id = c.id"
        " where c.state = 'active' group by c.name order by c.name",
    )


async def _named(tx: Tx, sql: str, **named: object) -> list[Row]:
    return [dict(row) for row in await tx.all(sql, **named)]


async def _rows(tx: Tx, sql: str, *params: object) -> list[Row]:
    return [dict(row) for row in await tx.all(sql, *params)]
