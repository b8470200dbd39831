"""Conflicts at the doors: listed with who wrote what and what hangs on it, decided set by set, opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from psycopg.rows import DictRow

from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType


@dataclass(frozen=True, slots=True)
class Filter:
    """Which conflicts: every part that is given must fit."""

    state: str = "open"
    connection_id: int | None = None
    object_name: str | None = None
    field: str | None = None
    record_id: UUID | None = None
    ids: Sequence[int] | None = None


async def page(tx: Tx, wanted: Filter, *, after: int | None = None, limit: int) -> list[DictRow]:
    """Conflicts, oldest first, each with its authors and its context, in one query however many they are."""
    return await tx.all(_listing(), **_parameters(wanted), after=after, limit=limit)


async def matching(tx: Tx, wanted: Filter, *, after: int | None, limit: int) -> list[int]:
    """The ids alone, oldest first."""
    rows = await tx.all(
        f"select x.id from conflict x where {_WANTED} order by x.id limit %(limit)s",
        **_parameters(wanted), after=after, limit=limit,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def load(tx: Tx, ids: Sequence[int], *, lock: bool = False) -> list[DictRow]:
    """Whole rows in id order; with `lock`, held until the transaction ends (lock their records before)."""
    return await tx.all(
        "select x.*, c.name as connection, c.system from conflict x join connection c on c.id = x.connection_id"
        f" where x.id = any(%s) order by x.id{' for update of x' if lock else ''}",
        list(ids),
    )


@dataclass(frozen=True, slots=True)
class Settled:
    """A decision: `ours` is what the hub held, `decided` what it holds now (JSON text), in this version."""

    id: int
    choice: str
    resolution: str
    ours: str
    decided: str
    version: int


async def settle(tx: Tx, decided: Sequence[Settled], *, by: str) -> None:
    """Store what was decided. The value given up may be newer than the one the conflict was raised with: it is kept."""
    await tx.run(
        """
        update conflict set state = 'resolved', resolution = d.resolution, resolved_by = %s,
            resolved_at = clock_timestamp(), choice = d.choice, ours = d.ours::jsonb, decided = d.decided::jsonb,
            decided_version = d.version
        from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[])
            as d(id, choice, resolution, ours, decided, version)
        where conflict.id = d.id and conflict.state = 'open'
        """,
        by,
        [d.id for d in decided],
        [d.choice for d in decided],
        [d.resolution for d in decided],
        [d.ours for d in decided],
        [d.decided for d in decided],
        [d.version for d in decided],
    )


async def note_first(tx: Tx, words: Sequence[tuple[int, str]], *, by: str) -> None:
    """The first of two people has decided for these values (JSON text); a word of before is replaced."""
    await tx.run(
        "update conflict set first_by = %s, first_decided = w.decided::jsonb, updated_at = now()"
        " from unnest(%s::bigint[], %s::text[]) as w(id, decided) where conflict.id = w.id and state = 'open'",
        by,
        [word[0] for word in words],
        [word[1] for word in words],
    )


async def reopen(tx: Tx, conflict_id: int) -> None:
    """The decision is undone: open again with the three values it had. What was decided is remembered as undone."""
    await tx.run(
        "update conflict set state = 'open', undone = decided, resolution = null, resolved_by = null,"
        " resolved_at = null, choice = null, decided = null, decided_version = null, first_by = null,"
        " updated_at = now()"
        " where id = %s and state = 'resolved'",
        conflict_id,
    )


async def open_twin(tx: Tx, conflict: DictRow) -> int | None:
    """The open conflict of the same record, object and field, if there is one."""
    row = await tx.one(
        "select id from conflict where record_id = %s and connection_id = %s and object = %s and field = %s"
        " and state = 'open'",
        conflict["record_id"],
        conflict["connection_id"],
        conflict["object"],
        conflict["field"],
    )
    return row["id"] if row else None


async def written_since(tx: Tx, *, record_id: UUID, field: str, version: int) -> DictRow | None:
    """The newest change of the field after a version of the record: who made it, and when."""
    return await tx.one(
        "select ch.version, ch.at, coalesce(c.name, ch.actor, 'somebody') as writer from change ch"
        " left join connection c on c.id = ch.origin"
        " where ch.record_id = %s and ch.version > %s and ch.new ? %s order by ch.version desc limit 1",
        record_id,
        version,
        field,
    )


async def agree_on(tx: Tx, noted: Sequence[tuple[int, str, str, str, str]]) -> None:
    """Lay values over shadows: (connection, object, remote id, field, value as JSON). The hub took note of them."""
    await tx.run(
        """
        update link set shadow = link.shadow || n.fields from (
            select connection_id, object, remote_id, jsonb_object_agg(field, value::jsonb) as fields
            from unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[])
                as n(connection_id, object, remote_id, field, value) group by 1, 2, 3) n
        where link.connection_id = n.connection_id and link.object = n.object and link.remote_id = n.remote_id
        """,
        *([n[i] for n in noted] for i in range(5)),
    )


_WANTED = """
    x.state = %(state)s and (%(connection_id)s::int is null or x.connection_id = %(connection_id)s)
    and (%(object)s::text is null or x.object = %(object)s) and (%(field)s::text is null or x.field = %(field)s)
    and (%(record_id)s::uuid is null or x.record_id = %(record_id)s)
    and (%(ids)s::bigint[] is null or x.id = any(%(ids)s)) and x.id > coalesce(%(after)s::bigint, 0)
