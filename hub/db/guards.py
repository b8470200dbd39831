"""Guards: what runs did unasked lately, and the plans that ask about those that were stopped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.rows import DictRow

from hub.db.session import Tx
from hub.domain.guards import EFFECTS, Effect
from hub.domain.plan import Direction, PlanState

_LATELY = timedelta(hours=1)
# Of a plan p. What was rejected is still not read; what was not to be written is over.
OPEN = (
    "p.kind = 'guard' and (p.state in ('proposed', 'approved', 'applying')"
    " or p.state = 'rejected' and p.options ->> 'direction' = 'in' and not p.options ? 'lifted')"
)


async def note_passed(
    tx: Tx, *, connection_id: int, object_name: str, direction: Direction, touched: Mapping[Effect, Collection[str]]
) -> None:
    """Keep to which records (by id) a run just did what, unasked; in the transaction that does it.

    What is too old to count goes.
    """
    if not any(touched.values()):
        return
    await tx.run(
        "delete from passed where connection_id = %s and object = %s and direction = %s"
        " and at < clock_timestamp() - %s",
        connection_id,
        object_name,
        direction,
        2 * _LATELY,
    )
    for effect, ids in touched.items():
        if ids:
            await tx.run(
                "insert into passed (connection_id, object, direction, effect, ids) values (%s, %s, %s, %s, %s)",
                connection_id,
                object_name,
                direction,
                effect,
                list(ids),
            )


async def passed_lately(tx: Tx, *, connection_id: int, object_name: str, direction: Direction) -> dict[Effect, int]:
    """To how many records each effect was done unasked in the last hour."""
    rows = await tx.tuples(
        "select effect, count(distinct id) from passed, unnest(ids) as id where connection_id = %s and object = %s"
        " and direction = %s and at > clock_timestamp() - %s group by effect",
        connection_id,
        object_name,
        direction,
        _LATELY,
    )
    found = {row[0]: int(row[1]) for row in rows}
    return {effect: found.get(effect, 0) for effect in EFFECTS}


async def linked(tx: Tx, *, connection_id: int, object_name: str) -> int:
    """How many records of the object are linked."""
    row = await tx.one(
        "select count(*) as n from link where connection_id = %s and object = %s and state = 'live'",
        connection_id,
        object_name,
    )
    assert row is not None
    return int(row["n"])


@dataclass(frozen=True, slots=True)
class Stop:
    """A run that was stopped, and the plan that asks what to do. `looked`: how long ago its effects were looked at.

    `options`: object, direction, by (`pull`, `reread`, `push`), effects (a digest), passed and excess.
    """

    plan_id: int
    state: PlanState
    options: dict[str, Any]
    reason: str
    decided_by: str | None
    looked: timedelta

    @property
    def passed(self) -> dict[Effect, int]:
        """What had been done unasked in the hour before it."""
        found: dict[Effect, int] = self.options.get("passed", {})
        return found


_STOP = (
    "select id as plan_id, state, options, coalesce(reason, '') as reason, decided_by,"
    " clock_timestamp() - (options ->> 'looked_at')::timestamptz as looked from plan p"
)


async def open_stop(tx: Tx, *, connection_id: int, object_name: str, direction: Direction) -> Stop | None:
    """The one that nobody has settled yet."""
    row = await tx.one(
        f"{_STOP} where connection_id = %s and {OPEN} and options ->> 'object' = %s"
        " and options ->> 'direction' = %s order by id desc limit 1",
        connection_id,
        object_name,
        direction,
    )
    return Stop(**row) if row else None


async def stopped_objects(tx: Tx, *, connection_id: int, direction: Direction) -> set[str]:
    """Objects with an open stop."""
    rows = await tx.tuples(
        f"select options ->> 'object' from plan p where connection_id = %s and {OPEN} and options ->> 'direction' = %s",
        connection_id,
        direction,
    )
    return {row[0] for row in rows}


async def open_stops(tx: Tx, *, connection_id: int | None) -> list[DictRow]:
    """All that nobody has settled yet, the oldest first."""
    return await tx.all(
        "select p.id as plan_id, c.name as connection, p.options ->> 'object' as object,"
        " p.options ->> 'direction' as direction, p.state, p.reason, p.decided_by, p.created_at as stopped_at"
        f" from plan p join connection c on c.id = p.connection_id where {OPEN}"
        " and (%s::int is null or p.connection_id = %s) order by p.id",
        connection_id,
        connection_id,
    )


async def looked(tx: Tx, *, plan_id: int) -> None:
    """Its effects were looked at just now."""
    await tx.run(
        "update plan set options = options || jsonb_build_object('looked_at', clock_timestamp()) where id = %s", plan_id
    )


async def lift(tx: Tx, *, plan_id: int, reason: str) -> bool:
    """The stop is over without its plan: one that waits is superseded, one that was rejected stays so.

    False when it is being applied or is over by now.
    """
    return bool(
        await tx.run(
            "update plan set state = case state when 'rejected' then state else 'superseded' end, reason = %s,"
            " options = options || '{\"lifted\": true}'"
            " where id = %s and state in ('building', 'proposed', 'rejected')",
            reason,
            plan_id,
        )
    )


async def supersede(
    tx: Tx, *, connection_id: int, object_name: str, direction: Direction, by: int, reason: str
) -> list[int]:
    """Older stops of the object are overtaken by plan `by`; returns which."""
    rows = await tx.all(
        "update plan set state = case state when 'rejected' then state else 'superseded' end, reason = %s,"
        " options = options || '{\"lifted\": true}' where connection_id = %s and kind = 'guard'"
        " and options ->> 'object' = %s and options ->> 'direction' = %s and id < %s"
        " and (state in ('building', 'proposed') or state = 'rejected' and not options ? 'lifted') returning id",
        reason,
        connection_id,
        object_name,
        direction,
        by,
    )
    return [int(row["id"]) for row in rows]


async def hold(tx: Tx, *, connection_id: int, object_name: str, plan_id: int) -> int:
    """Deliveries of the plan's items wait for what becomes of it."""
    return await tx.run(
        "update delivery d set state = 'waiting', error_class = 'Guard', plan_id = i.plan_id,"
        " message = format('It is part of a mass change that plan %%s asks about.', i.plan_id),"
        " hint = format('partnerhub plans show %%s, then apply or reject it.', i.plan_id),"
        " updated_at = clock_timestamp() from plan_item i"
        " where i.plan_id = %s and i.direction = 'out' and i.record_id = d.record_id"
        " and d.connection_id = %s and d.object = %s"
        " and (d.state = 'pending' and d.plan_id is null or d.state = 'waiting' and d.error_class = 'Guard')"
        " and (d.lease_until is null or d.lease_until < clock_timestamp())",
        plan_id,
        connection_id,
        object_name,
    )


