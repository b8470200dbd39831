"""Deliveries: one outbound write each and its fate; the retry queue and the dead letters are rows of this table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from hub.db.arrays import Uuids
from hub.db.session import Tx

Op = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A leased delivery: what is to be brought where. `op` is None until its first computation.

    `plan_id`: the plan in which a person allowed it.
    """

    id: int
    object: str
    record_type: str
    record_id: UUID
    op: Op | None
    state: str
    attempts: int
    idempotency_key: UUID
    edited: dict[str, Any] | None
    payload: dict[str, Any] | None
    remote_id: str | None
    error_class: str | None
    plan_id: int | None = None


async def request(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    records: Sequence[tuple[UUID, str]],
    priority: int = 0,
) -> int:
    """Ask for these (record, type) to be brought to the object; one open delivery each, however often asked.

    A delivery that is on its way is done again afterwards; one that failed for good gets a new chance, since the
    record has changed; a create stays a create. What a guard holds back stays held.
    """
    return await tx.run(
        """
        insert into delivery as d (connection_id, object, record_id, record_type, priority)
        select %s, %s, r.record_id, r.record_type, %s from unnest(%s::uuid[], %s::text[]) as r(record_id, record_type)
        order by r.record_id
        on conflict (connection_id, object, record_id)
            where state in ('pending', 'sending', 'unknown', 'waiting', 'dead')
        do update set
            again = d.lease_owner is not null or d.state in ('sending', 'unknown'),
            state = case when d.state in ('waiting', 'dead') and d.error_class is distinct from 'Guard' then 'pending'
                else d.state end,
            attempts = case when d.state = 'dead' then 0 else d.attempts end,
            next_attempt_at =
                case when d.state in ('waiting', 'dead') then clock_timestamp() else d.next_attempt_at end,
            priority = greatest(d.priority, excluded.priority),
            updated_at = clock_timestamp()
        """,
        connection_id,
        object_name,
        priority,
        [record[0] for record in records],
        [record[1] for record in records],
    )


async def lease_due(
    tx: Tx,
    *,
    connection_id: int,
    objects: Sequence[str],
    owner: str,
    ttl: timedelta,
    limit: int,
    newest: int | None = None,
) -> list[Delivery]:
    """Take due deliveries of one connection, the most urgent first; nobody else gets them until the lease ends.

    None that is newer than `newest`. A delivery whose lease ran out while it was being sent comes back as `unknown`:
    its process died in between.
    """
    rows = await tx.all(
        """
        with due as (
            select id from delivery
            where connection_id = %(connection_id)s and object = any(%(objects)s)
                and state in ('pending', 'unknown', 'sending', 'waiting') and id <= %(newest)s
                and not (state = 'waiting' and error_class = 'Guard')
                and next_attempt_at <= clock_timestamp()
                and (lease_until is null or lease_until < clock_timestamp())
            order by priority desc, id
            limit %(limit)s for update skip locked
        )
        update delivery d set
            lease_owner = %(owner)s, lease_until = clock_timestamp() + %(ttl)s,
            state = case d.state when 'sending' then 'unknown' when 'waiting' then 'pending' else d.state end
        from due where d.id = due.id
        returning d.id, d.object, d.record_type, d.record_id, d.op, d.state, d.attempts, d.idempotency_key,
            d.edited, d.payload, d.remote_id, d.error_class, d.plan_id
        """,
        connection_id=connection_id,
        objects=list(objects),
        owner=owner,
        ttl=ttl,
        limit=limit,
        newest=2**62 if newest is None else newest,
    )
    return [Delivery(**row) for row in sorted(rows, key=lambda row: int(row["id"]))]


async def mark_sending(
    tx: Tx, *, owner: str, sends: Sequence[tuple[int, Op, dict[str, Any], str | None]], run_id: int, ttl: timedelta
) -> set[int]:
    """Write down what is about to leave: (delivery, op, payload, remote id). Returns those still leased by `owner`."""
    rows = await tx.all(
        """
        update delivery d set state = 'sending', op = s.op, payload = s.payload, remote_id = s.remote_id,
            attempts = d.attempts + 1, run_id = %s, lease_until = clock_timestamp() + %s,
            updated_at = clock_timestamp()
        from unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::text[]) as s(id, op, payload, remote_id)
        where d.id = s.id and d.lease_owner = %s and d.lease_until > clock_timestamp()
        returning d.id
        """,
        run_id,
        ttl,
        [send[0] for send in sends],
        [send[1] for send in sends],
        [Jsonb(send[2]) for send in sends],
        [send[3] for send in sends],
        owner,
    )
    return {int(row["id"]) for row in rows}


