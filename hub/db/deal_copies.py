"""The copies of a registration in other systems, as links, deliveries and the change log tell of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.db.session import Tx


async def copies(tx: Tx, registration_id: UUID) -> list[dict[str, Any]]:
    """One row for each object of a connection that has a copy, or that one is or was on its way to.

    `delivery` is the state of the last delivery there, with its error while that stands. `behind`: the record has
    changed since deliveries to that connection were planned last.
    """
    rows = await tx.all(
        """
        with copy as (
            select connection_id, object, remote_id, as_of from link where record_id = %(id)s and state = 'live'
        ), last as (
            select distinct on (connection_id, object) connection_id, object, state, updated_at,
                coalesce(hint, message) as error
            from delivery where record_id = %(id)s order by connection_id, object, id desc
        )
        select c.name as connection, c.system, object, copy.remote_id, copy.as_of, last.state as delivery,
            last.updated_at, case when last.state <> 'done' then last.error end as error,
            copy.remote_id is not null and exists (
                select from change ch where ch.record_id = %(id)s and ch.origin is distinct from c.id
                    and not exists (select from cursor k where k.connection_id = c.id and k.object = '*'
                        and k.direction = 'outbound'
                        and (split_part(k.value, ':', 1)::xid8, split_part(k.value, ':', 2)::bigint) >= (ch.xid, ch.id))
            ) as behind
        from copy full join last using (connection_id, object) join connection c on c.id = connection_id
        order by c.name, object
        """,
        id=registration_id,
    )
    return [dict(row) for row in rows]
