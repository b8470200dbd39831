"""The review of a registration: its clock, its approvals, decisions as they were made, and whom it freezes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from hub.db.arrays import Uuids
from hub.db.copying import copy_rows, insert_rows
from hub.db.session import Tx
from hub.domain.deals.facts import Facts


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """What is kept of a review beside the record."""

    registration_id: UUID
    allowed: timedelta
    submitted_by: str
    place: int | None = None
    spent: timedelta = timedelta(0)
    running_since: datetime | None = None
    stopped: bool = False
    due_at: datetime | None = None
    approved_by: tuple[str, ...] = ()
    extensions: int = 0
    appeals: int = 0
    asked: tuple[str, ...] = ()


_COLUMNS = tuple(ReviewRow.__dataclass_fields__)
_SAVED = " on conflict (registration_id) do update set " + ", ".join(f"{c} = excluded.{c}" for c in _COLUMNS[1:])


async def load(tx: Tx, ids: Collection[UUID]) -> dict[UUID, ReviewRow]:
    rows = await tx.all(f"select {', '.join(_COLUMNS)} from deal_review where registration_id = any(%s)", Uuids(ids))
    return {
        row["registration_id"]: ReviewRow(
            **{**row, "approved_by": tuple(row["approved_by"]), "asked": tuple(row["asked"])}
        )
        for row in rows
    }


async def handed_in(tx: Tx, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the registrations that were submitted: of a draft nothing was judged yet."""
    rows = await tx.tuples(
        "select r.registration_id from deal_review r join deal_registration d on d.id = r.registration_id"
        " where r.registration_id = any(%s) and d.review_status <> 'draft'",
        Uuids(ids),
    )
    return frozenset(row[0] for row in rows)


async def save(tx: Tx, reviews: Sequence[ReviewRow]) -> None:
    """Each in the place of the registration's earlier one."""
    if reviews:
        rows = [[_stored(getattr(review, name)) for name in _COLUMNS] for review in reviews]
        await insert_rows(tx, "deal_review", _COLUMNS, rows, conflict=_SAVED)


