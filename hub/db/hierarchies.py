"""Who stands above and below an organization: ownership and the partner hierarchy, any depth, circles survived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from hub.db.session import Tx

_DEEPEST = 50
_MOST = 500

_HOLDS_TODAY = (
    "deleted_at is null and merged_into is null and valid_from <= current_date"
    " and (valid_to is null or valid_to > current_date)"
)
# The next step from `found`, each by an index: owners and distributors above, subsidiaries and resellers below.
_STEPS = {
    "above": f"""
        select parent as id, 'owns' as kind from organization where id = found.id and parent is not null
        union all
        select upstream, kind from partner_relationship where downstream = found.id and {_HOLDS_TODAY}""",
    "below": f"""
        select id, 'owns' as kind from organization
        where parent = found.id and deleted_at is null and merged_into is null
        union all
        select downstream, kind from partner_relationship where upstream = found.id and {_HOLDS_TODAY}""",
}


@dataclass(frozen=True, slots=True)
class Relative:
    """An organization above or below; `depth` counts steps from 1. `next_to` is who it hangs on, by what `kind`."""

    id: UUID
    legal_name: str
    tier: str | None
    is_partner: bool
    depth: int
    next_to: UUID
    kind: str


async def relatives(tx: Tx, record_id: UUID, *, direction: Literal["above", "below"]) -> list[Relative]:
    """Nearest first; one row for each edge on the way. At most 50 steps deep and 500 rows."""
    rows = await tx.tuples(
        f"""
        with recursive found(id, depth, next_to, kind) as (
            select %s::uuid, 0, null::uuid, null::text
            union
            select step.id, found.depth + 1, found.id, step.kind
            from found cross join lateral ({_STEPS[direction]}) as step
            where found.depth < {_DEEPEST} and step.id <> %s
        ),
        -- The walk goes level by level and ends with the last row that is asked for.
        nearest as (select * from found limit {_MOST * 4}),
        edge as (select id, next_to, kind, min(depth) as depth from nearest where depth > 0 group by id, next_to, kind)
        select o.id, o.legal_name, p.tier, p.id is not null, edge.depth, edge.next_to, edge.kind
        from edge join organization o on o.id = edge.id and o.deleted_at is null left join partner p on p.id = o.id
        order by edge.depth, o.legal_name, o.id, edge.kind limit {_MOST}
        """,
        record_id,
        record_id,
    )
    return [Relative(*row) for row in rows]
