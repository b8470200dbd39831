"""Figures of how the hub stands, by connection."""

from __future__ import annotations

from psycopg.rows import DictRow

from hub.db import guards
from hub.db.session import Tx


async def connections(tx: Tx, *, connection_id: int | None) -> list[DictRow]:
    return await tx.all(
        f"""
        select c.id, c.name as connection, c.system, c.state, c.state_reason, c.down_since, c.begun_at,
            coalesce(c.options ->> 'create', 'both') as creates,
            case when c.rest_until > clock_timestamp() then c.rest_until end as resting_until,
            case when c.rest_until > clock_timestamp() then c.rest_reason end as rest_reason,
            (select extract(epoch from clock_timestamp() - min(created_at))::float8 from delivery
                where connection_id = c.id and state in ('pending', 'sending', 'unknown', 'waiting'))
                as oldest_delivery_seconds,
            (select count(*) from reread where connection_id = c.id) as rereads,
            (select greatest(extract(epoch from clock_timestamp() - min(next_attempt_at)), 0)::float8 from reread
                where connection_id = c.id) as oldest_reread_seconds,
            (select count(*) from conflict where connection_id = c.id and state = 'open') as conflicts_open,
            (select count(*) from match_review where connection_id = c.id and state = 'open') as reviews_open,
            (select count(*) from quarantine where connection_id = c.id) as quarantined,
            (select count(*) from plan where connection_id = c.id and state = 'proposed') as plans_waiting,
            d.drifted, d.drift, g.stops, g.stopped
        from connection c cross join lateral (
            select count(*) as drifted,
                (array_agg(format('%%s:%%s %%s: %%s', file, line, field, message) order by id))[1] as drift
            from drift where connection_id = c.id and state = 'open' and stops <> 'nothing') as d
        cross join lateral (
            select count(*) as stops, (array_agg(p.reason order by id))[1] as stopped
            from plan p where p.connection_id = c.id and {guards.OPEN}) as g
        where c.state <> 'retired' and (%s::int is null or c.id = %s) order by c.name
        """,
        connection_id,
        connection_id,
    )


async def open_deliveries(tx: Tx, *, connection_id: int | None) -> list[DictRow]:
    return await tx.all(
        "select connection_id, state, count(*) as count from delivery"
        " where state in ('pending', 'sending', 'unknown', 'waiting', 'dead')"
        " and (%s::int is null or connection_id = %s) group by connection_id, state",
        connection_id,
        connection_id,
    )


async def last_pulls(tx: Tx, *, connection_id: int | None) -> list[DictRow]:
    """Of each object: its newest run, and when one last came to a good end; from each connection's last 300 pulls."""
    return await tx.all(
        """
        select c.id as connection_id, r.object, max(r.finished_at) filter (where r.state = 'done') as last_read_at,
            max(r.id) as last_run_id, (array_agg(r.state order by r.id desc))[1] as last_run_state,
            (array_agg(r.error order by r.id desc))[1] as last_error
        from connection c cross join lateral (
            select * from run where connection_id = c.id and kind = 'pull' order by id desc limit 300) as r
        where c.state <> 'retired' and (%s::int is null or c.id = %s)
        group by c.id, r.object order by c.id, r.object
        """,
        connection_id,
        connection_id,
    )


async def runs_by_state(tx: Tx) -> list[DictRow]:
    return await tx.all("select kind, state, count(*) as count from run group by kind, state order by kind, state")


async def counts_by_connection(tx: Tx) -> list[DictRow]:
    return await tx.all(
        "select c.name as connection, k.key as what, sum(k.value::bigint)::bigint as count"
        " from run r join connection c on c.id = r.connection_id cross join lateral jsonb_each_text(r.counts) as k"
        " group by c.name, k.key order by c.name, k.key"
    )


async def deliveries_by_state(tx: Tx) -> list[DictRow]:
    return await tx.all(
        "select c.name as connection, d.state, count(*) as count from delivery d"
        " join connection c on c.id = d.connection_id group by c.name, d.state order by c.name, d.state"
    )
