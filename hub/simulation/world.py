"""One seeded world: people at every system and at the hub, workers that may die, remotes that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from hub.db import deliveries, rereads
from hub.record import RECORD_TYPES
from hub.sdk.errors import RemoteError
from hub.sdk.sandbox import SandboxClock
from hub.services import records
from hub.services.cycle import Halted, pull, push, reread
from hub.services.deciding import Choice, Decision, resolve_conflict
from hub.services.refusals import Refusal
from hub.simulation.ledger import Ledger
from hub.simulation.stage import START, SimDatabase, System, Traits, counted_ids, nothing_sieved, open_system
from hub.simulation.turns import PARTY, Killed, Party, Turns

PARTNER = RECORD_TYPES["partner"]
MAPPING = """
version: 1
object: partners
record: partner
key: {{field: hub_id}}
match: [{{on: [website_domain, country]}}]
on_delete: {on_delete}
fields:
  legal_name: {{remote: name, required: true}}
  website_domain: {{remote: website, lens: url_domain}}
  country: {{remote: country}}
  city: {{remote: city}}
  trade_name: {{remote: trade_name, policy: {policy}}}
  region: {{remote: region, on_null: clear}}
  industry: {{remote: industry}}
  parent: {{remote: parent, lens: {{link: partner}}}}
