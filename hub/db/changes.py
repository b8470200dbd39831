"""The change log: append-only, ordered by commit visibility, the source of every outbound write and every "why"."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from hub.db.arrays import Uuids
from hub.db.copying import copy_rows
from hub.db.session import Tx

START = "0:0"


class Change(Struct, frozen=True):
    """One new version of a record. `old`, `new`: the changed fields as JSON; `rules`: field → rule, or {"*": rule}."""

    record_id: UUID
    record_type: str
    version: int
    op: str
    old: bytes | None
    new: bytes | None
    rules: bytes | None
    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made a change: a connection in a run, or a person or program at a door."""

    connection_id: int | None = None
    run_id: int | None = None
    actor: str | None = None


async def append(tx: Tx, *, origin: Origin, changes: Iterable[Change]) -> None:
    await append_all(tx, ((origin, change) for change in changes))


async def append_all(tx: Tx, changes: Iterable[tuple[Origin, Change]]) -> None:
    """Changes of several origins."""
    await copy_rows(
        tx,
        "change",
        ("record_id", "record_type", "version", "op", "old", "new", "rules", "remote_id", "origin", "run_id", "actor"),
        (
            (
                c.record_id,
                c.record_type,
                c.version,
                c.op,
                _text(c.old),
                _text(c.new),
                _text(c.rules),
                c.remote_id,
                origin.connection_id,
                origin.run_id,
                origin.actor,
            )
            for origin, c in changes
        ),
    )


async def changed_records(
    tx: Tx, *, after: str, record_types: Sequence[str], limit: int
) -> tuple[list[tuple[UUID, str]], str]:
    """Records changed after a cursor, oldest first and each once, and the cursor that covers them.

    A transaction that took a lower id can commit later than one with a higher id. So only rows of transactions below
    every transaction still running are read; all others are left for the next call.
    """
    xid, _, row_id = after.partition(":")
    rows = await tx.tuples(
        """
        select xid::text, id, record_id, record_type from change
        where (xid, id) > (%s::text::xid8, %s::bigint) and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by xid, id limit %s
        """,
        xid,
        int(row_id),
        limit,
    )
    if not rows:
        return [], after
    wanted = set(record_types)
    records = dict.fromkeys((row[2], row[3]) for row in rows if row[3] in wanted)
    return list(records), f"{rows[-1][0]}:{rows[-1][1]}"


async def head(tx: Tx) -> str:
    """A cursor behind which nothing can appear any more: where a new connection may begin."""
    row = await tx.one("select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text as xid")
    assert row is not None
    return f"{row['xid']}:{2**62}"


async def history(tx: Tx, *, record_id: UUID, limit: int = 200) -> list[dict[str, object]]:
    """One record's changes, newest first, with the name of the connection they came from."""
    return [
        dict(row)
        for row in await tx.all(
            """
            select ch.id, ch.version, ch.op, ch.old, ch.new, ch.rules, ch.remote_id, ch.run_id, ch.actor, ch.at,
                c.name as connection, c.system
            from change ch left join connection c on c.id = ch.origin
            where ch.record_id = %s order by ch.version desc, ch.id desc limit %s
            """,
            record_id,
            limit,
        )
    ]


class Logged(Struct, frozen=True):
    """A change as the log has it. `later`: it came after the moment that was asked for; only then `old` is given.

    `into` is the survivor of a merge.
    """

    record_id: UUID
    version: int
    op: str
    at: datetime
    later: bool
    old: str | None
    into: UUID | None


async def around(tx: Tx, *, record_ids: Collection[UUID], moment: datetime) -> dict[UUID, list[Logged]]:
    """All changes of these records, newest first, told apart by the moment.

    A change is as old as its transaction's beginning. Where that lies before an older version's, the older version
    counts: versions come one after the other.
    """
    found: dict[UUID, list[Logged]] = {}
    for row in await tx.tuples(
        """
        select record_id, version, op, at, later, case when later then old::text end,
            case op when 'merge' then (new ->> 'merged_into')::uuid end
        from (select record_id, id, version, op, at, old, new,
                max(at) over (partition by record_id order by version, id) > %s as later
            from change where record_id = any(%s)) ch
        order by record_id, version desc, id desc
        """,
        moment,
        Uuids(record_ids),
    ):
        found.setdefault(row[0], []).append(Logged(*row))
    return found


async def once_pointed(
    tx: Tx, *, record_types: Sequence[str], field: str, targets: Collection[UUID], since: datetime
) -> set[UUID]:
    """Records that a change since that moment has turned away from one of the targets."""
    rows = await tx.tuples(
        "select distinct record_id from change where at > %s and record_type = any(%s) and old ->> %s = any(%s)",
        since,
        list(record_types),
        field,
        [str(target) for target in targets],
    )
    return {row[0] for row in rows}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
