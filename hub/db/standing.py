"""Where one record stands with every system: links, deliveries, conflicts, reviews, quarantine and re-reads."""

from __future__ import annotations

from uuid import UUID

from psycopg.rows import DictRow

from hub.db import guards
from hub.db.session import Tx

# Both halves by an index: live links by one, tombstones and redirects by the other.
_LINKS = (
    "(select * from link where record_id = %(record_id)s and state = 'live'"
    " union all select * from link where record_id = %(record_id)s and state <> 'live')"
)


async def links(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Every link, tombstones and redirects included."""
    return await tx.all(
        "select connection_id, object, remote_id, state, as_of, redirect_to, waits_for, shadow::text as shadow"
        f" from {_LINKS} as l order by connection_id, object, state = 'live' desc, remote_id",
        record_id=record_id,
    )


async def open_deliveries(tx: Tx, record_id: UUID) -> list[DictRow]:
    return await tx.all(
        "select id, connection_id, object, op, state, attempts, next_attempt_at, error_class, message, hint, updated_at"
        " from delivery where record_id = %s and state in ('pending', 'sending', 'unknown', 'waiting', 'dead')"
        " order by id",
        record_id,
    )


async def rejected(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Where the last that was to be delivered was dropped with the plan that held it back."""
    return await tx.all(
        "select connection_id, object, hint from (select distinct on (connection_id, object) * from delivery"
        " where record_id = %s order by connection_id, object, id desc) as newest"
        " where state = 'dropped' and plan_id is not null",
        record_id,
    )


async def stops(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Objects with this record whose reading a guard has stopped."""
    return await tx.all(
        "select distinct p.connection_id, p.options ->> 'object' as object, p.id as plan_id, p.state from plan p"
        f" join {_LINKS} as l on l.connection_id = p.connection_id and l.object = p.options ->> 'object'"
        f" where p.options ->> 'direction' = 'in' and {guards.OPEN} order by 1, 2",
        record_id=record_id,
    )


async def open_conflicts(tx: Tx, record_id: UUID) -> list[DictRow]:
    return await tx.all(
        "select id, connection_id, object, field, base, ours, theirs, created_at from conflict"
        " where record_id = %s and state = 'open' order by id",
        record_id,
    )


async def open_reviews(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Doubtful matches of this record, and those of others in which this one is a candidate."""
    return await tx.all(
        "select id, connection_id, object, remote_id, record_id, kind, holds, created_at from match_review"
        " where state = 'open' and (record_id = %s or candidates @> jsonb_build_array(jsonb_build_object("
        " 'record_id', %s::text))) order by id",
        record_id,
        str(record_id),
    )


async def quarantined(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Problems of the remote records that stand for this one."""
    return await tx.all(
        "select q.connection_id, q.object, q.remote_id, q.problems, q.held, q.at from quarantine q"
        f" join {_LINKS} as l using (connection_id, object, remote_id) order by q.at",
        record_id=record_id,
    )


async def rereads(tx: Tx, record_id: UUID) -> list[DictRow]:
    return await tx.all(
        "select r.connection_id, r.object, r.remote_id, r.reason, r.attempts, r.next_attempt_at from reread r"
        f" join {_LINKS} as l using (connection_id, object, remote_id) order by r.request",
        record_id=record_id,
    )


async def drift(tx: Tx, record_id: UUID) -> list[DictRow]:
    """Fields of which nothing passes in objects where this record is linked; what is merely not written yet is told by
    its delivery."""
    return await tx.all(
        "select d.connection_id, d.object, d.field, d.file, d.line, d.message from drift d"
        f" where d.state = 'open' and d.stops = 'both' and exists (select from {_LINKS} as l"
        " where l.connection_id = d.connection_id and l.object = d.object) order by d.id",
        record_id=record_id,
    )


async def last_pulls(tx: Tx) -> list[DictRow]:
    """When each object of each connection was last read to its end."""
    return await tx.all(
        """
        select cu.connection_id, cu.object, last.finished_at from cursor cu cross join lateral (
            select finished_at from run where run.connection_id = cu.connection_id and run.object = cu.object
                and kind = 'pull' and state = 'done' order by id desc limit 1) as last
        where cu.direction = 'inbound'
        """
    )


async def field_origins(tx: Tx, record_id: UUID) -> list[DictRow]:
    """The newest change of each field that was ever written, with who made it."""
    return await tx.all(
        """
        select distinct on (k.field) k.field, ch.new -> k.field as new, ch.old -> k.field as old, ch.version, ch.op,
            coalesce(ch.rules ->> k.field, ch.rules ->> '*') as rule, ch.remote_id, ch.run_id, ch.actor, ch.at,
            c.name as connection, c.system, (select max(id) from plan where plan.run_id = ch.run_id) as plan_id
        from change ch cross join lateral jsonb_object_keys(ch.new) as k(field)
        left join connection c on c.id = ch.origin
        where ch.record_id = %s and ch.op in ('create', 'update', 'restore') and jsonb_typeof(ch.new) = 'object'
        order by k.field, ch.version desc, ch.id desc
        """,
        record_id,
    )


async def unplanned(tx: Tx, *, record_id: UUID) -> set[int]:
    """Connections that have not yet looked at this record's newest change."""
    rows = await tx.tuples(
        """
        select c.id from connection c
        left join cursor cu on cu.connection_id = c.id and cu.object = '*' and cu.direction = 'outbound'
        where c.state <> 'retired' and exists (
            select from change ch where ch.record_id = %s and (cu.value is null or
                (ch.xid, ch.id) > (split_part(cu.value, ':', 1)::xid8, split_part(cu.value, ':', 2)::bigint)))
        """,
        record_id,
    )
    return {row[0] for row in rows}
