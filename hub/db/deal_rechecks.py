"""Registrations to be judged again because one that stood in their way was decided or ended."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class Asked:
    """One registration to judge again, and because of which other one; of itself: the systems were read since."""

    registration_id: UUID
    because_of: UUID


async def ask(tx: Tx, *, because_of: UUID) -> int:
    """For every registration under a conflict review with this one as a party; returns how many there are.

    Rows are only added: nobody waits here, so two registrations that stand in each other's way can end at once.
    """
    return await tx.run(
        "insert into deal_recheck (registration_id, because_of) select frozen_by, registration_id from deal_freeze"
        " where registration_id = %s and frozen_by <> registration_id",
        because_of,
    )


async def ask_after_reads(tx: Tx) -> int:
    """For what waits for a person with a decision made on an old read, once every system was read since.

    Each is asked because of itself; returns how many there are.
    """
    return await tx.run(
        """
        insert into deal_recheck (registration_id, because_of)
        select d.id, d.id from deal_registration d cross join lateral (
            select k.at, k.decision from deal_decision k where k.registration_id = d.id order by k.id desc limit 1
        ) last
        where d.review_status = 'pending_approval' and d.deleted_at is null and d.merged_into is null
            and last.decision @> '{"outcomes": [{"rule": "stale_crm_guard", "auto": false}]}'
            and last.at < (
                select case when bool_and(r.at is not null) then min(r.at) end from (
                    select max(r.finished_at) as at from connection c
                        left join run r on r.connection_id = c.id and r.kind = 'pull' and r.state = 'done'
                    where c.state = 'active' group by c.id
                ) r
            )
            and not exists (select from deal_recheck q where q.registration_id = d.id)
        """
    )


async def take(tx: Tx) -> Asked | None:
    """The longest waiting one that nobody works on; it is gone when the transaction commits."""
    row = await tx.one(
        "delete from deal_recheck where id = (select id from deal_recheck order by id limit 1 for update skip locked)"
        " returning registration_id, because_of"
    )
    return Asked(**row) if row else None