async def finish(tx: Tx, *, ids: Sequence[int], again: Sequence[int] = ()) -> None:
    """Done, or to be done once more: those of `again`, and those whose record changed meanwhile."""
    if again:
        await tx.run("update delivery set again = true where id = any(%s)", list(again))
    await tx.run(
        """
        update delivery set
            state = case when again then 'pending' else 'done' end, again = false,
            attempts = case when again then 0 else attempts end,
            op = case when again then null else op end, plan_id = case when not again then plan_id end,
            edited = null, error_class = null, error_code = null, message = null, hint = null,
            lease_owner = null, lease_until = null, next_attempt_at = clock_timestamp(),
            updated_at = clock_timestamp()
        where id = any(%s)
        """,
        list(ids),
    )


async def drop_idle(tx: Tx, *, ids: Sequence[int]) -> None:
    """Nothing was to be done after all: leave no trace, unless a change arrived meanwhile."""
    await tx.run("delete from delivery where id = any(%s) and not again", list(ids))
    await finish(tx, ids=ids)


@dataclass(frozen=True, slots=True)
class Setback:
    """Why a delivery did not succeed and what becomes of it. `delay` counts from the database's now."""

    id: int
    state: Literal["pending", "unknown", "waiting", "dead"]
    delay: timedelta
    error_class: str
    error_code: str | None
    message: str
    hint: str | None = None
    counts: bool = True


async def set_back(tx: Tx, *, setbacks: Sequence[Setback]) -> None:
    """Store setbacks. One that does not `count` leaves the number of attempts as it was before.

    Where the record changed meanwhile, what would be dead or waiting is computed anew.
    """
    if not setbacks:
        return
    await tx.run(
        """
        update delivery d set
            state = case when d.again and s.state in ('dead', 'waiting') then 'pending' else s.state end,
            next_attempt_at = case when d.again and s.state in ('dead', 'waiting') then clock_timestamp()
                else clock_timestamp() + s.delay end,
            attempts = case when s.counts then d.attempts else greatest(d.attempts - 1, 0) end,
            error_class = s.error_class, error_code = s.error_code, message = s.message, hint = s.hint,
            again = d.again and s.state = 'unknown',
            lease_owner = null, lease_until = null, updated_at = clock_timestamp()
        from unnest(%s::bigint[], %s::text[], %s::interval[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::bool[]) as s(id, state, delay, error_class, error_code, message, hint, counts)
        where d.id = s.id and d.state in ('pending', 'sending', 'unknown')
        """,
        [s.id for s in setbacks],
        [s.state for s in setbacks],
        [s.delay for s in setbacks],
        [s.error_class for s in setbacks],
        [s.error_code for s in setbacks],
        [s.message for s in setbacks],
        [s.hint for s in setbacks],
        [s.counts for s in setbacks],
    )


async def wake_waiting(tx: Tx, *, connection_id: int) -> int:
    """Let deliveries that waited for a link look again."""
    return await tx.run(
        "update delivery set state = 'pending', next_attempt_at = clock_timestamp()"
        " where connection_id = %s and state = 'waiting' and error_class not in ('SchemaDrift', 'Guard')",
        connection_id,
    )


async def settle_unknown(tx: Tx, *, ids: Sequence[int], not_before: timedelta) -> None:
    """Verified: what is left to do is computed anew, `not_before` counting from the write in question.

    Where that time is not over yet, the outcome stays unknown until it is.
    """
    await tx.run(
        """
        update delivery set
            state = case when updated_at + %(wait)s <= clock_timestamp() then 'pending' else 'unknown' end,
            next_attempt_at = greatest(updated_at + %(wait)s, clock_timestamp()),
            again = case when updated_at + %(wait)s <= clock_timestamp() then false else again end,
            lease_owner = null, lease_until = null
        where id = any(%(ids)s)
        """,
        wait=not_before,
        ids=list(ids),
    )