def _stored(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision with what it was made from; `facts` and `decision` are JSON."""

    registration_id: UUID
    policy: str
    verdict: str
    step: str
    facts: bytes
    decision: bytes
    actor: str
    at: datetime


async def store_decisions(tx: Tx, made: Sequence[DecisionRow]) -> None:
    await copy_rows(
        tx,
        "deal_decision",
        tuple(DecisionRow.__dataclass_fields__),
        (
            (d.registration_id, d.policy, d.verdict, d.step, d.facts.decode(), d.decision.decode(), d.actor, d.at)
            for d in made
        ),
    )


async def decisions(tx: Tx, registration_id: UUID) -> list[dict[str, Any]]:
    """Newest first; facts and decision as JSON text."""
    rows = await tx.all(
        "select id, policy, verdict, step, facts::text as facts, decision::text as decision, actor, at"
        " from deal_decision where registration_id = %s order by id desc",
        registration_id,
    )
    return [dict(row) for row in rows]


async def last_facts(tx: Tx, ids: Collection[UUID]) -> dict[UUID, Facts]:
    """What the rules were told last of each registration."""
    rows = await tx.tuples(
        "select distinct on (registration_id) registration_id, facts::text from deal_decision"
        " where registration_id = any(%s) order by registration_id, id desc",
        Uuids(ids),
    )
    return {row[0]: msgspec.json.decode(row[1], type=Facts) for row in rows}


async def events(tx: Tx, registration_id: UUID) -> list[dict[str, Any]]:
    """Oldest first."""
    rows = await tx.all(
        "select id, kind, happened_at, actor, from_status, to_status, reason_code, note from deal_event"
        " where deal = %s order by happened_at, id",
        registration_id,
    )
    return [dict(row) for row in rows]


async def freeze(tx: Tx, pairs: Collection[tuple[UUID, UUID]]) -> None:
    """Each registration by the one whose conflict review it is a party of: (registration, by)."""
    columns = ("registration_id", "frozen_by")
    await insert_rows(tx, "deal_freeze", columns, list(pairs), conflict=" on conflict do nothing")


async def unfreeze(tx: Tx, *, by: UUID) -> None:
    """The conflict review of `by` is over."""
    await tx.run("delete from deal_freeze where frozen_by = %s", by)


async def frozen_by(tx: Tx, registration_id: UUID) -> tuple[UUID, ...]:
    rows = await tx.tuples(
        "select frozen_by from deal_freeze where registration_id = %s order by since", registration_id
    )
    return tuple(row[0] for row in rows)


async def note_reminder(tx: Tx, *, registration_id: UUID, protection_ends: date, days: int) -> bool:
    """Whether it is the first of its kind for this end of the protection."""
    return bool(
        await tx.run(
            "insert into deal_reminder (registration_id, protection_ends, days) values (%s, %s, %s)"
            " on conflict do nothing",
            registration_id,
            protection_ends,
            days,
        )
    )


async def reminders(tx: Tx, *, registration_id: UUID, protection_ends: date) -> frozenset[int]:
    rows = await tx.tuples(
        "select days from deal_reminder where registration_id = %s and protection_ends = %s",
        registration_id,
        protection_ends,
    )
    return frozenset(row[0] for row in rows)


async def ending(
    tx: Tx, *, today: date, remind_before: Collection[int], statuses: Collection[str], limit: int
) -> list[tuple[UUID, date]]:
    """Protected registrations that have to be ended, or reminded of so many days before, the earliest first.

    One whose reminder of fewer days went out needs none of more days.
    """
    rows = await tx.tuples(
        "select d.id, d.protection_ends from deal_registration d where d.review_status = any(%s)"
        " and d.deleted_at is null and d.merged_into is null and (d.protection_ends < %s or exists ("
        "  select from unnest(%s::integer[]) as days where d.protection_ends < %s + days and not exists ("
        "   select from deal_reminder m where m.registration_id = d.id and m.protection_ends = d.protection_ends"
        "   and m.days <= days)))"
        " order by d.protection_ends, d.id limit %s",
        list(statuses),
        today,
        list(remind_before),
        today,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True, slots=True)
class Screening:
    """A decision that the rules made by themselves; facts and decision as JSON text."""

    id: int
    registration_id: UUID
    at: datetime
    step: str
    facts: str
    decision: str


async def screenings(tx: Tx, *, since: datetime, after: int, limit: int) -> list[Screening]:
    """Oldest first; extensions, amendments and appeals are none."""
    rows = await tx.all(
        "select id, registration_id, at, step, facts::text as facts, decision::text as decision from deal_decision"
        " where id > %s and at >= %s and step not in ('extend', 'amend', 'appeal', 'review') order by id limit %s",
        after,
        since,
        limit,
    )
    return [Screening(**row) for row in rows]


async def queue(
    tx: Tx, *, statuses: Collection[str], after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Registrations in these statuses, those that are due first in front; those without a deadline come last."""
    due = "coalesce(r.due_at, '9999-01-01Z')"
    rows = await tx.all(
        f"""
        select d.id, d.name, d.partner, o.legal_name as partner_name, d.customer_name, d.review_status, r.due_at,
            r.place, r.approved_by, {due} as position
        from deal_review r join deal_registration d on d.id = r.registration_id
            left join organization o on o.id = d.partner
        where d.review_status = any(%(statuses)s) and d.deleted_at is null and d.merged_into is null
            and (%(due)s::timestamptz is null or ({due}, d.id) > (%(due)s::timestamptz, %(id)s::uuid))
        order by {due}, d.id limit %(limit)s
        """,
        statuses=list(statuses),
        due=after[0] if after else None,
        id=after[1] if after else None,
        limit=limit,
    )
    return [dict(row) for row in rows]