"""


def _parameters(wanted: Filter) -> dict[str, object]:
    return {
        "state": wanted.state,
        "connection_id": wanted.connection_id,
        "object": wanted.object_name,
        "field": wanted.field,
        "record_id": wanted.record_id,
        "ids": None if wanted.ids is None else list(wanted.ids),
    }


@cache
def _listing() -> str:
    """Each part beside the page is found by an index, and once for each conflict of it."""
    subjects = " union all ".join(_subject(record_type) for record_type in RECORD_TYPES.values())
    return f"""
        with page as (
            select x.*, c.name as connection, c.system from conflict x join connection c on c.id = x.connection_id
            where {_WANTED} order by x.id limit %(limit)s
        )
        select page.*, written.written, elsewhere.elsewhere, subject.name, subject.status, subject.partner,
            firm.legal_name as partner_name, partner.tier as partner_tier, partner.status as partner_status, deals.deals
        from page
        left join lateral ({_WRITTEN}) written on true
        left join lateral ({_ELSEWHERE}) elsewhere on true
        left join lateral ({subjects}) subject on true
        left join organization firm on firm.id = subject.partner
        left join partner on partner.id = subject.partner
        left join lateral ({_DEALS}) deals on true
        order by page.id
    """


# The hub's side: the newest change of the field before it was decided.
_WRITTEN = """
    select jsonb_build_object('connection', origin.name, 'actor', ch.actor, 'run_id', ch.run_id, 'at', ch.at,
        'rule', coalesce(ch.rules ->> page.field, ch.rules ->> '*'), 'remote_id', ch.remote_id) as written
    from change ch left join connection origin on origin.id = ch.origin
    where ch.record_id = page.record_id and ch.op in ('create', 'update', 'restore') and ch.new ? page.field
        and (page.decided_version is null or ch.version < page.decided_version)
    order by ch.version desc, ch.id desc limit 1
"""

_ELSEWHERE = """
    select jsonb_agg(jsonb_build_object('connection', other.name, 'object', link.object, 'remote_id', link.remote_id,
        'value', link.shadow -> page.field, 'as_of', link.as_of) order by other.name, link.object, link.remote_id)
        as elsewhere
    from link join connection other on other.id = link.connection_id
    where link.record_id = page.record_id and link.state = 'live' and link.connection_id <> page.connection_id
        and link.shadow ? page.field
"""

_DEALS = """
    select jsonb_agg(to_jsonb(d) order by d.record_type, d.currency nulls last) as deals from (
        select 'deal_registration' as record_type, amount_currency as currency, count(*) as count, sum(amount) as amount
        from deal_registration where partner = subject.partner and deleted_at is null and merged_into is null
            and coalesce(stage, 'draft') not in ('rejected', 'won', 'lost', 'expired', 'withdrawn') group by 2
        union all
        select 'opportunity', amount_currency, count(*), sum(amount) from opportunity
        where partner = subject.partner and deleted_at is null and merged_into is null and is_closed is not true
        group by 2) d
"""

_STATUS_FIELDS = ("status", "review_status", "stage")


def _subject(record_type: RecordType) -> str:
    """A record of this type: its name, where it stands, and the partner (or organization) it is or belongs to."""
    alias = {f.name: f"r{i}" for i, t in enumerate(record_type.lineage) for f in t.column_fields}
    first, *rest = record_type.lineage
    tables = f"{first.name} r0" + "".join(f" join {t.name} r{i} on r{i}.id = r0.id" for i, t in enumerate(rest, 1))
    status = next((f'{alias[n]}."{n}"' for n in _STATUS_FIELDS if n in alias), "null")
    firms = [name for name, target in record_type.links.items() if target in ("partner", "organization")]
    firms.sort(key=lambda name: record_type.links[name] != "partner")
    own = first.name == "organization"
    partner = "r0.id" if own else f'{alias[firms[0]]}."{firms[0]}"' if firms else "null::uuid"
    title = f'{alias[record_type.title]}."{record_type.title}"'
    return (
        f"select {title}::text as name, {status} as status, {partner} as partner from {tables}"
        f" where page.record_type = '{record_type.name}' and r0.id = page.record_id"
    )
