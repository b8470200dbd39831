"""Alerts to sellers: raised once an event, whoever raises them; listed, escalated and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx
from hub.domain.deals.alerts import Alert

_KEYS = UUID("5d2f1c0e-3a5b-4c57-9b0e-6f3f0a4d8e11")
"""The namespace of ids that follow from event keys: it never changes."""

_TOLD = ("event_key", "kind", "subject", "body", "deal", "account", "opportunity", "owner_email", "raised_at", "due_at")


async def raise_new(tx: Tx, alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    """Those that were not raised before, as stored: one insert, in which each finds its owner.

    The id follows from the event key, so whoever comes second raises nothing; who is at it at this moment is waited
    for. Of one group an owner gets the first only.
    """
    rows = await tx.all(
        f"""
        with told as (
            select a.*, case when a.whose is not null then coalesce(o.owner_email, org.owner_email) end as owner_email
            from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[],
                %s::uuid[], %s::boolean[], %s::text[], %s::timestamptz[]) with ordinality
                as a (id, event_key, kind, subject, body, deal, account, opportunity, whose, or_queue, "group", due_at,
                    place)
            left join opportunity o on o.id = a.whose
            left join organization org on org.id = coalesce(o.account, a.whose)
        )
        insert into seller_alert (id, {", ".join(_TOLD)}, status)
        select distinct on ("group", lower(owner_email)) id, event_key, kind, subject, body, deal, account, opportunity,
            owner_email, clock_timestamp(), due_at, 'open'
        from told where owner_email is not null or or_queue order by "group", lower(owner_email), place
        on conflict (id) do nothing
        returning id, {", ".join(_TOLD)}, status
        """,
        Uuids(uuid5(_KEYS, a.event_key) for a in alerts),
        Texts(a.event_key for a in alerts),
        Texts(a.kind for a in alerts),
        Texts(a.subject[:255] for a in alerts),
        Texts(a.body for a in alerts),
        [a.deal for a in alerts],
        [a.account for a in alerts],
        [a.opportunity for a in alerts],
        [a.whose for a in alerts],
        [a.or_queue for a in alerts],
        Texts(a.group or a.event_key for a in alerts),
        [a.due_at for a in alerts],
    )
    return [dict(row) for row in rows]
