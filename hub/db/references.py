"""References between records: every link field that points to one of a type."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType


@dataclass(frozen=True, slots=True)
class Moved:
    """A reference of a record (now of this version) that led to a merged record and leads `to` another now."""

    record_type: str
    record_id: UUID
    version: int
    field: str
    to: UUID | None


async def move(tx: Tx, record_type: RecordType, *, loser: UUID, survivor: UUID) -> list[Moved]:
    """Let everything that points to `loser` point to `survivor`, which itself then points nowhere."""
    moved: list[Moved] = []
    targets = {t.name for t in record_type.lineage} | {
        t.name for t in RECORD_TYPES.values() if record_type.name in {base.name for base in t.lineage}
    }
    for owner in RECORD_TYPES.values():
        for field in owner.own_fields:
            if field.kind != "link" or field.link not in targets:
                continue
            rows = await tx.all(
                f'update {owner.name} set "{field.name}" = nullif(%s, id) where "{field.name}" = %s returning id',
                survivor,
                loser,
            )
            ids = [row["id"] for row in rows]
            for row in await tx.all(
                f"update {owner.root.name} set version = version + 1, updated_at = now() where id = any(%s)"
                " returning id, version",
                ids,
            ):
                to = None if row["id"] == survivor else survivor
                moved.append(Moved(owner.name, row["id"], row["version"], field.name, to))
    return moved
