"""Labels: what people decided about pairs of records, with what was known of both, never asked again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from hub.db.arrays import Texts
from hub.db.session import Tx

_SEPARATOR = "\x1f"


def remote_key(connection_id: int, object_name: str, remote_id: str) -> str:
    """A remote record as one text."""
    return _SEPARATOR.join((str(connection_id), object_name, remote_id))


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its record then, its remote records (`remote_key`), and its values that matching looks at."""

    record_id: UUID
    keys: Sequence[str]
    features: Mapping[str, Any]


async def add(
    tx: Tx,
    *,
    record_type: str,
    decision: Literal["same", "apart"],
    left: Side,
    right: Side,
    by: str,
    review_id: int | None = None,
    merge_id: int | None = None,
) -> None:
    await tx.run(
        """
        insert into match_decision (record_type, decision, left_record, left_keys, left_features, right_record,
            right_keys, right_features, decided_by, review_id, merge_id)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        record_type,
        decision,
        left.record_id,
        list(left.keys),
        Jsonb(dict(left.features)),
        right.record_id,
        list(right.keys),
        Jsonb(dict(right.features)),
        by,
        review_id,
        merge_id,
    )


async def between(tx: Tx, *, one: UUID, other: UUID, merge_id: int) -> None:
    """The two are one by this merge: it stands behind their `same`, and what was said against it is over."""
    pair = "((left_record = %s and right_record = %s) or (left_record = %s and right_record = %s))"
    await tx.run(
        "update match_decision set merge_id = case decision when 'same' then %s else merge_id end,"
        " revoked_at = case decision when 'apart' then now() end"
        f" where revoked_at is null and merge_id is null and {pair}",
        merge_id,
        one,
        other,
        other,
        one,
    )


async def revoke(tx: Tx, *, merge_id: int) -> None:
    """The decision behind this merge was taken back."""
    await tx.run("update match_decision set revoked_at = now() where merge_id = %s and revoked_at is null", merge_id)


async def kept_apart(tx: Tx, *, keys: Sequence[str]) -> dict[str, set[UUID]]:
    """By remote key: the records that somebody said it is not, also under the records they live in by now."""
    known = await tx.one("select from match_decision where decision = 'apart' and revoked_at is null limit 1")
    if known is None:
        return {}
    rows = await tx.tuples(
        """
        with pair as (
            select left_keys as mine, right_record as record_id, right_keys as others from match_decision
            where decision = 'apart' and revoked_at is null and left_keys && %s::text[]
            union all
            select right_keys, left_record, left_keys from match_decision
            where decision = 'apart' and revoked_at is null and right_keys && %s::text[]
        )
        select asked.key, pair.record_id, link.record_id from pair
        join unnest(%s::text[]) as asked(key) on asked.key = any(pair.mine)
        left join lateral unnest(pair.others) as other(key) on true
        left join link on link.connection_id = split_part(other.key, E'\\x1f', 1)::int
            and link.object = split_part(other.key, E'\\x1f', 2)
            and link.remote_id = split_part(other.key, E'\\x1f', 3)
        """,
        Texts(keys),
        Texts(keys),
        Texts(keys),
    )
    found: dict[str, set[UUID]] = {}
    for key, record_id, lives_in in rows:
        found.setdefault(key, set()).update({record_id, lives_in} - {None})
    return found


@dataclass(frozen=True, slots=True)
class Label:
    """A decision that stands: on which two records, and what matching knew of both."""

    id: int
    decision: Literal["same", "apart"]
    left: str
    right: str
    left_features: Mapping[str, Any]
    right_features: Mapping[str, Any]


async def standing(tx: Tx, *, record_types: Sequence[str]) -> list[Label]:
    """Decisions on records of these types that nobody has taken back, the oldest first."""
    rows = await tx.all(
        """
        select id, decision, left_record::text as left, right_record::text as right, left_features, right_features
        from match_decision where record_type = any(%s) and revoked_at is null order by id
        """,
        list(record_types),
    )
    return [Label(**row) for row in rows]
