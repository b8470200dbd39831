"""Arrivals: registrations that came in by a system or as plain records, until they are judged."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.db.arrays import Uuids
from hub.db.session import Tx


@dataclass(frozen=True, slots=True)
class NewArrival:
    """A registration that came in or was edited there.

    `actor`: whom the system names as its author, else the connection. `undecided`: it bears no stage of a decision.
    `takes_over`: such a stage is believed. `since`: the moment that orders those of one kind. `asked_stage`: the stage
    that somebody set there against the review.
    """

    registration_id: UUID
    actor: str
    since: datetime
    undecided: bool = True
    takes_over: bool = False
    asked_stage: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One that is taken up. `origin` is the name of its connection, None for a plain record."""

    registration_id: UUID
    origin: str | None
    actor: str
    takes_over: bool
    asked_stage: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldEdit:
    """An open conflict over a field of a registration; `theirs` is JSON text."""

    id: int
    connection_id: int
    object: str
    remote_id: str
    field: str
    theirs: str


async def announce(
    tx: Tx, arrivals: Sequence[NewArrival], *, connection_id: int | None = None, object_name: str | None = None
) -> None:
    """Keep until they are taken up. Whoever asks holds the registrations' rows, or has just made them."""
    rows = sorted(arrivals, key=lambda a: a.registration_id)
    await tx.run(
        """
        insert into deal_arrival (registration_id, connection_id, object, actor, since, undecided, takes_over,
            asked_stage)
        select id, %s, %s, actor, since, undecided, takes_over, asked_stage
        from unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::boolean[], %s::boolean[], %s::text[])
            as n(id, actor, since, undecided, takes_over, asked_stage)
        on conflict (registration_id) do update set connection_id = excluded.connection_id, object = excluded.object,
            actor = excluded.actor, undecided = excluded.undecided,
            takes_over = deal_arrival.takes_over or excluded.takes_over,
            asked_stage = coalesce(excluded.asked_stage, deal_arrival.asked_stage),
            at = clock_timestamp(), next_at = clock_timestamp(), problem = null
        """,
        connection_id,
        object_name,
        Uuids(a.registration_id for a in rows),
        [a.actor for a in rows],
        [a.since for a in rows],
        [a.undecided for a in rows],
        [a.takes_over for a in rows],
        [a.asked_stage for a in rows],
    )


async def look_again(tx: Tx, registration_id: UUID, *, actor: str) -> None:
    """Take a submitted registration up again when edits made elsewhere wait as conflicts."""
    await tx.run(
        "insert into deal_arrival (registration_id, connection_id, object, actor, since, undecided, takes_over)"
        " select record_id, connection_id, object, coalesce(theirs_by, %s), now(), true, false from conflict"
        " where record_id = %s and state = 'open' order by id desc limit 1 on conflict do nothing",
        actor,
        registration_id,
    )


async def claim(tx: Tx) -> Arrival | None:
    """The next one, with its registration held; it is gone when the transaction commits. None when nothing is due.

    What was decided elsewhere goes first, and what came with it waits for the end of the first read: a registration
    that is judged must find those that were there before.
    """
    while (found := await tx.one(_NEXT)) is not None:
        taken = await tx.one(
            "delete from deal_arrival a where registration_id = %s returning registration_id, actor, takes_over,"
            " asked_stage, at, (select name from connection c where c.id = a.connection_id) as origin",
            found["registration_id"],
        )
        if taken is not None:  # else another process was done with it just before
            return Arrival(**taken)
    return None


_NEXT = """
    select a.registration_id from deal_arrival a join deal_registration d on d.id = a.registration_id
    where a.next_at <= clock_timestamp() and (not a.undecided or not a.takes_over or (
        exists (select from run r where r.connection_id = a.connection_id and r.object = a.object
            and r.kind = 'pull' and r.state = 'done')
        and not exists (select from deal_arrival o where not o.undecided and o.takes_over and o.problem is null
            and o.connection_id = a.connection_id and o.object = a.object)))
    order by a.undecided, a.since, a.registration_id limit 1 for no key update of d skip locked
"""


async def put_off(tx: Tx, arrival: Arrival, *, problem: str, delay: timedelta | None = None) -> None:
    """Try again after `delay`; without it only when the registration is edited. What came in meanwhile stands."""
    await tx.run(
        "update deal_arrival set problem = %s, next_at = coalesce(clock_timestamp() + %s::interval, 'infinity')"
        " where registration_id = %s and at = %s",
        problem,
        delay,
        arrival.registration_id,
        arrival.at,
    )


async def waiting(tx: Tx, *, limit: int) -> list[dict[str, Any]]:
    """Those with a problem first, then in the order in which they are taken up."""
    rows = await tx.all(
        "select a.registration_id as id, d.name, d.stage, c.name as connection, a.actor, a.at, a.problem"
        " from deal_arrival a join deal_registration d on d.id = a.registration_id"
        " left join connection c on c.id = a.connection_id"
        " order by a.problem is null, a.undecided, a.since, a.registration_id limit %s",
        limit,
    )
    return [dict(row) for row in rows]


async def held_edits(tx: Tx, registration_id: UUID, *, fields: Collection[str]) -> list[HeldEdit]:
    """Open conflicts over these fields, the oldest first."""
    rows = await tx.all(
        "select id, connection_id, object, remote_id, field, theirs::text as theirs from conflict"
        " where record_id = %s and state = 'open' and field = any(%s) order by id",
        registration_id,
        list(fields),
    )
    return [HeldEdit(**row) for row in rows]
