"""Blocking keys: which records are worth comparing with a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from hub.db.arrays import Texts
from hub.db.questions import Question
from hub.db.session import Tx


async def add(tx: Tx, *, record_type: str, rows: Sequence[tuple[UUID, list[str]]]) -> None:
    """Keys of records; a record that has some keeps them and gains the new ones."""
    await tx.run_many(
        """
        insert into match_key (record_id, record_type, keys) values (%s, %s, %s)
        on conflict (record_id) do update
            set keys = array(select distinct unnest(match_key.keys || excluded.keys))
        """,
        [(record_id, record_type, keys) for record_id, keys in rows],
    )


async def sharing(tx: Tx, *, record_type: str, keys: Sequence[str], most_per_key: int = 200) -> dict[str, set[UUID]]:
    """The records that have each key. A key that more than `most_per_key` records share tells nothing: left out."""
    rows = await tx.tuples(
        """
        select k.key, array_agg(m.record_id) from (
            select record_id, unnest(keys) as key from match_key where record_type = %s and keys && %s::text[]
        ) m join unnest(%s::text[]) as k(key) on k.key = m.key
        group by k.key having count(*) <= %s
        """,
        record_type,
        Texts(keys),
        Texts(keys),
        most_per_key,
    )
    return {row[0]: set(row[1]) for row in rows}


_FEW_SHARING = """
    select coalesce(json_agg(json_build_array(k.key, array(
        select record_id from match_key where keys @> array[k.key] and record_type = %(key_type)s limit %(most_sharing)s
    ))), '[]') from unnest(%(match_keys)s::text[]) as k(key)
"""
_lists = msgspec.json.Decoder(list[tuple[str, list[UUID]]])


@dataclass(frozen=True, slots=True)
class Sharing:
    """The records by key, and the keys that more records have than were asked for."""

    records: Mapping[str, Sequence[UUID]]
    crowded: Sequence[str]


def few_sharing(*, record_type: str, keys: Sequence[str], most_per_key: int) -> Question[Sharing]:
    """Like `sharing`, for the keys of one record: each key is looked up by itself and given up at `most_per_key`."""

    def read(text: str) -> Sharing:
        rows = _lists.decode(text)
        crowded = [key for key, found in rows if len(found) > most_per_key]
        return Sharing({key: found for key, found in rows if found and key not in crowded}, crowded)

    given = {"key_type": record_type, "most_sharing": most_per_key + 1, "match_keys": Texts(keys)}
    return Question(_FEW_SHARING, given, read)