"""
# Remote text field → the record's field.
TEXTS = {"name": "legal_name", "city": "city", "trade_name": "trade_name", "region": "region", "industry": "industry"}
FAULTS = (
    "throttle", "throttle_with_retry_after", "unavailable", "html_error", "empty_error", "drop_connection",
    "lose_response", "malformed_json", "expire_token", "lock_row", "reject_row", "all_rows_fail", "late_commit",
    "poison_record", "webhook_duplicate", "webhook_drop", "persistent_401",
)  # fmt: skip
_HOUR = timedelta(hours=1)


class World:
    """`steps` says what happened, in words, in order; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.turns = Turns(Random(seed + 1))
        self.clock = SandboxClock(START, frozen=True)
        self.ledger = Ledger()
        self.traits = Traits(self.chance)
        self.on_delete = self.chance.choice(["unlink", "unlink", "mirror", "mirror", "ask"])
        if self.on_delete == "ask" and seed % 2:  # seeds, not chances: older worlds stay what they were
            self.on_delete = "{deactivate: {status: terminated}}"
        self.grace = timedelta(minutes=10) if seed % 3 else timedelta(0)
        self.policy = self.chance.choice(["review", "review", "prefer_hub", "prefer_remote", "fill_only"])
        self.faulty = self.chance.random() < 0.8
        self.deadly = self.chance.random() < 0.7
        self.steps: list[str] = [
            f"on_delete {self.on_delete} after {self.grace}, trade_name {self.policy}, {self.traits}"
        ]
        self.websites: dict[str, int] = {}
        self.systems: list[System] = []
        self.db: SimDatabase

    @classmethod
    @asynccontextmanager
    async def open(cls, seed: int, database_url: str) -> AsyncIterator[World]:
        world = cls(seed)
        PARTY.set(Party("world"))
        async with AsyncExitStack() as stack:
            stack.enter_context(counted_ids())
            stack.enter_context(nothing_sieved())
            world.db = SimDatabase(database_url, world.turns)
            await stack.enter_async_context(world.db)
            await world.db.wind()
            mapping = MAPPING.format(on_delete=world.on_delete, policy=world.policy)
            for name in ["left", "right", "middle"][: world.chance.choice([2, 2, 3])]:
                world.systems.append(
                    await open_system(
                        world.db, stack, world.turns, name=name, clock=world.clock, mapping=mapping,
                        grace=world.grace, traits=world.traits, overwritten=world.ledger.cleared,
                    )
                )  # fmt: skip
            yield world

    # A day

    async def live(self, rounds: int) -> None:
        """People and workers, at the same time, round after round."""
        for number in range(rounds):
            self.steps.append(f"--- round {number}")
            await self.play_round(number)

    async def play_round(self, number: int) -> None:
        if self.faulty and self.chance.random() < 0.6:
            self.misbehave()
        workers = [self.worker() for _ in range(self.chance.choice([0, 1, 2, 3, 4]))]
        people = self.people(self.chance.choice([0, 1, 1, 2, 4]) + (2 if number < 3 else 0))
        logged = len(self.turns.log)
        await self.together([("people", people), *workers])
        self.steps += [f"    {line}" for line in self.turns.log[logged:]]
        self.clock.advance(timedelta(seconds=self.chance.choice([0, 0, 1, 20, 300])))
        if self.chance.random() < 0.4:
            self.steps.append("an hour passes in the hub")
            await self.db.pass_time(_HOUR)

    async def together(self, acts: list[tuple[str, Callable[[], Awaitable[object]]]]) -> None:
        """Let parties act at the same time. A worker may be killed on its way; its errors are part of life."""
        jobs = []
        for index, (name, act) in enumerate(acts):
            party = Party(f"{name}#{index}")
            if name != "people" and self.deadly and self.chance.random() < 0.25:
                party.dies_in = self.chance.randint(1, 12)
                party.fate = self.chance.choice(["before", "during", "after"])
            jobs.append(asyncio.create_task(self.act(party, act)))
        for result in await asyncio.gather(*jobs, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def act(self, party: Party, act: Callable[[], Awaitable[object]]) -> None:
        PARTY.set(party)
        try:
            await act()
        except Killed:
            self.turns.log.append(f"{party.name}: killed")
        except (Halted, RemoteError) as exc:
            error = exc.error if isinstance(exc, Halted) else exc
            self.turns.log.append(f"{party.name}: stopped by {error.kind}")

    def worker(self) -> tuple[str, Callable[[], Awaitable[object]]]:
        system = self.chance.choice(self.systems)
        work = self.chance.choice(["pull", "push", "push", "reread"])
        owner = f"worker {self.chance.random()}"
        return f"{work} {system.name}", lambda: self.work(system, work, owner)

    async def work(self, system: System, work: str, owner: str) -> dict[str, int]:
        if work == "pull":
            return await pull(self.db, system.connection, owner=owner)
        if work == "push":
            return await push(self.db, system.connection, owner=owner)
        await self.take_webhooks(system)
        return await reread(self.db, system.connection)

    async def take_webhooks(self, system: System) -> None:
        keys = [
            (event.object, event.remote_id)
            for request in system.sandbox.take_webhooks("https://hub.test/hook")
            for event in system.connection.connector.parse_webhook(request)  # type: ignore[attr-defined]
        ]
        if keys:
            async with self.db.transaction() as tx:
                await rereads.ask(tx, connection_id=system.connection.id, keys=keys, reason=rereads.WEBHOOK)

    def misbehave(self) -> None:
        system, fault = self.chance.choice(self.systems), self.chance.choice(FAULTS)
        times, after = self.chance.choice([1, 1, 2]), self.chance.choice([0, 0, 1, 2, 4])
        match = self.chance.choice(["", "/batch"]) if fault not in ("late_commit", "poison_record") else ""
        options = {"seconds": 200} if fault == "late_commit" else {}
        system.sandbox.faults.arm(fault, times=times, match=match, after=after, options=options)
        self.steps.append(f"{system.name} will misbehave: {fault} ×{times} after {after} {match}")

    # People

    def people(self, number: int) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            for _ in range(number):
                deed = self.chance.choice(
                    [self.create, self.create, self.edit, self.edit, self.edit, self.edit, self.edit_hub,
                     self.edit_hub, self.delete, self.undelete, self.merge, self.decide, self.create_twin]
                )  # fmt: skip
                if deed in (self.edit_hub, self.decide):
                    await deed()
                else:
                    async with self.turns.turn(deed.__name__):
                        deed()

        return act

    def say(self, words: str) -> None:
        self.turns.log[-1] += f" → {words}" if self.turns.log else ""

    def create(self, system: System | None = None, website: str | None = None) -> None:
        system = system or self.chance.choice(self.systems)
        website = website or f"p{len(self.websites)}.com"
        fields: dict[str, Any] = {"website": website, "country": "DE"}
        given = ["name", *(name for name in TEXTS if name != "name" and self.chance.random() < 0.6)]
        fields |= {name: self.ledger.fresh(name) for name in given}
        if self.chance.random() < 0.2 and system.rows():
            fields["parent"] = self.chance.choice(sorted(system.rows()))
        row = system.sandbox.human_create("partners", fields)
        self.websites[website] = self.websites.get(website, 0) + 1
        for name in given:
            self.ledger.note(value=fields[name], field_name=name, place=system.name, row=row, saw=None)
        self.say(f"{system.name} {row} {fields}")

    def create_twin(self) -> None:
        """The same firm, typed in once more: mostly elsewhere."""
        if self.websites:
            self.create(website=self.chance.choice(sorted(self.websites)))

    def pick(self) -> tuple[System, str] | None:
        """A live row; mostly one of a few, so that edits meet."""
        system = self.chance.choice(self.systems)
        rows = sorted(system.rows())
        return (system, self.chance.choice(rows[:4] if self.chance.random() < 0.7 else rows)) if rows else None

    def edit(self) -> None:
        if not (picked := self.pick()):
            return
        system, row = picked
        fields: dict[str, Any] = {}
        before = system.rows()[row]
        kind = self.chance.random()
        if kind < 0.1:
            fields["note"] = self.ledger.fresh("note")
        elif kind < 0.2:
            name = self.chance.choice(["region", "industry"])
            fields[name] = None
            if before.get(name):
                self.ledger.cleared.add(str(before[name]))
        elif kind < 0.3:
            fields["parent"] = self.chance.choice(sorted(set(system.rows()) - {row}) or [None])
        else:
            for name in self.chance.sample(sorted(TEXTS), self.chance.choice([1, 1, 2])):
                value = fields[name] = self.ledger.fresh(name)
                self.ledger.note(value=value, field_name=name, place=system.name, row=row, saw=before.get(name))
        system.sandbox.human_edit("partners", row, fields)
        self.say(f"{system.name} {row} {fields}")

    def delete(self) -> None:
        if self.chance.random() < 0.5 and (picked := self.pick()):
            system, row = picked
            system.sandbox.human_delete("partners", row)
            self.ledger.ended.add((system.name, row))
            self.say(f"{system.name} {row}")

    def undelete(self) -> None:
        system = self.chance.choice(self.systems)
        keys = {row.get("hub_id") for row in system.rows().values()} - {None}
        gone = sorted(
            r.id for r in system.sandbox.world.all("partners") if not r.live and r.fields.get("hub_id") not in keys
        )
        if gone:
            row = self.chance.choice(gone)
            restored = system.sandbox.world.get("partners", row)
            # From now on a firm of its own again: the one it went into, or that was made anew of it, may be there too.
            if restored is not None and (restored.merged_into or self.on_delete == "mirror"):
                site = str(restored.fields["website"])
                self.websites[site] = self.websites.get(site, 0) + 1
            system.sandbox.human_undelete("partners", row)
            self.say(f"{system.name} {row}")

    def merge(self) -> None:
        system = self.chance.choice(self.systems)
        rows = sorted(system.rows())
        if len(rows) < 2 or self.chance.random() < 0.5:
            return
        winner, loser = self.chance.sample(rows, 2)
        values = system.rows()[loser]
        if system.rows()[winner].get("hub_id") is None and values.get("hub_id") is not None:
            winner, loser = loser, winner  # a unique key is not copied by a merge
        for row, other in ((winner, loser), (loser, winner)):
            if system.rows()[row].get("parent") == other:
                system.sandbox.human_edit("partners", row, {"parent": None})
        # Whoever merges sees both rows and gives up the loser's values.
        self.ledger.cleared |= {str(value) for value in system.rows()[loser].values() if value}
        self.declare_one(str(system.rows()[winner]["website"]), str(values["website"]))
        system.sandbox.human_merge("partners", winner, loser)
        self.ledger.ended.add((system.name, loser))
        self.say(f"{system.name} {loser} into {winner}")

    def declare_one(self, kept: str, lost: str) -> None:
        """Two firms are one from now on: where each had a row elsewhere, both rows may come to show the survivor's."""
        if kept != lost:
            self.websites[kept] = self.websites.get(kept, 0) + self.websites.get(lost, 0)

    async def edit_hub(self) -> None:
        """Somebody edits a record in the hub, through the door that people use."""
        record_id = await self.some_record()
        if record_id is None:
            return
        names = self.chance.sample(sorted(TEXTS), self.chance.choice([1, 1, 2]))
        values = {name: self.ledger.fresh(name) for name in names}
        try:
            async with self.db.transaction() as tx:
                seen = await records.get_record(tx, PARTNER, record_id=record_id)
                named = {TEXTS[name]: value for name, value in values.items()}
                await records.patch_record(
                    tx, PARTNER, record_id=record_id, values=named, version=None, actor="somebody"
                )
        except Refusal:
            return
        for name, value in values.items():
            saw = seen.values[TEXTS[name]]
            self.ledger.note(value=value, field_name=name, place="hub", row=str(record_id), saw=saw)
        self.say(f"{record_id} {values}")

    async def some_record(self) -> UUID | None:
        async with self.db.transaction() as tx:
            rows = await tx.all(
                "select id from organization where deleted_at is null and merged_into is null order by 1"
            )
        return self.chance.choice(rows)["id"] if rows else None

    async def decide(self) -> None:
        """Somebody decides an open conflict."""
        async with self.db.transaction() as tx:
            rows = await tx.all("select id from conflict where state = 'open' and field <> '(record)' order by 1")
            if not rows:
                return
            choice: Choice = self.chance.choice(["ours", "theirs"])
            chosen = self.chance.choice(rows)["id"]
            try:
                await resolve_conflict(
                    tx, RECORD_TYPES, conflict_id=chosen, decision=Decision(choice), actor="somebody"
                )
            except Refusal:
                return
            self.say(f"conflict {chosen}: {choice}")

    # Quiescence

    async def come_to_rest(self) -> None:
        """No more people, faults and deaths; waiting times pass; operators resume and replay: all work ends."""
        self.steps.append("--- coming to rest")
        PARTY.set(Party("rest"))
        for system in self.systems:
            system.sandbox.faults.clear()
        for _ in range(14):
            await self.db.pass_time(_HOUR)
            self.clock.advance(timedelta(seconds=400))
            async with self.db.transaction() as tx:
                await tx.run("update connection set rest_until = null, probe_until = null, state = 'active'")
                for system in self.systems:
                    await deliveries.replay_dead(tx, connection_id=system.connection.id)
            if not await self.one_turn_of_all():
                return
        raise AssertionError("The hub does not come to rest.")

    async def one_turn_of_all(self) -> bool:
        """Whether anything moved."""
        moved: dict[str, int] = {}
        logged = len(self.turns.log)
        for work in ("pull", "reread", "push"):
            for system in self.systems:
                PARTY.set(Party(f"rest {work} {system.name}"))
                for what, number in (await self.work(system, work, "rest")).items():
                    moved[what] = moved.get(what, 0) + number
        self.steps += [f"    {line}" for line in self.turns.log[logged:]]
        return any(n for what, n in moved.items() if what not in ("read", "unchanged", "overlap", "agreed", "waiting"))
