"""Names of organisations with their spelling keys under GIN: what a misspelt name may mean is found here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from msgspec import Struct

from hub.db.arrays import Texts, Uuids
from hub.db.session import Tx

Keys = Sequence[int]


class IndexedName(Struct, frozen=True):
    """The names of a record as of one of its versions, normalised, and the spelling keys of all of them."""

    record_id: UUID
    version: int
    names: Sequence[str]
    keys: Keys


async def put(tx: Tx, rows: Sequence[IndexedName]) -> None:
    """Names of records in place of those that they had; what is indexed of a later version stays."""
    await tx.conn.cursor().executemany(
        "insert into name_index as n (record_id, version, names, keys) values (%s, %s, %s, %s)"
        " on conflict (record_id) do update"
        " set version = excluded.version, names = excluded.names, keys = excluded.keys"
        " where n.version <= excluded.version",
        [(row.record_id, row.version, Texts(row.names), list(row.keys)) for row in rows],
    )


async def remove(tx: Tx, ids: Collection[UUID]) -> None:
    await tx.run("delete from name_index where record_id = any(%s)", Uuids(ids))


async def versions(tx: Tx, ids: Collection[UUID]) -> dict[UUID, int]:
    """The version of which each record's names are indexed."""
    return dict(await tx.tuples("select record_id, version from name_index where record_id = any(%s)", Uuids(ids)))


async def having(
    tx: Tx, sought: Sequence[Sequence[Sequence[Keys]]], *, most: int
) -> list[list[tuple[UUID, list[str]]]]:
    """For each that is sought, records that have a key of each member of one of its groups: `most`, in no order."""
    selects, params = [], []
    for at, groups in enumerate(sought):
        # As subqueries, the keys are no constants to the planner, which would weigh each against all statistics.
        arms = " or ".join(f"({' and '.join(['keys && (select %s::int[])'] * len(group))})" for group in groups)
        selects.append(f"(select {at}, record_id, names from name_index where {arms or 'false'} limit {most})")
        params += [list(keys) for group in groups for keys in group]
    found: list[list[tuple[UUID, list[str]]]] = [[] for _ in sought]
    if selects:
        for at, record_id, names in await tx.tuples(" union all ".join(selects), *params):
            found[at].append((record_id, names))
    return found


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
