"""What the judge reads: the hub's tables as they are, and not through the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.db import records, rereads
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record.definition import RecordType

_OPEN = "('pending', 'sending', 'unknown', 'waiting', 'dead')"

Row = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """The hub's rows at rest. `records` are by record type, survivors and deleted ones included."""

    links: list[Row]
    conflicts: list[Row]
    reviews: list[Row]
    quarantine: list[Row]
    deliveries: list[Row]
    rereads: list[Row]
    records: Mapping[str, Mapping[UUID, StoredRecord]]

    def live_links(self, connection_id: int, object_name: str) -> dict[str, Row]:
        return {
            row["remote_id"]: row
            for row in self.links
            if row["connection_id"] == connection_id and row["object"] == object_name and row["state"] == "live"
        }

    def in_conflict(self, link: Row) -> set[str]:
        """Fields about which a person has to decide between the hub and this link's system."""
        return {
            row["field"]
            for row in self.conflicts
            if row["state"] == "open"
            and row["record_id"] == link["record_id"]
            and row["connection_id"] == link["connection_id"]
        }

    @property
    def held(self) -> set[UUID]:
        """Records in doubt, and those that they may be: both wait for a person's word."""
        reviews = [row for row in self.reviews if row["state"] == "open" and row["holds"]]
        candidates = {UUID(c["record_id"]) for r in reviews if r["kind"] == "ambiguous" for c in r["candidates"]}
        return {row["record_id"] for row in reviews} | candidates


async def load_facts(tx: Tx, types: list[RecordType]) -> Facts:
    return Facts(
        links=await _rows(tx, "select * from link"),
        conflicts=await _rows(tx, "select * from conflict"),
        reviews=await _rows(tx, "select * from match_review"),
        quarantine=await _rows(tx, "select * from quarantine"),
        deliveries=await _rows(tx, f"select * from delivery where state in {_OPEN}"),
        rereads=await _rows(tx, "select * from reread"),
        records={t.name: await records.load(tx, t, await _ids(tx, t)) for t in types},
    )


async def open_conflicts(tx: Tx) -> list[int]:
    rows = await tx.all("select id from conflict where state = 'open' order by 1")
    return [row["id"] for row in rows]


async def living(tx: Tx, record_type: RecordType) -> list[UUID]:
    root, own = record_type.root.name, record_type.name
    rows = await tx.all(
        f"select r.id from {root} r join {own} t on t.id = r.id"
        " where r.deleted_at is null and r.merged_into is null order by 1"
    )
    return [row["id"] for row in rows]


async def pulse(tx: Tx) -> tuple[int, ...]:
    """Numbers that stay as they are when nothing moves."""
    row = await tx.one(
        "select (select coalesce(max(id), 0) from change) as changes,"
        f" (select count(*) from delivery where state in {_OPEN} and state <> 'waiting') as deliveries,"
        " (select count(*) from reread) as rereads, (select count(*) from link) as links,"
        " (select count(*) from conflict where state = 'open') as conflicts"
    )
    assert row is not None
    return tuple(row.values())


async def unrest(tx: Tx) -> str:
    """What is still open, in words."""
    rows = await tx.all(
        "select format('%s %s is to be read again (%s)', object, remote_id, reason) as words from reread"
        " union all select format('%s %s is in quarantine (%s)', object, remote_id, problems) from quarantine"
        f" union all select format('%s %s is %s: %s', op, object, state, message) from delivery where state in {_OPEN}"
    )
    return "; ".join(row["words"] for row in rows) or "something moves in every round"


async def resume_all(tx: Tx) -> None:
    """People put right whatever stopped a connection, and rests are over."""
    await tx.run("update connection set rest_until = null, probe_until = null, state = 'active'")


async def read_quarantined(tx: Tx) -> None:
    """People have what is in quarantine read again, as a full read would."""
    for row in await tx.all("select connection_id, object, remote_id from quarantine"):
        key = (row["object"], row["remote_id"])
        await rereads.ask(tx, connection_id=row["connection_id"], keys=[key], reason="a person asked for it")


async def _ids(tx: Tx, record_type: RecordType) -> list[UUID]:
    return [row["id"] for row in await tx.all(f"select id from {record_type.name}")]


async def _rows(tx: Tx, sql: str) -> list[Row]:
    return [dict(row) for row in await tx.all(sql)]
