"""Registrations to be judged again because one that stood in their way was decided or ended."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class Asked:
    """One registration to judge again, and because of which other one."""

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


async def take(tx: Tx) -> Asked | None:
    """The longest waiting one that nobody works on; it is gone when the transaction commits."""
    row = await tx.one(
        "delete from deal_recheck where id = (select id from deal_recheck order by id limit 1 for update skip locked)"
        " returning registration_id, because_of"
    )
    return Asked(**row) if row else None
