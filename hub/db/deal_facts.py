"""What the hub knows around a registration: the partner's standing, the mirror of direct sales, who supplies whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx

Row = dict[str, Any]
_ALIVE = "{0}.deleted_at is null and {0}.merged_into is null"


def _today(alias: str) -> str:
    return (
        f"{_ALIVE.format(alias)} and {alias}.valid_from <= %(today)s"
        f" and ({alias}.valid_to is null or {alias}.valid_to > %(today)s)"
    )


# Every line with the codes of itself, of what contains it, and of what it contains: these overlap.
_RELATED = """
    with recursive above as (
        select id as line, id, parent, code from product_line
        union select a.line, p.id, p.parent, p.code from above a join product_line p on p.id = a.parent
    ), related as (
        select line, code from above
        union select a.id, l.code from above a join product_line l on l.id = a.line
    )
"""


async def memberships(tx: Tx, *, partners: Collection[UUID], today: date) -> dict[UUID, Row]:
    """Programme and tier of each partner that hold today, the highest tier's."""
    rows = await _named(
        tx,
        "select distinct on (m.partner) m.partner, p.code as program, t.code as tier"
        " from program_membership m join program p on p.id = m.program left join program_tier t on t.id = m.tier"
        f" where m.partner = any(%(partners)s) and {_today('m')} order by m.partner, t.rank desc nulls last",
        partners=Uuids(partners),
        today=today,
    )
    return {row["partner"]: row for row in rows}


async def signed_until(tx: Tx, *, partners: Collection[UUID]) -> dict[UUID, date | None]:
    """Of partners that signed a contract, the last day of the longest one; None has no end."""
    rows = await tx.tuples(
        "select c.partner, case when not bool_or(c.ends_on is null) then max(c.ends_on) end from contract c"
        f" where c.partner = any(%s) and c.status = 'signed' and {_ALIVE.format('c')} group by c.partner",
        Uuids(partners),
    )
    return dict(rows)


async def authorisations(tx: Tx, *, partners: Collection[UUID], today: date) -> dict[UUID, list[Row]]:
    """Code of the line, countries, and whether it is granted today; partners of whom nothing was said are left out."""
    rows = await _named(
        tx,
        "select a.partner, l.code, coalesce(t.countries, '{}') as countries, a.status is not distinct from 'granted'"
        f" and {_today('a')} as holds from partner_authorization a join product_line l on l.id = a.product_line"
        f" left join territory t on t.id = a.territory where a.partner = any(%(partners)s) and {_ALIVE.format('a')}"
        " order by a.id",
        partners=Uuids(partners),
        today=today,
    )
    return _by(rows, "partner")


async def open_registrations(
    tx: Tx, *, partners: Collection[UUID], statuses: Collection[str], but: Collection[UUID]
) -> dict[UUID, int]:
    """How many each partner has in these statuses, some left out."""
    rows = await tx.tuples(
        "select d.partner, count(*) from deal_registration d where d.partner = any(%s) and d.review_status = any(%s)"
        f" and d.id <> all(%s) and {_ALIVE.format('d')} group by d.partner",
        Uuids(partners),
        Texts(statuses),
        Uuids(but),
    )
    return dict(rows)


async def parties(tx: Tx, deals: Collection[UUID]) -> list[Row]:
    return await _rows(
        tx,
        "select deal, partner, role, on_behalf_of, credit from deal_party d"
        f" where deal = any(%s) and {_ALIVE.format('d')} order by d.id",
        Uuids(deals),
    )


