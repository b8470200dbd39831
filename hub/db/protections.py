"""Protected registrations and direct opportunities that may meet, found from either side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from hub.db.arrays import Texts, Uuids
from hub.db.living import ALIVE
from hub.db.session import Tx

_DIRECT = (
    "o.account is not null and o.is_closed is not true and o.is_direct is not false and o.partner is null and "
    + ALIVE.format("o")
)
_PROTECTED = (
    "d.review_status = any(%(protected)s) and d.protection_ends >= %(today)s"
    " and d.opportunity is distinct from o.id and " + ALIVE.format("d")
)
MOST = 200


@dataclass(frozen=True, slots=True)
class Meeting:
    """An open direct opportunity whose account may be the customer of a protected registration."""

    opportunity: UUID
    account: UUID
    deal: UUID


async def met_by(tx: Tx, *, opportunities: Collection[UUID], statuses: Collection[str], today: date) -> list[Meeting]:
    """For opportunities, the registrations that share a key with their account; of each the newest `MOST`."""
    rows = await tx.all(
        f"""
        select o.id as opportunity, o.account, f.id as deal
        from opportunity o left join match_key m on m.record_id = o.account
            cross join lateral (
                select d.id from deal_registration d where d.customer = o.account and {_PROTECTED}
                union
                (select d.id from deal_claim c join deal_registration d on d.id = c.registration_id
                where c.keys && (coalesce(m.keys, '{{}}') || ('c:' || o.account)) and {_PROTECTED}
                order by d.id desc limit {MOST})
            ) f
        where o.id = any(%(ids)s) and {_DIRECT}
        """,
        ids=Uuids(opportunities),
        protected=Texts(statuses),
        today=today,
    )
    return [Meeting(**row) for row in rows]


async def protected(tx: Tx, *, registrations: Collection[UUID], statuses: Collection[str], today: date) -> list[UUID]:
    """Those that are protected today."""
    rows = await tx.tuples(
        "select d.id from deal_registration d where d.id = any(%s) and d.review_status = any(%s)"
        f" and d.protection_ends >= %s and {ALIVE.format('d')}",
        Uuids(registrations),
        Texts(statuses),
        today,
    )
    return [row[0] for row in rows]


async def direct_on(tx: Tx, accounts: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """(opportunity, account) of the open direct ones on these accounts."""
    rows = await tx.tuples(
        f"select o.id, o.account from opportunity o where o.account = any(%s) and {_DIRECT}", Uuids(accounts)
    )
    return [(row[0], row[1]) for row in rows]


async def known(tx: Tx, deals: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """The direct opportunities that whoever approved a registration was shown."""
    rows = await tx.tuples(
        """
        select distinct on (d.id) d.id, array(
            select o ->> 'id' from jsonb_array_elements(n.facts -> 'opportunities') o
            where o ->> 'is_direct' is distinct from 'false')
        from deal_registration d join deal_decision n on n.registration_id = d.id and n.at <= d.decided_at
        where d.id = any(%s) order by d.id, n.id desc
        """,
        Uuids(deals),
    )
    return {row[0]: frozenset(row[1]) for row in rows}
