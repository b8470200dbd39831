"""What must hold when a drill has come to rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.db import records
from hub.db.records import StoredRecord
from hub.db.session import Database
from hub.record import RECORD_TYPES
from tests.drills.ledger import Ledger
from tests.drills.people import System

PARTNER = RECORD_TYPES["partner"]
# Remote field → the record's field.
FIELDS = {"name": "legal_name", "city": "city"}


@dataclass(slots=True)
class Violations:
    """What does not hold, in words."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.unsettled)

    def __str__(self) -> str:
        return "; ".join([*self.lost[:5], *self.doubled[:5], *self.unsettled[:5]])


@dataclass(slots=True)
class Facts:
    """The hub's tables and the systems' rows at one moment."""

    rows: dict[str, dict[str, dict[str, Any]]]
    links: list[dict[str, Any]]
    conflicts: list[dict[str, Any]]
    open: list[str]
    records: dict[UUID, StoredRecord]

    def live(self, system: str) -> dict[str, UUID]:
        return {r["remote_id"]: r["record_id"] for r in self.links if r["system"] == system and r["state"] == "live"}

    def in_conflict(self, system: str, record_id: UUID) -> set[str]:
        return {r["field"] for r in self.conflicts if r["system"] == system and r["record_id"] == record_id}


async def violations(db: Database, systems: tuple[System, ...], ledger: Ledger) -> Violations:
    facts = await _facts(db, systems)
    return Violations(lost=_lost(facts, ledger), doubled=_doubled(facts), unsettled=[*facts.open, *_apart(facts)])


async def _facts(db: Database, systems: tuple[System, ...]) -> Facts:
    rows = {system.name: await system.rows() for system in systems}
    async with db.transaction() as tx:
        names = "join connection c on c.id = connection_id"
        ids = [row["id"] for row in await tx.all("select id from organization")]
        return Facts(
            rows=rows,
            links=await tx.all(f"select l.*, c.name as system from link l {names}"),
            conflicts=await tx.all(f"select k.*, c.name as system from conflict k {names} where k.state = 'open'"),
            open=[
                str(dict(row))
                for row in await tx.all(
                    "select 'delivery' as what, connection_id, state, message from delivery"
                    " where state not in ('done', 'dropped')"
                    " union all select 'reread', connection_id, reason, remote_id from reread"
                    " union all select 'quarantine', connection_id, '', remote_id from quarantine"
                    " union all select 'run', connection_id, kind, id::text from run"
                    " where state = 'running' and kind = 'pull'"
                    " union all select 'departure', connection_id, policy, remote_id from departure"
                    " where state = 'waiting'"
                    " union all select 'plan', connection_id, kind, state from plan where state <> 'applied'"
                )
            ],
            records=await records.load(tx, PARTNER, ids),
        )


def _lost(facts: Facts, ledger: Ledger) -> list[str]:
    kept: list[object] = [row.get(name) for rows in facts.rows.values() for row in rows.values() for name in FIELDS]
    kept += [record.values[name] for record in facts.records.values() if record.alive for name in FIELDS.values()]
    kept += [conflict[side] for conflict in facts.conflicts for side in ("base", "ours", "theirs")]
    dead = {record.id for record in facts.records.values() if not record.alive}
    gone = {(link["system"], link["remote_id"]) for link in facts.links if link["record_id"] in dead}
    gone |= {("hub", str(record_id)) for record_id in dead}
    return [f"lost: {edit}" for edit in ledger.lost(kept) if (edit.place, edit.row) not in gone]


def _doubled(facts: Facts) -> list[str]:
    found = []
    for system, rows in facts.rows.items():
        for name in ("hub_id", "website"):
            counted = Counter(row[name] for row in rows.values() if row.get(name))
            found += [f"{system} has {n} rows of {name} {value}" for value, n in counted.items() if n > 1]
    sites = Counter(r.values["website_domain"] for r in facts.records.values() if r.alive)
    return found + [f"the hub has {n} records of {site}" for site, n in sites.items() if n > 1]


def _apart(facts: Facts) -> list[str]:
    """Where the systems and the hub do not hold the same."""
    found = []
    for system, rows in facts.rows.items():
        live = facts.live(system)
        found += [f"{system} {row} is not linked" for row in rows if row not in live]
        found += [f"{system} {row} is gone and its link lives" for row in live if row not in rows]
        linked = set(live.values())
        found += [f"{r.id} never came to {system}" for r in facts.records.values() if r.alive and r.id not in linked]
        for remote_id in rows.keys() & live.keys():
            record = facts.records[live[remote_id]]
            if not record.alive:
                found.append(f"{system} {remote_id} lives and its record {record.id} does not")
                continue
            held = facts.in_conflict(system, record.id)
            for remote_name, name in FIELDS.items():
                theirs, ours = rows[remote_id].get(remote_name), record.values[name]
                if theirs != ours and name not in held:
                    found.append(f"{system} {remote_id} {name}: there {theirs!r}, here {ours!r}")
    return found
