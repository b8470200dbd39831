"""Who stands above and below an organization: ownership and the partner hierarchy, any depth, circles survived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from hub.db.session import Tx

_DEEPEST = 50
_MOST = 500

# Every edge that holds today, from the one above to the one below.
_EDGES = """
    edge as not materialized (
        select parent as above, id as below, 'owns' as kind from organization
        where parent is not null and deleted_at is null and merged_into is null
        union all
        select upstream, downstream, kind from partner_relationship
        where deleted_at is null and merged_into is null and valid_from <= current_date
            and (valid_to is null or valid_to > current_date)
    )
"""


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
    here, there = ("below", "above") if direction == "above" else ("above", "below")
    rows = await tx.tuples(
        f"""
        with recursive {_EDGES},
        found(id, depth) as (
            select %s::uuid, 0
            union
            select edge.{there}, found.depth + 1 from found join edge on edge.{here} = found.id
            where found.depth < {_DEEPEST} and edge.{there} <> %s
        ),
        nearest as (select id, min(depth) as depth from found group by id)
        select o.id, o.legal_name, p.tier, p.id is not null, n.depth, edge.{here}, edge.kind
        from nearest n
        join edge on edge.{there} = n.id
        join nearest before on before.id = edge.{here}
        join organization o on o.id = n.id and o.deleted_at is null
        left join partner p on p.id = n.id
        where n.depth > 0
        order by n.depth, o.legal_name, o.id, edge.kind limit {_MOST}
        """,
        record_id,
        record_id,
    )
    return [Relative(*row) for row in rows]
