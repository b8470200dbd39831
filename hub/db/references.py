"""References between records: every link field that points to one of a type."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.db.arrays import Uuids
from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.record.definition import Field, RecordType


@dataclass(frozen=True, slots=True)
class Moved:
    """A reference of a record (now of this version) that led to a merged record and leads `to` another now."""

    record_type: str
    record_id: UUID
    version: int
    field: str
    to: UUID | None


@dataclass(frozen=True, slots=True)
class Pointing:
    """How many records of a type point to a record with a field, and how many of them stay when it is merged."""

    record_type: str
    field: str
    count: int
    stay: int


async def move(
    tx: Tx, record_type: RecordType, *, loser: UUID, survivor: UUID, but: Collection[str] = ()
) -> list[Moved]:
    """Let everything that points to `loser` point to `survivor`, which itself then points nowhere.

    A row of a period that the survivor has too (the same role of the same time) stays with the loser, and so do
    records of the types in `but`.
    """
    moved: list[Moved] = []
    for owner, field in _fields_to(record_type):
        if owner.name in but:
            continue
        rows = await tx.all(
            f'update {owner.name} o set "{field.name}" = nullif(%(survivor)s, id) where "{field.name}" = %(loser)s'
            f" and not ({_doubled(owner, field)}) returning id",
            loser=loser,
            survivor=survivor,
        )
        versions = await _next_versions(tx, owner, [row["id"] for row in rows])
        moved += [
            Moved(owner.name, record_id, version, field.name, None if record_id == survivor else survivor)
            for record_id, version in versions.items()
        ]
    return moved


async def move_rows(tx: Tx, owner: RecordType, field: str, ids: Sequence[UUID], *, to: UUID) -> list[Moved]:
    """Let this link field of these records point to another one."""
    await tx.run(f'update {owner.name} set "{field}" = %s where id = any(%s)', to, Uuids(ids))
    versions = await _next_versions(tx, owner, ids)
    return [Moved(owner.name, record_id, version, field, to) for record_id, version in versions.items()]


async def pointing_to(tx: Tx, record_type: RecordType, *, loser: UUID, survivor: UUID) -> list[Pointing]:
    """What `move` would do, counted; fields that nothing points with are left out."""
    found: list[Pointing] = []
    for owner, field in _fields_to(record_type):
        row = await tx.one(
            f"select count(*) as n, count(*) filter (where {_doubled(owner, field)}) as stay from {owner.name} o"
            f' where o."{field.name}" = %(loser)s',
            loser=loser,
            survivor=survivor,
        )
        if row and row["n"]:
            found.append(Pointing(owner.name, field.name, row["n"], row["stay"]))
    return found


async def move_back(tx: Tx, moves: Sequence[Moved], *, loser: UUID) -> list[Moved]:
    """Let references that were moved point to `loser` again, unless the field was changed since.

    Returns those that went back, each with its record's version by now; `to` is where it led in between.
    """
    untouched = await _untouched(tx, moves)
    back: list[Moved] = []
    for owner_name, name in sorted({(m.record_type, m.field) for m in untouched}):
        mine = {m.record_id: m for m in untouched if (m.record_type, m.field) == (owner_name, name)}
        rows = await tx.all(
            f'update {owner_name} o set "{name}" = %s from unnest(%s::uuid[], %s::uuid[]) as m(id, led_to)'
            f' where o.id = m.id and o."{name}" is not distinct from m.led_to returning o.id',
            loser,
            Uuids(mine),
            [m.to for m in mine.values()],
        )
        versions = await _next_versions(tx, RECORD_TYPES[owner_name], [row["id"] for row in rows])
        back += [Moved(owner_name, i, version, name, mine[i].to) for i, version in versions.items()]
    return back


async def _untouched(tx: Tx, moves: Sequence[Moved]) -> list[Moved]:
    rows = await tx.tuples(
        "select m.n from unnest(%s::int[], %s::uuid[], %s::int[], %s::text[]) as m(n, record_id, version, field)"
        " where not exists (select from change ch where ch.record_id = m.record_id and ch.version > m.version"
        " and ch.new ? m.field) order by m.n",
        list(range(len(moves))),
        Uuids([m.record_id for m in moves]),
        [m.version for m in moves],
        [m.field for m in moves],
    )
    return [moves[row[0]] for row in rows]


async def _next_versions(tx: Tx, owner: RecordType, ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = await tx.all(
        f"update {owner.root.name} set version = version + 1, updated_at = now() where id = any(%s)"
        " returning id, version",
        Uuids(ids),
    )
    return {row["id"]: row["version"] for row in rows}


def _fields_to(record_type: RecordType) -> Iterator[tuple[RecordType, Field]]:
    """Every link field that may hold a record of this type: of its bases, and of what extends it."""
    targets = {t.name for t in record_type.lineage} | {
        t.name for t in RECORD_TYPES.values() if record_type.name in {base.name for base in t.lineage}
    }
    for owner in RECORD_TYPES.values():
        for field in owner.own_fields:
            if field.kind == "link" and field.link in targets:
                yield owner, field


def _doubled(owner: RecordType, field: Field) -> str:
    """Whether the survivor has a living row of the same key that begins on the same day, or is open like this one."""
    keys = [key for key in owner.natural_keys if field.name in key] if owner.effective_dated else []
    if not keys:
        return "false"
    alive = "{0}.deleted_at is null and {0}.merged_into is null"
    clashes = []
    for key in keys:
        same = "".join(f' and t."{n}" is not distinct from o."{n}"' for n in key if n != field.name)
        clashes.append(
            f'exists (select from {owner.name} t where t."{field.name}" = %(survivor)s{same} and {alive.format("t")}'
            " and (t.valid_from = o.valid_from or (t.valid_to is null and o.valid_to is null)))"
        )
    return f"{alive.format('o')} and ({' or '.join(clashes)})"