async def renew(tx: Tx, *, owner: str, ids: Sequence[int], ttl: timedelta) -> None:
    """Heartbeat of deliveries that are on their way."""
    await tx.run(
        "update delivery set lease_until = clock_timestamp() + %s where id = any(%s) and lease_owner = %s",
        ttl,
        list(ids),
        owner,
    )


async def give_back(tx: Tx, *, connection_id: int, owner: str) -> None:
    """Release leases of deliveries that did not leave."""
    await tx.run(
        "update delivery set lease_owner = null, lease_until = null"
        " where connection_id = %s and lease_owner = %s and state in ('pending', 'unknown')",
        connection_id,
        owner,
    )


async def next_due_in(tx: Tx, *, connection_id: int) -> timedelta | None:
    """How long until the next open delivery is due; None when there is none."""
    row = await tx.one(
        "select greatest(soonest - clock_timestamp(), interval '0') as due from ("
        " select min(greatest(next_attempt_at, coalesce(lease_until, next_attempt_at))) as soonest from delivery"
        " where connection_id = %s and state in ('pending', 'unknown', 'sending', 'waiting')"
        " and not (state = 'waiting' and error_class = 'Guard')) d"
        " where soonest is not null",
        connection_id,
    )
    return row["due"] if row else None


async def of_record(tx: Tx, record_id: UUID, *, limit: int = 50) -> list[Mapping[str, object]]:
    return [
        dict(row)
        for row in await tx.all(
            "select d.*, c.name as connection from delivery d join connection c on c.id = d.connection_id"
            " where d.record_id = %s order by d.id desc limit %s",
            record_id,
            limit,
        )
    ]


async def listing(
    tx: Tx, *, states: Sequence[str], connection_id: int | None = None, after: int | None = None, limit: int = 100
) -> list[dict[str, object]]:
    """Deliveries in these states, oldest first, after an id."""
    return [
        dict(row)
        for row in await tx.all(
            """
            select d.*, c.name as connection, c.system from delivery d join connection c on c.id = d.connection_id
            where d.state = any(%s) and (%s::int is null or d.connection_id = %s) and d.id > coalesce(%s, 0)
            order by d.id limit %s
            """,
            list(states),
            connection_id,
            connection_id,
            after,
            limit,
        )
    ]


async def replay(tx: Tx, *, delivery_id: int, edited: Mapping[str, object] | None = None) -> bool:
    """Give a dead or waiting delivery a new chance, with corrected remote fields if given; False if it is neither."""
    return bool(
        await tx.run(
            "update delivery set state = 'pending', attempts = 0, next_attempt_at = clock_timestamp(),"
            " edited = coalesce(%s, edited), updated_at = clock_timestamp()"
            " where id = %s and state in ('dead', 'waiting', 'pending')",
            None if edited is None else Jsonb(dict(edited)),
            delivery_id,
        )
    )


async def unanswered(
    tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]
) -> dict[UUID, dict[str, Any]]:
    """Remote fields that were sent for these records and may be there, though no answer has told so yet."""
    rows = await tx.all(
        "select record_id, payload from delivery where record_id = any(%s) and connection_id = %s and object = %s"
        " and state in ('pending', 'sending', 'unknown') and payload is not null",
        list(record_ids),
        connection_id,
        object_name,
    )
    return {row["record_id"]: row["payload"] for row in rows}


async def repeated(
    tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID], times: int, within: timedelta
) -> dict[UUID, dict[str, Any]]:
    """Remote fields, with the value, that were written to these records at least so many times within so long."""
    rows = await tx.all(
        """
        select d.record_id, f.key, f.value from delivery d, jsonb_each(d.payload) f
        where d.record_id = any(%s) and d.connection_id = %s and d.object = %s and d.state = 'done'
            and d.op = 'update' and d.updated_at > clock_timestamp() - %s
        group by d.record_id, f.key, f.value having count(*) >= %s
        """,
        list(record_ids),
        connection_id,
        object_name,
        within,
        times,
    )
    found: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(row["record_id"], {})[row["key"]] = row["value"]
    return found


