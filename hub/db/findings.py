"""What waits for a person: field conflicts, doubtful matches, and remote records that could not be taken over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx

# A conflict on the record itself: it was deleted in the system and the mapping says to ask.
WHOLE_RECORD = "(record)"


@dataclass(frozen=True, slots=True)
class NewConflict:
    """`base`, `ours`, `theirs` are JSON text; `theirs_by` and `theirs_at` who wrote theirs and when, where known."""

    remote_id: str
    record_id: UUID
    field: str
    base: str
    ours: str
    theirs: str
    rule: str
    theirs_by: str | None = None
    theirs_at: datetime | None = None
    needs_second: bool = False


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """Both values, as JSON text, when the conflict was last looked at.

    `undone` is the value of a decision that was undone: while the system holds that value, or `theirs`, nothing new
    was said there, and the conflict stays open as it is.
    """

    id: int
    ours: str
    theirs: str
    undone: str | None = None


async def open_conflicts(
    tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]
) -> dict[UUID, dict[str, OpenConflict]]:
    """The fields of these records that are in conflict with this object."""
    found: dict[UUID, dict[str, OpenConflict]] = {}
    for row in await tx.tuples(
        "select record_id, field, id, ours::text, theirs::text, undone::text from conflict"
        " where record_id = any(%s) and connection_id = %s and object = %s and state = 'open'",
        Uuids(record_ids),
        connection_id,
        object_name,
    ):
        found.setdefault(row[0], {})[row[1]] = OpenConflict(*row[2:])
    return found


async def raise_conflicts(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    record_type: str,
    run_id: int | None,
    conflicts: Sequence[NewConflict],
) -> None:
    """Store conflicts; one that is open already takes the newest values, and who wrote theirs if that changed."""
    await tx.run_many(
        """
        insert into conflict (connection_id, object, record_type, run_id, remote_id, record_id, field, base, ours,
            theirs, rule, theirs_by, theirs_at, needs_second)
        values (%s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s::jsonb, %s, %s, %s, %s)
        on conflict (record_id, connection_id, object, field) where state = 'open'
            do update set ours = excluded.ours, theirs = excluded.theirs, updated_at = now(),
                needs_second = conflict.needs_second or excluded.needs_second,
                first_by = case when (conflict.ours, conflict.theirs)
                    is not distinct from (excluded.ours, excluded.theirs) then conflict.first_by end,
                (theirs_by, theirs_at, seen_at, undone) = (
                    select excluded.theirs_by, excluded.theirs_at, excluded.seen_at, null::jsonb
                    where conflict.theirs is distinct from excluded.theirs
                    union all
                    select conflict.theirs_by, conflict.theirs_at, conflict.seen_at, conflict.undone
                    where conflict.theirs is not distinct from excluded.theirs)
        """,
        [
            (connection_id, object_name, record_type, run_id, c.remote_id, c.record_id, c.field, c.base, c.ours,
             c.theirs, c.rule, c.theirs_by, c.theirs_at, c.needs_second)
            for c in conflicts
        ],
    )  # fmt: skip


async def settle_conflicts(tx: Tx, *, ids: Iterable[int], resolution: str, by: str) -> None:
    await tx.run(
        "update conflict set state = 'resolved', resolution = %s, resolved_by = %s, resolved_at = clock_timestamp()"
        " where id = any(%s) and state = 'open'",
        resolution,
        by,
        list(ids),
    )


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One remote record's problems: `held` when the whole record stays outside, else only the named fields do."""

    remote_id: str
    problems: list[dict[str, str]]
    fields: dict[str, Any]
    held: bool


async def quarantine(
    tx: Tx, *, connection_id: int, object_name: str, run_id: int, records: Sequence[Quarantined]
) -> None:
    await tx.run_many(
        """
        insert into quarantine (connection_id, object, run_id, remote_id, problems, fields, held)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (connection_id, object, remote_id) do update
            set problems = excluded.problems, fields = excluded.fields, held = excluded.held, at = now(),
                run_id = excluded.run_id
        """,
        [
            (connection_id, object_name, run_id, q.remote_id, Jsonb(q.problems), Jsonb(q.fields), q.held)
            for q in records
        ],
    )