async def proofs(tx: Tx, deals: Collection[UUID]) -> list[Row]:
    return await _rows(
        tx,
        "select deal, kind, dated_on, received_at from deal_evidence d"
        f" where deal = any(%s) and {_ALIVE.format('d')} order by d.id",
        Uuids(deals),
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


async def activities(tx: Tx, accounts: Collection[UUID], *, since: datetime, most: int) -> list[Row]:
    """The last ones with each account, at most so many."""
    return await _rows(
        tx,
        "select a.* from unnest(%s::uuid[]) as asked(id) cross join lateral (select * from activity"
        f" where account = asked.id and happened_at >= %s and {_ALIVE.format('activity')}"
        " order by happened_at desc limit %s) a order by a.happened_at desc",
        Uuids(accounts),
        since,
        most,
    )


async def named_accounts(tx: Tx, organizations: Collection[UUID], *, today: date) -> list[Row]:
    return await _named(
        tx,
        f"{_RELATED} select n.*, r.code as line from named_account n left join related r on r.line = n.product_line"
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


async def supplied(tx: Tx, customers: Collection[UUID], *, since: date, today: date) -> list[Row]:
    """Who ordered what for these customers since a day, or for a term that runs, with the last day of the longest term.

    No partner means that the customer ordered from us. What was ordered of a line is told of those above and below.
    """
    return await _rows(
        tx,
        f"{_RELATED} select o.customer, o.partner, r.code as line, max(o.term_ends) as until from order_line o"
        " join related r on r.line = o.product_line where o.customer = any(%s)"
        " and (o.ordered_on >= %s or o.term_ends >= %s)"
        f" and o.status in ('booked', 'shipped') and {_ALIVE.format('o')} group by 1, 2, 3 order by 1, 2, 3",
        Uuids(customers),
        since,
        today,
    )


async def last_orders(tx: Tx, customers: Collection[UUID]) -> dict[UUID, date | None]:
    """Of customers that ever ordered, the day when they last did."""
    rows = await tx.tuples(
        "select o.customer, max(o.ordered_on) from order_line o"
        f" where o.customer = any(%s) and {_ALIVE.format('o')} group by o.customer",
        Uuids(customers),
    )
    return dict(rows)


async def last_reads(tx: Tx) -> list[Row]:
    """Every active connection that mirrors direct sales, with the end of the last good read of the object that was
    read the longest ago; None where one was never read. One that was never opened counts as a whole."""
    return await _rows(
        tx,
        "select c.name, case when bool_and(r.at is not null) then min(r.at) end as at from connection c"
        " cross join lateral unnest(coalesce(c.sales_objects, array[null::text])) as o(object)"
        " left join lateral (select max(finished_at) as at from run where connection_id = c.id and kind = 'pull'"
        " and state = 'done' and (o.object is null or run.object = o.object)) r on true"
        " where c.state = 'active' group by c.name order by c.name",
    )


async def certified(tx: Tx, *, partners: Collection[UUID], today: date) -> dict[UUID, list[str]]:
    """Codes of the lines for which each partner is certified today; no partner at all while the hub knows no award."""
    rows = await _named(
        tx,
        "select p.partner, array(select distinct l.code from certification_award a"
        " join certification c on c.id = a.certification join product_line l on l.id = c.product_line"
        " where a.partner = p.partner and a.granted_on <= %(today)s"
        " and (a.expires_on is null or a.expires_on >= %(today)s)"
        f" and (a.revoked_on is null or a.revoked_on > %(today)s) and {_ALIVE.format('a')} order by 1) as lines"
        " from unnest(%(partners)s::uuid[]) as p(partner) where exists (select from certification_award)",
        partners=Uuids(partners),
        today=today,
    )
    return {row["partner"]: row["lines"] for row in rows}


async def on_hold(tx: Tx, organizations: Collection[UUID]) -> set[UUID]:
    """Those with whom a check forbids business."""
    rows = await tx.tuples("select id from organization where id = any(%s) and compliance_hold", Uuids(organizations))
    return {row[0] for row in rows}


async def sole_rights(tx: Tx, *, product_lines: Collection[str], today: date) -> list[Row]:
    """Partners with a sole right that holds today to one of these lines, to one above it or below it."""
    return await _named(
        tx,
        f"{_RELATED} select distinct a.partner, r.code as line, coalesce(t.countries, '{{}}') as countries"
        " from related r join partner_authorization a on a.product_line = r.line"
        " left join territory t on t.id = a.territory where r.code = any(%(lines)s) and a.exclusive"
        f" and a.status is not distinct from 'granted' and {_today('a')} order by 1, 2",
        lines=Texts(product_lines),
        today=today,
    )


async def _named(tx: Tx, sql: str, **named: object) -> list[Row]:
    return [dict(row) for row in await tx.all(sql, **named)]


async def _rows(tx: Tx, sql: str, *params: object) -> list[Row]:
    return [dict(row) for row in await tx.all(sql, *params)]


def _by(rows: Iterable[Row], column: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found
