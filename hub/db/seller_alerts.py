"""Alerts to sellers: raised once an event, whoever raises them; listed, escalated and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
            select a.*, coalesce(a.mail, o.owner_email, org.owner_email) as owner_email
            from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[],
                %s::uuid[], %s::text[], %s::boolean[], %s::text[], %s::timestamptz[]) with ordinality
                as a (id, event_key, kind, subject, body, deal, account, opportunity, whose, mail, or_queue, "group",
                    due_at, place)
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
        [a.mail for a in alerts],
        [a.or_queue for a in alerts],
        Texts(a.group or a.event_key for a in alerts),
        [a.due_at for a in alerts],
    )
    return [dict(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Stamped:
    """An alert of which the hub wrote some fields: their values before and after."""

    id: UUID
    version: int
    old: dict[str, Any]
    new: dict[str, Any]


async def stamp(tx: Tx, seen: Mapping[UUID, tuple[datetime, str]]) -> list[Stamped]:
    """Of these alerts, fill in by (when, whom) those that are acknowledged without it, and empty it in open ones."""
    rows = await tx.all(
        """
        update seller_alert a set version = a.version + 1, updated_at = now(),
            acknowledged_at = case a.status when 'acknowledged' then s.at end,
            acknowledged_by = case a.status when 'acknowledged' then coalesce(a.acknowledged_by, s.by) end
        from (select b.id, b.acknowledged_at, b.acknowledged_by, t.at, t.by from seller_alert b
            join unnest(%s::uuid[], %s::timestamptz[], %s::text[]) as t(id, at, by) on t.id = b.id
            where b.deleted_at is null and b.merged_into is null
                and (b.status = 'acknowledged') = (b.acknowledged_at is null) for no key update of b) s
        where a.id = s.id
        returning a.id, a.version, s.acknowledged_at as was_at, s.acknowledged_by as was_by, a.acknowledged_at,
            a.acknowledged_by
        """,
        Uuids(seen),
        [at for at, _ in seen.values()],
        Texts(by[:255] for _, by in seen.values()),
    )
    return [
        Stamped(
            row["id"],
            row["version"],
            {"acknowledged_at": row["was_at"], "acknowledged_by": row["was_by"]},
            {"acknowledged_at": row["acknowledged_at"], "acknowledged_by": row["acknowledged_by"]},
        )
        for row in rows
    ]


async def escalate_unseen(tx: Tx, *, limit: int) -> list[tuple[Stamped, dict[str, Any]]]:
    """Mark open alerts that are past their time, once; returns them with what they tell.

    Alerts on decisions are left out: who is next hears of the decision itself. So are those that hand on others.
    """
    rows = await tx.all(
        """
        update seller_alert a set version = a.version + 1, updated_at = now(), escalated_at = clock_timestamp()
        from (select id from seller_alert
            where status = 'open' and escalated_at is null and due_at < now()
                and kind <> all(array['decision_due', 'decision_overdue', 'not_acknowledged'])
                and deleted_at is null and merged_into is null
            order by due_at limit %s for no key update skip locked) b
        where a.id = b.id returning a.*
        """,
        limit,
    )
    return [
        (Stamped(row["id"], row["version"], {"escalated_at": None}, {"escalated_at": row["escalated_at"]}), dict(row))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of alerts is limited to; None: not by this. `queue`: for nobody in particular, or all others."""

    status: str | None = None
    kind: str | None = None
    owner_email: str | None = None
    queue: bool | None = None
    deal: UUID | None = None
    overdue: bool | None = None


_SHOWN = ("id", *_TOLD, "status", "acknowledged_at", "acknowledged_by", "escalated_at")
_OVERDUE = "coalesce(a.status = 'open' and a.due_at < now(), false)"


async def page(tx: Tx, where: Filter, *, after: tuple[datetime, UUID] | None, limit: int) -> list[dict[str, Any]]:
    """Living ones, the newest first."""
    rows = await tx.all(
        f"""
        select {", ".join(f"a.{name}" for name in _SHOWN)}, {_OVERDUE} as overdue from seller_alert a
        where a.deleted_at is null and a.merged_into is null
            and (%(status)s::text is null or a.status = %(status)s) and (%(kind)s::text is null or a.kind = %(kind)s)
            and (%(owner)s::text is null or lower(a.owner_email) = lower(%(owner)s))
            and (%(queue)s::boolean is null or (a.owner_email is null) = %(queue)s)
            and (%(deal)s::uuid is null or a.deal = %(deal)s)
            and (%(overdue)s::boolean is null or {_OVERDUE} = %(overdue)s)
            and (%(at)s::timestamptz is null or (a.raised_at, a.id) < (%(at)s::timestamptz, %(id)s::uuid))
        order by a.raised_at desc, a.id desc limit %(limit)s
        """,
        status=where.status,
        kind=where.kind,
        owner=where.owner_email,
        queue=where.queue,
        deal=where.deal,
        overdue=where.overdue,
        at=after[0] if after else None,
        id=after[1] if after else None,
        limit=limit,
    )
    return [dict(row) for row in rows]


async def by_id(tx: Tx, alert_id: UUID) -> dict[str, Any] | None:
    row = await tx.one(
        f"select {', '.join(f'a.{name}' for name in _SHOWN)}, {_OVERDUE} as overdue from seller_alert a"
        " where a.id = %s and a.deleted_at is null and a.merged_into is null",
        alert_id,
    )
    return dict(row) if row else None


async def times(tx: Tx, *, since: datetime) -> list[dict[str, Any]]:
    """By kind, of alerts raised since then: how many, where they stand, and the time until they were acknowledged."""
    took = "extract(epoch from a.acknowledged_at - a.raised_at)"
    rows = await tx.all(
        f"""
        select a.kind, count(*) as raised, count(*) filter (where a.status = 'open') as open,
            count(*) filter (where {_OVERDUE}) as overdue,
            count(*) filter (where a.status = 'acknowledged') as acknowledged,
            count(*) filter (where a.acknowledged_at <= a.due_at) as in_time,
            count(a.escalated_at) as escalated,
            percentile_cont(0.5) within group (order by {took}) as median_seconds,
            percentile_cont(0.95) within group (order by {took}) as p95_seconds
        from seller_alert a
        where a.raised_at >= %s and a.deleted_at is null and a.merged_into is null group by a.kind order by a.kind
        """,
        since,
    )
    return [dict(row) for row in rows]