async def is_quarantined(tx: Tx, *, connection_id: int, object_name: str, remote_id: str) -> bool:
    return (
        await tx.one(
            "select from quarantine where connection_id = %s and object = %s and remote_id = %s",
            connection_id,
            object_name,
            remote_id,
        )
        is not None
    )


async def unreadable_fields(
    tx: Tx, *, connection_id: int, object_name: str, remote_ids: Collection[str]
) -> dict[str, set[str]]:
    """Fields of these remote records, or WHOLE_RECORD, whose newest value could not be taken in."""
    rows = await tx.tuples(
        """
        select q.remote_id, coalesce(nullif(p ->> 'field', ''), %s)
        from quarantine q, jsonb_array_elements(q.problems) p
        where q.connection_id = %s and q.object = %s and q.remote_id = any(%s)
            and (p ->> 'remote' <> '' or p ->> 'field' = '')
        """,
        WHOLE_RECORD,
        connection_id,
        object_name,
        Texts(remote_ids),
    )
    found: dict[str, set[str]] = {}
    for remote_id, name in rows:
        found.setdefault(remote_id, set()).add(name)
    return found


async def release_quarantine(tx: Tx, *, connection_id: int, object_name: str, remote_ids: Sequence[str]) -> None:
    """These records came in whole again, or are gone."""
    await tx.run(
        "delete from quarantine where connection_id = %s and object = %s and remote_id = any(%s)",
        connection_id,
        object_name,
        Texts(remote_ids),
    )


@dataclass(frozen=True, slots=True)
class NewReview:
    """A doubtful match: `ambiguous` with records of other systems, `duplicate` within the same system.

    One that `holds` keeps the record from being created elsewhere until somebody has decided.
    """

    remote_id: str
    record_id: UUID
    kind: Literal["ambiguous", "duplicate"]
    candidates: list[dict[str, Any]]
    holds: bool = True


async def ask_for_match_review(
    tx: Tx, *, connection_id: int, object_name: str, record_type: str, run_id: int | None, reviews: Sequence[NewReview]
) -> None:
    await tx.run_many(
        """
        insert into match_review (connection_id, object, record_type, run_id, remote_id, record_id, kind, candidates,
            holds)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        on conflict (record_id, connection_id) where state = 'open' do update set candidates = excluded.candidates
        """,
        [
            (
                connection_id,
                object_name,
                record_type,
                run_id,
                r.remote_id,
                r.record_id,
                r.kind,
                Jsonb(r.candidates),
                r.holds,
            )
            for r in reviews
        ],
    )


async def under_review(tx: Tx, *, connection_id: int, object_name: str, record_ids: Collection[UUID]) -> set[UUID]:
    """Those of the records that wait for a match decision: nothing is created of them in this object meanwhile.

    That is every record in doubt, wherever it came from, and the candidates for which one of this object may stand.
    """
    rows = await tx.tuples(
        """
        select record_id from match_review where record_id = any(%s) and state = 'open' and holds
        union
        select (candidate ->> 'record_id')::uuid from match_review cross join jsonb_array_elements(candidates) candidate
        where connection_id = %s and object = %s and kind = 'ambiguous' and state = 'open' and holds
            and (candidate ->> 'record_id')::uuid = any(%s)
        """,
        Uuids(record_ids),
        connection_id,
        object_name,
        Uuids(record_ids),
    )
    return {row[0] for row in rows}


async def ask_about_deletion(
    tx: Tx,
    *,
    connection_id: int,
    object_name: str,
    record_type: str,
    run_id: int,
    records: Sequence[tuple[UUID, str]],
) -> None:
    """A remote record was deleted and the mapping says to ask: a conflict on the record's existence."""
    await raise_conflicts(
        tx,
        connection_id=connection_id,
        object_name=object_name,
        record_type=record_type,
        run_id=run_id,
        conflicts=[
            NewConflict(remote_id, record_id, WHOLE_RECORD, '"exists"', '"exists"', '"deleted"', "on_delete: ask")
            for record_id, remote_id in records
        ],
    )


async def close_reviews(tx: Tx, *, record_id: UUID, state: Literal["merged", "apart"], by: str) -> list[int]:
    """The question about this record is answered; returns which reviews asked it."""
    rows = await tx.all(
        "update match_review set state = %s, decided_by = %s where record_id = %s and state = 'open' returning id",
        state,
        by,
        record_id,
    )
    return sorted(row["id"] for row in rows)