async def allow(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[Any], plan_id: int) -> None:
    """Open deliveries of these records were approved with a plan: no guard holds them."""
    await tx.run(
        "update delivery set plan_id = %s, next_attempt_at = clock_timestamp(), hint = null,"
        " state = case when state = 'waiting' then 'pending' else state end"
        " where connection_id = %s and object = %s and record_id = any(%s)"
        " and (state = 'pending' or state = 'waiting' and error_class = 'Guard')",
        plan_id,
        connection_id,
        object_name,
        list(record_ids),
    )


async def drop_held(tx: Tx, *, plan_id: int, hint: str) -> int:
    """What a plan holds back is not delivered: it was rejected."""
    return await tx.run(
        "update delivery set state = 'dropped', hint = %s, updated_at = clock_timestamp()"
        " where plan_id = %s and state = 'waiting' and error_class = 'Guard'",
        hint,
        plan_id,
    )


async def release_held(tx: Tx, *, connection_id: int) -> int:
    """What is held back by plans that are over, without having been approved in them, is looked at anew."""
    return await tx.run(
        "update delivery d set state = 'pending', plan_id = null, next_attempt_at = clock_timestamp()"
        " from plan p where p.id = d.plan_id and d.connection_id = %s and d.state = 'waiting'"
        " and d.error_class = 'Guard' and p.state in ('building', 'applied', 'superseded', 'failed')",
        connection_id,
    )


async def newest_delivery(tx: Tx, *, connection_id: int) -> int:
    """The id of the last one that was asked for."""
    row = await tx.one("select coalesce(max(id), 0) as id from delivery where connection_id = %s", connection_id)
    assert row is not None
    return int(row["id"])


async def unasked(tx: Tx, *, connection_id: int) -> Mapping[str, int]:
    """How many deliveries of each object are to leave that no plan has allowed."""
    rows = await tx.tuples(
        "select object, count(*) from delivery where connection_id = %s and state = 'pending' and plan_id is null"
        " group by object",
        connection_id,
    )
    return {row[0]: int(row[1]) for row in rows}


async def unasked_records(
    tx: Tx, *, connection_id: int, object_name: str, held_by: int | None, after: int, limit: int
) -> list[tuple[int, Any]]:
    """(delivery, record) of those, and of what plan `held_by` holds back, after a delivery's id."""
    return await tx.tuples(
        "select id, record_id from delivery where connection_id = %s and object = %s and id > %s"
        " and (state = 'pending' and plan_id is null"
        "  or state = 'waiting' and error_class = 'Guard' and plan_id = %s) order by id limit %s",
        connection_id,
        object_name,
        after,
        held_by,
        limit,
    )
