"""The deadlines of reviews that run, and of which of them somebody was told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class Due:
    """A review with a deadline; whether it was warned of, and handed on, for this very deadline."""

    registration_id: UUID
    due_at: datetime
    warned: bool
    escalated: bool


async def due_by(
    tx: Tx, *, until: datetime, statuses: Collection[str], after: tuple[datetime, UUID] | None, limit: int
) -> list[Due]:
    """Reviews due until then that somebody has still to be told of, the earliest first, held; others' are left out."""
    rows = await tx.all(
        """
        select r.registration_id, r.due_at, r.warned_for is not distinct from r.due_at as warned,
            r.escalated_for is not distinct from r.due_at as escalated
        from deal_review r join deal_registration d on d.id = r.registration_id
        where r.due_at <= %(until)s and (r.warned_for is distinct from r.due_at
                or r.escalated_for is distinct from r.due_at)
            and d.review_status = any(%(statuses)s) and d.deleted_at is null and d.merged_into is null
            and (%(due)s::timestamptz is null or (r.due_at, r.registration_id) > (%(due)s::timestamptz, %(id)s::uuid))
        order by r.due_at, r.registration_id limit %(limit)s for no key update of r skip locked
        """,
        until=until,
        statuses=Texts(statuses),
        due=after[0] if after else None,
        id=after[1] if after else None,
        limit=limit,
    )
    return [Due(**row) for row in rows]


async def mark(tx: Tx, *, warned: Collection[UUID], escalated: Collection[UUID]) -> None:
    """Somebody was told of these deadlines."""
    for column, ids in (("warned_for", warned), ("escalated_for", escalated)):
        if ids:
            await tx.run(f"update deal_review set {column} = due_at where registration_id = any(%s)", Uuids(ids))
