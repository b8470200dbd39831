"""When the values of fields came to be: what the systems say of theirs, and what the change log says of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class ValueTime:
    """The value that `field` took in `version` of the record was set at `at`, as its system says."""

    record_id: UUID
    field: str
    version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnTime:
    """When the hub's present value came to be. Not `exact`: at the latest then, it came in from a system."""

    at: datetime
    exact: bool


async def note(tx: Tx, times: Sequence[ValueTime]) -> None:
    """Keep them with the change that they belong to; an older one of the same field is of no use any more."""
    if not times:
        return
    await tx.run(
        """
        insert into value_time (record_id, field, version, at)
        select * from unnest(%s::uuid[], %s::text[], %s::int[], %s::timestamptz[])
        on conflict (record_id, field) do update set version = excluded.version, at = excluded.at
        """,
        Uuids(t.record_id for t in times),
        Texts(t.field for t in times),
        [t.version for t in times],
        [t.at for t in times],
    )


async def of_own_values(
    tx: Tx, *, record_ids: Sequence[UUID], fields: Sequence[str]
) -> dict[tuple[UUID, str], OwnTime]:
    """By (record, field): of the newest change that wrote the field, or of what the system said of that change."""
    rows = await tx.tuples(
        """
        select distinct on (ch.record_id, f.name) ch.record_id, f.name, coalesce(t.at, ch.at),
            t.at is not null or ch.origin is null
        from change ch cross join unnest(%s::text[]) f(name)
            left join value_time t on t.record_id = ch.record_id and t.field = f.name and t.version = ch.version
        where ch.record_id = any(%s) and ch.new ? f.name
        order by ch.record_id, f.name, ch.version desc
        """,
        Texts(fields),
        Uuids(record_ids),
    )
    return {(row[0], row[1]): OwnTime(row[2], row[3]) for row in rows}
