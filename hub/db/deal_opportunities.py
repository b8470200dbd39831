"""Which opportunities registrations may share: those that a decision named, and those of the other tier of the deal."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from hub.db.arrays import Uuids
from hub.db.session import Tx

# What the last decision of each registration named: the rule, and the ids that are ids of the hub.
_NAMED = """
    with last as (
        select distinct on (registration_id) registration_id, decision from deal_decision
        where registration_id = any(%(ids)s) order by registration_id, id desc
    ), named as (
        select registration_id, x ->> 'rule' as rule,
            case when c ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then c::uuid end as id
        from last cross join lateral jsonb_array_elements(decision -> 'outcomes') x
            cross join lateral jsonb_array_elements_text(x -> 'counterparts') c
        where x ->> 'outcome' <> 'pass'
    )
"""


async def named_open(tx: Tx, registrations: Collection[UUID]) -> list[tuple[UUID, UUID, UUID | None]]:
    """(registration, opportunity, its account): open ones that a rule named and that are no other registration's."""
    rows = await tx.all(
        f"""
        {_NAMED}
        select distinct n.registration_id, o.id, o.account from named n join opportunity o on o.id = n.id
        where o.is_closed is not true and o.deleted_at is null and o.merged_into is null and not exists (
            select from deal_registration r where r.opportunity = o.id and r.id <> n.registration_id)
        order by 1, 2
        """,
        ids=Uuids(registrations),
    )
    return [(row["registration_id"], row["id"], row["account"]) for row in rows]


async def of_other_tier(tx: Tx, registrations: Collection[UUID]) -> dict[UUID, UUID]:
    """The opportunity that the distributor's or the reseller's registration of the same deal has already."""
    rows = await tx.all(
        f"""
        {_NAMED}
        select distinct on (n.registration_id) n.registration_id, r.opportunity
        from named n join deal_registration r on r.id = n.id join opportunity o on o.id = r.opportunity
        where n.rule = 'two_tier_exempt' and o.deleted_at is null and o.merged_into is null
        order by n.registration_id, r.id
        """,
        ids=Uuids(registrations),
    )
    return {row["registration_id"]: row["opportunity"] for row in rows}