async def open_for(tx: Tx, *, connection_id: int, objects: Sequence[str], record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that are on their way to one of the objects, dead letters included."""
    rows = await tx.tuples(
        "select record_id from delivery where record_id = any(%s) and connection_id = %s and object = any(%s)"
        " and state in ('pending', 'sending', 'unknown', 'waiting', 'dead')",
        Uuids(record_ids),
        connection_id,
        list(objects),
    )
    return {row[0] for row in rows}


async def hand_over(tx: Tx, *, loser: UUID, survivor: UUID) -> None:
    """What was to be delivered for a merged record is to be delivered for its survivor."""
    rows = await tx.all(
        "update delivery set state = 'dropped', lease_owner = null, lease_until = null,"
        " hint = 'The record was merged; its survivor is delivered instead.', updated_at = clock_timestamp()"
        " where record_id = %s and state in ('pending', 'sending', 'unknown', 'waiting', 'dead')"
        " returning connection_id, object, record_type",
        loser,
    )
    for row in rows:
        await request(
            tx,
            connection_id=row["connection_id"],
            object_name=row["object"],
            records=[(survivor, row["record_type"])],
        )


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a write for a record is on its way to an object, and whether the record was made there by the hub."""

    under_way: bool
    created: bool


async def way_of(tx: Tx, *, connection_id: int, object_name: str, record_id: UUID) -> Way:
    row = await tx.one(
        "select coalesce(bool_or(state in ('sending', 'unknown')), false) as under_way,"
        " coalesce(bool_or(state = 'done' and op = 'create'), false) as created"
        " from delivery where record_id = %s and connection_id = %s and object = %s",
        record_id,
        connection_id,
        object_name,
    )
    assert row is not None
    return Way(row["under_way"], row["created"])


async def amend(tx: Tx, *, connection_id: int, object_name: str, record_id: UUID, edited: Mapping[str, object]) -> None:
    """Send these remote fields too with what is open for a record."""
    await tx.run(
        "update delivery set edited = coalesce(edited, '{}') || %s where record_id = %s and connection_id = %s"
        " and object = %s and state in ('pending', 'waiting', 'dead')",
        Jsonb(dict(edited)),
        record_id,
        connection_id,
        object_name,
    )


async def hold_back(tx: Tx, *, connection_id: int, object_name: str, record_id: UUID, delay: timedelta) -> None:
    """Let what is open for a record wait for a while."""
    await tx.run(
        "update delivery set next_attempt_at = clock_timestamp() + %s where record_id = %s and connection_id = %s"
        " and object = %s and state = 'pending'",
        delay,
        record_id,
        connection_id,
        object_name,
    )


async def wake_record(tx: Tx, *, record_id: UUID) -> int:
    """Let everything that is open for a record be looked at again now; dead letters stay."""
    return await tx.run(
        "update delivery set state = case state when 'waiting' then 'pending' else state end,"
        " next_attempt_at = clock_timestamp() where record_id = %s and state in ('pending', 'waiting')"
        " and not (state = 'waiting' and error_class = 'Guard')",
        record_id,
    )


async def by_id(tx: Tx, delivery_id: int, *, lock: bool = False) -> Mapping[str, Any] | None:
    """The whole row with its connection's name."""
    return await tx.one(
        "select d.*, c.name as connection, c.system from delivery d join connection c on c.id = d.connection_id"
        f" where d.id = %s{' for update of d' if lock else ''}",
        delivery_id,
    )


async def drop(tx: Tx, *, delivery_id: int, hint: str) -> bool:
    """Give up on an open delivery that is not on its way; False when it is, or is closed."""
    return bool(
        await tx.run(
            "update delivery set state = 'dropped', hint = %s, lease_owner = null, lease_until = null,"
            " updated_at = clock_timestamp() where id = %s and state in ('pending', 'waiting', 'dead')"
            " and (lease_until is null or lease_until < clock_timestamp())",
            hint,
            delivery_id,
        )
    )


async def replay_dead(tx: Tx, *, connection_id: int) -> int:
    """Give every dead letter of a connection a new chance."""
    return await tx.run(
        "update delivery set state = 'pending', attempts = 0, next_attempt_at = clock_timestamp(),"
        " updated_at = clock_timestamp() where connection_id = %s and state = 'dead'",
        connection_id,
    )
