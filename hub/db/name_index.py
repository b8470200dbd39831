"""Names of organisations with their spelling keys under GIN: what a misspelt name may mean is found here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
from msgspec import Struct

from hub.db.arrays import Ints, Texts, Uuids
from hub.db.questions import Question
from hub.db.session import Tx

Keys = Sequence[int]
Named = tuple[UUID, list[str]]
"""A record and its names."""

_decoder = msgspec.json.Decoder(list[list[Named]])


class IndexedName(Struct, frozen=True):
    """The names of a record as of one of its versions, normalised, and the spelling keys of all of them."""

    record_id: UUID
    version: int
    names: Sequence[str]
    keys: Keys


async def put(tx: Tx, rows: Sequence[IndexedName]) -> None:
    """Names of records in place of those that they had; what is indexed of a later version stays."""
    await tx.run_many(
        "insert into name_index as n (record_id, version, names, keys) values (%s, %s, %s, %s)"
        " on conflict (record_id) do update"
        " set version = excluded.version, names = excluded.names, keys = excluded.keys"
        " where n.version <= excluded.version",
        [(row.record_id, row.version, Texts(row.names), Ints(row.keys)) for row in rows],
    )


async def remove(tx: Tx, ids: Collection[UUID]) -> None:
    await tx.run("delete from name_index where record_id = any(%s)", Uuids(ids))


async def versions(tx: Tx, ids: Collection[UUID]) -> dict[UUID, int]:
    """The version of which each record's names are indexed."""
    return dict(await tx.tuples("select record_id, version from name_index where record_id = any(%s)", Uuids(ids)))


def having(sought: Sequence[Sequence[Sequence[Keys]]], *, most: int) -> Question[list[list[Named]]]:
    """For each that is sought, records that have a key of each member of one of its groups: `most`, in no order."""
    given: dict[str, object] = {}
    selects = []
    for groups in sought:
        arms = []
        for group in groups:
            names = [f"keys_{len(given) + n}" for n in range(len(group))]
            given |= {name: Ints(keys) for name, keys in zip(names, group, strict=True)}
            # As subqueries, the keys are no constants to the planner, which would weigh each against all statistics.
            arms.append(" and ".join(f"keys && (select %({name})s::int[])" for name in names))
        where = " or ".join(f"({arm})" for arm in arms) or "false"
        rows = f"select record_id, names from name_index where {where} limit {most}"
        selects.append(f"(select coalesce(json_agg(json_build_array(record_id, names)), '[]') from ({rows}) n)")
    sql = f"select json_build_array({', '.join(selects)})"
    return Question(sql, given, _decoder.decode, recurs=len(sought) == 1)  # the groups of many names hardly come twice


async def shares(tx: Tx) -> tuple[dict[int, float], float]:
    """What PostgreSQL's statistics know: of each frequent key the share of records that have it; and their number."""
    row = await tx.one(
        "select most_common_elems::text::int[] as keys, most_common_elem_freqs as shares,"
        " (select reltuples from pg_class where oid = 'name_index'::regclass) as records"
        " from pg_stats where schemaname = current_schema() and tablename = 'name_index' and attname = 'keys'"
    )
    if row is None or row["keys"] is None:
        return {}, 0.0
    # Three more numbers stand behind the shares: the least, the largest and that of empty elements.
    return dict(zip(row["keys"], row["shares"], strict=False)), float(row["records"])
