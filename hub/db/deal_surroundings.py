"""What the hub knows around customers: the mirror of direct sales, tenders, leads, orders and sole rights."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from hub.db.arrays import Texts, Uuids
from hub.db.living import ALIVE, TODAY
from hub.db.questions import Question


class OpportunityRow(Struct, frozen=True):
    """An open one, with the connection that it was read from last."""

    id: UUID
    account: UUID
    name: str
    owner_name: str | None
    stage: str | None
    amount: Decimal | None
    amount_currency: str | None
    close_date: date | None
    is_direct: bool | None
    partner: UUID | None
    last_activity_on: date | None
    created_at: datetime
    system: str | None
    remote_id: str | None
    as_of: datetime | None


class ActivityRow(Struct, frozen=True):
    id: UUID
    account: UUID
    kind: str | None
    happened_at: datetime
    owner_name: str | None


class NamedAccountRow(Struct, frozen=True):
    """`line`: the code of its product line, or of one above or below it; None: it has none."""

    id: UUID
    organization: UUID
    reserved_for: Literal["direct", "partner"]
    partner: UUID | None
    owner_name: str | None
    line: str | None


class TenderRow(Struct, frozen=True):
    id: UUID
    buyer: UUID
    reference: str | None
    published_on: date | None
    closes_on: date | None
    product_lines: tuple[str, ...] | None


class SupplyRow(Struct, frozen=True):
    """Who sold what to a customer, and the last day of the longest term; no partner: we did, ourselves.

    What was ordered of a line is told of those above and below.
    """

    customer: UUID
    partner: UUID | None
    line: str
    until: date | None


class LeadRow(Struct, frozen=True):
    """One that we gave to a partner."""

    id: UUID
    customer: UUID
    partner: UUID
    received_at: datetime


class LastOrder(Struct, frozen=True):
    """The day when a customer that ever ordered last did."""

    customer: UUID
    ordered_on: date | None


class SoleRight(Struct, frozen=True):
    """A partner's sole right to a line that holds today; no countries: everywhere."""

    partner: UUID
    line: str
    countries: tuple[str, ...]


class LastRead(Struct, frozen=True):
    """An active connection that mirrors direct sales, with the end of the last good read of the object that was read
    the longest ago; None where one was never read. One that was never opened counts as a whole."""

    name: str
    at: datetime | None


class SurroundingRows(Struct, frozen=True):
    """All of it as of one moment. `on_hold`: organisations with whom a check forbids business."""

    opportunities: list[OpportunityRow]
    activities: list[ActivityRow]
    named_accounts: list[NamedAccountRow]
    tenders: list[TenderRow]
    supplied: list[SupplyRow]
    leads: list[LeadRow]
    last_orders: list[LastOrder]
    on_hold: list[UUID]
    sole_rights: list[SoleRight]
    last_reads: list[LastRead]


_ASKED = "any(%(organizations)s::uuid[])"

_PARTS = {
    "opportunities": f"""
        select o.id, o.account, o.name, o.owner_name, o.stage, o.amount::text as amount, o.amount_currency,
            o.close_date, o.is_direct, o.partner, o.last_activity_on, o.created_at, s.*
        from opportunity o left join lateral (
            select c.name as system, l.remote_id, l.as_of from link l join connection c on c.id = l.connection_id
            where l.record_id = o.id and l.state = 'live' order by l.as_of desc limit 1
        ) s on true
        where o.account = {_ASKED} and o.is_closed is not true and {ALIVE.format("o")} order by o.id
    """,
    "activities": f"""
        select a.* from unnest(%(organizations)s::uuid[]) as asked(id) cross join lateral (
            select a.id, a.account, a.kind, a.happened_at, a.owner_name from activity a
            where a.account = asked.id and a.happened_at >= %(since)s and {ALIVE.format("a")}
            order by a.happened_at desc limit %(most_activities)s
        ) a order by a.happened_at desc
    """,
    "named_accounts": f"""
        select n.id, n.organization, n.reserved_for, n.partner, n.owner_name, r.code as line
        from named_account n left join related r on r.line = n.product_line
        where n.organization = {_ASKED} and {TODAY.format("n")} order by n.id
    """,
    "tenders": f"""
        select t.id, t.buyer, t.reference, t.published_on, t.closes_on, t.product_lines from tender t
        where t.buyer = {_ASKED} and {ALIVE.format("t")} order by t.id
    """,
    "supplied": f"""
        select o.customer, o.partner, r.code as line, max(o.term_ends) as until
        from order_line o join related r on r.line = o.product_line
        where o.customer = {_ASKED} and (o.ordered_on >= %(supplied_since)s or o.term_ends >= %(today)s)
            and o.status in ('booked', 'shipped') and {ALIVE.format("o")}
        group by 1, 2, 3 order by 1, 2, 3
    """,
    "leads": f"""
        select l.id, l.customer, l.partner, l.received_at from lead l
        where l.customer = {_ASKED} and l.kind = 'vendor_distributed' and l.partner is not null
            and l.received_at >= %(since)s and {ALIVE.format("l")} order by l.id
    """,
    "last_orders": f"""
        select o.customer, max(o.ordered_on) as ordered_on from order_line o
        where o.customer = {_ASKED} and {ALIVE.format("o")} group by o.customer
    """,
    "sole_rights": f"""
        select distinct a.partner, r.code as line, coalesce(t.countries, '{{}}') as countries
        from related r join partner_authorization a on a.product_line = r.line
            left join territory t on t.id = a.territory
        where r.code = any(%(product_lines)s) and a.exclusive and a.status is not distinct from 'granted'
            and {TODAY.format("a")} order by 1, 2
    """,
    "last_reads": """
        select c.name, case when bool_and(r.at is not null) then min(r.at) end as at
        from connection c
            cross join lateral unnest(coalesce(c.sales_objects, array[null::text])) as o(object)
            left join lateral (
                select max(finished_at) as at from run where connection_id = c.id and kind = 'pull'
                    and state = 'done' and (o.object is null or run.object = o.object)
            ) r on true
        where c.state = 'active' group by c.name order by c.name
    """,
}
_ON_HOLD = f"(select json_agg(id) from organization where id = {_ASKED} and compliance_hold)"

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
_AROUND = f"{_RELATED} select json_build_object(" + ", ".join(
    [
        *(f"'{name}', coalesce((select json_agg(p) from ({part}) p), '[]')" for name, part in _PARTS.items()),
        f"'on_hold', coalesce({_ON_HOLD}, '[]')",
    ]
) + ")"  # fmt: skip
_decoder = msgspec.json.Decoder(SurroundingRows)


def surroundings(
    organizations: Collection[UUID],
    *,
    product_lines: Collection[str],
    since: datetime,
    supplied_since: date,
    today: date,
    most_activities: int,
) -> Question[SurroundingRows]:
    """Around these organisations; sole rights are those to one of the product lines, to one above it or below it.

    `since`: of activities (the last ones with each, at most so many) and of leads; `supplied_since`: of orders, beside
    terms that run today.
    """
    given = {
        "organizations": Uuids(organizations),
        "product_lines": Texts(product_lines),
        "since": since,
        "supplied_since": supplied_since,
        "today": today,
        "most_activities": most_activities,
    }
    return Question(_AROUND, given, _decoder.decode)
