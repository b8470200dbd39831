"""What must hold in every world once it has come to rest."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from hub.db import records
from hub.record.codec import decode_values
from hub.sdk.http import encode_json
from hub.simulation.stage import System
from hub.simulation.turns import PARTY, Party
from hub.simulation.world import PARTNER, TEXTS, World

OPEN = "('pending', 'sending', 'unknown', 'waiting', 'dead')"


async def violations(world: World) -> list[str]:
    """Every law that does not hold, in words."""
    PARTY.set(Party("judge"))
    facts = await Facts.load(world)
    found = [
        *facts.not_converged(),
        *facts.lost_edits(),
        *facts.doubled(),
        *facts.unlinked(),
        *facts.missing(),
        *facts.stuck(),
    ]
    return found + await echoes(world)


async def echoes(world: World) -> list[str]:
    """Rounds in which nothing happened must write nothing."""
    before = {system.name: system.writes() for system in world.systems}
    moved = [await world.one_turn_of_all() for _ in range(2)]
    after = {system.name: system.writes() for system in world.systems}
    found = [
        f"echo: {name} was written {after[name] - before[name]} times" for name in before if after[name] > before[name]
    ]
    return found + (["quiet rounds move something"] if any(moved) else [])


class Facts:
    """The hub's tables and the systems' rows at rest."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.links: list[dict[str, Any]] = []
        self.conflicts: list[dict[str, Any]] = []
        self.reviews: list[dict[str, Any]] = []
        self.quarantine: list[dict[str, Any]] = []
        self.deliveries: list[dict[str, Any]] = []
        self.rereads: list[dict[str, Any]] = []
        self.records: dict[Any, Any] = {}

    @classmethod
    async def load(cls, world: World) -> Facts:
        facts = cls(world)
        async with world.db.transaction() as tx:
            facts.links = await tx.all("select * from link")
            facts.conflicts = await tx.all("select * from conflict")
            facts.reviews = await tx.all("select * from match_review where state = 'open'")
            facts.quarantine = await tx.all("select * from quarantine")
            facts.deliveries = await tx.all(f"select * from delivery where state in {OPEN}")
            facts.rereads = await tx.all("select * from reread")
            ids = [row["id"] for row in await tx.all("select id from organization")]
            facts.records = await records.load(tx, PARTNER, ids)
        return facts

    def live_links(self, connection_id: int) -> dict[str, dict[str, Any]]:
        return {
            row["remote_id"]: row
            for row in self.links
            if row["connection_id"] == connection_id and row["state"] == "live"
        }

    def in_conflict(self, link: dict[str, Any]) -> set[str]:
        return {
            row["field"]
            for row in self.conflicts
            if row["state"] == "open"
            and row["record_id"] == link["record_id"]
            and row["connection_id"] == link["connection_id"]
        }

    def not_converged(self) -> list[str]:
        """Linked rows show what the hub holds, but for fields in open conflict."""
        found = []
        for system in self.world.systems:
            rows, links = system.rows(), self.live_links(system.connection.id)
            for remote_id, link in links.items():
                record, row = self.records[link["record_id"]], rows.get(remote_id)
                if row is None:
                    found.append(f"{system.name} {remote_id} is gone and its link is live")
                    continue
                if not record.alive:
                    if record.merged_into is None and self.world.on_delete == "mirror":
                        found.append(f"{system.name} {remote_id} lives, its record {record.id} is deleted")
                    continue
                held = self.in_conflict(link)
                for remote_name, name in TEXTS.items():
                    ours, theirs = record.values[name], row.get(remote_name)
                    if ours != theirs and name not in held:
                        shadow = decode_values(PARTNER, encode_json(link["shadow"])).get(name)
                        found.append(
                            f"{system.name} {remote_id} {name}: remote {theirs!r}, hub {ours!r}, shadow {shadow!r}"
                            f" (record {record.id})"
                        )
                parent, ours = self.surviving(system, row.get("parent")), record.values["parent"]
                target = next((i for i, other in links.items() if other["record_id"] == ours), None)
                if ours is not None and target is not None and parent != target and "parent" not in held:
                    found.append(f"{system.name} {remote_id} parent: remote {parent!r}, hub {target!r} ({ours})")
        return found

    @staticmethod
    def surviving(system: System, remote_id: object) -> object:
        """A reference to a merged row is one to its survivor."""
        while isinstance(remote_id, str):
            row = system.sandbox.world.get("partners", remote_id)
            if row is None or row.merged_into is None:
                break
            remote_id = row.merged_into
        return remote_id

    def lost_edits(self) -> list[str]:
        kept: list[object] = []
        for record in self.records.values():
            kept += [record.values[name] for name in TEXTS.values()] if record.alive else []
        for system in self.world.systems:
            kept += [value for row in system.rows().values() for value in row.values()]
        for conflict in self.conflicts:
            kept += [conflict["base"], conflict["ours"], conflict["theirs"]]
        exempt = {"trade_name"} if self.world.policy != "review" else set()
        dead = {record.id for record in self.records.values() if not record.alive}
        names = {system.connection.id: system.name for system in self.world.systems}
        gone = {("hub", str(record_id)) for record_id in dead}
        gone |= {(names[row["connection_id"]], row["remote_id"]) for row in self.links if row["record_id"] in dead}
        return [
            f"lost: {edit}"
            for edit in self.world.ledger.lost(kept)
            if edit.field not in exempt and (edit.place, edit.row) not in gone
        ]

    def doubled(self) -> list[str]:
        found = []
        most = max([1, *self.world.websites.values()])
        for system in self.world.systems:
            keys = Counter(row.get("hub_id") for row in system.rows().values() if row.get("hub_id"))
            found += [f"{system.name} has {n} rows with the key {key}" for key, n in keys.items() if n > 1]
            sites = Counter(row["website"] for row in system.rows().values())
            allowed = self.world.websites
            found += [
                f"{system.name} has {n} rows of {site}, people made {allowed.get(str(site))} of it"
                for site, n in sites.items()
                if n > max(1, allowed.get(str(site), most))
            ]
        return found

    def unlinked(self) -> list[str]:
        found = []
        for system in self.world.systems:
            links = self.live_links(system.connection.id)
            found += [f"{system.name} {row} is not linked" for row in system.rows() if row not in links]
        return found

    def held(self) -> set[UUID]:
        """Records in doubt, and those that they may be: both wait for a person's word."""
        reviews = [row for row in self.reviews if row["holds"]]
        candidates = {UUID(c["record_id"]) for r in reviews if r["kind"] == "ambiguous" for c in r["candidates"]}
        return {row["record_id"] for row in reviews} | candidates

    def missing(self) -> list[str]:
        """Every living record is everywhere, but where it was deleted, and while a doubtful match is undecided."""
        held = self.held()
        found = []
        for system in self.world.systems:
            here = {
                row["record_id"]
                for row in self.deliveries
                if row["connection_id"] == system.connection.id and row["error_class"] == "Waiting"
            }
            here |= {row["record_id"] for row in self.links if row["connection_id"] == system.connection.id}
            found += [
                f"record {record.id} never came to {system.name}"
                for record in self.records.values()
                if record.alive and record.id not in here | held
            ]
        return found

    def stuck(self) -> list[str]:
        found = [f"quarantined for ever: {row}" for row in self.quarantine]
        found += [f"reread for ever: {row['object']} {row['remote_id']} ({row['reason']})" for row in self.rereads]
        for row in self.deliveries:
            target = self.records[row["record_id"]].values["parent"]
            linked = {r["record_id"] for r in self.live_links(row["connection_id"]).values()}
            waits = row["state"] == "waiting" and row["error_class"] == "Waiting"
            if waits and (row["record_id"] in self.held() or target not in linked):
                continue
            found.append(
                f"stuck delivery: {row['state']} {row['op']} of {row['record_id']} to {row['connection_id']}:"
                f" {row['message']} {row['hint']}"
            )
        return found
