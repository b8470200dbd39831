"""References between records: every link field that points to one of a type."""

from __future__ import annotations

from uuid import UUID

from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType


async def move(tx: Tx, record_type: RecordType, *, loser: UUID, survivor: UUID) -> list[tuple[str, UUID, int, str]]:
    """Let everything that points to `loser` point to `survivor`.

    Returns (record type, record, its new version, field) for each reference moved.
    """
    moved: list[tuple[str, UUID, int, str]] = []
    targets = {t.name for t in record_type.lineage} | {
        t.name for t in RECORD_TYPES.values() if record_type.name in {base.name for base in t.lineage}
    }
    for owner in RECORD_TYPES.values():
        for field in owner.own_fields:
            if field.kind != "link" or field.link not in targets:
                continue
            rows = await tx.all(
                f'update {owner.name} set "{field.name}" = %s where "{field.name}" = %s and id <> %s returning id',
                survivor,
                loser,
                survivor,
            )
            ids = [row["id"] for row in rows]
            for row in await tx.all(
                f"update {owner.root.name} set version = version + 1, updated_at = now() where id = any(%s)"
                " returning id, version",
                ids,
            ):
                moved.append((owner.name, row["id"], row["version"], field.name))
    return moved
