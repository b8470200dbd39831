"""Reading records as they were: whatever was done to them since, each moment comes back as it stood."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import changes, records
from hub.db.changes import Change, Origin
from hub.db.session import Database
from hub.record import RECORD_TYPES
from hub.record.values import Value, encode_values
from hub.services.as_of import in_force, record_as_of, records_as_of
from hub.services.merging import join_records
from hub.services.records import create_record, get_record, patch_record
from hub.services.refusals import Gone, NotFound, Refusal
from hub.services.removal import delete_record, restore_record
from tests.unit.record.strategies import value_of

PARTNER = RECORD_TYPES["partner"]
FIELDS = {name: f for name, f in PARTNER.fields.items() if f.kind != "link" and name not in ("vat_number", "duns")}

_edit = st.fixed_dictionaries(
    {}, optional={name: value_of(f) if f.required else st.none() | value_of(f) for name, f in FIELDS.items()}
).map(lambda values: ("edit", values))
_deed: st.SearchStrategy[tuple[str, dict[str, Value]]] = st.sampled_from(
    [("delete", {}), ("restore", {}), ("merge", {}), ("adopt", {}), ("orphan", {})]
)
# Who (of three records) and what.
_steps = st.lists(st.tuples(st.integers(0, 2), _edit | _deed), max_size=14)

# What a record looked like: its version and values, or why there was none.
Look = tuple[int, dict[str, Value]] | str
_numbers = count(1)


@dataclass
class Lives:
    """Three records, what is done to them, and what they looked like after each step."""

    db: Database
    ids: list[UUID] = field(default_factory=list)
    seen: list[tuple[datetime, dict[UUID, Look]]] = field(default_factory=list)

    async def begin(self) -> None:
        for _ in range(3):
            async with self.db.transaction() as tx:
                values: dict[str, Value] = {"legal_name": f"Firm {next(_numbers)}"}
                record = await create_record(tx, PARTNER, values=values, actor="test", allow_duplicate=True)
            self.ids.append(record.id)
            await self.note()

    async def step(self, who: int, deed: str, values: dict[str, Any]) -> None:
        mine, other = self.ids[who], self.ids[(who + 1) % 3]
        try:
            async with self.db.transaction() as tx:
                match deed:
                    case "edit":
                        await patch_record(tx, PARTNER, record_id=mine, values=values, version=None, actor="test")
                    case "delete":
                        await delete_record(tx, PARTNER, record_id=mine, version=None, actor="test")
                    case "restore":
                        await restore_record(
                            tx, PARTNER, record_id=mine, version=None, actor="test", allow_duplicate=True
                        )
                    case "merge":
                        both = await records.load(tx, PARTNER, [mine, other], lock=True)
                        if all(record.alive for record in both.values()):
                            origin = Origin(actor="test")
                            await join_records(
                                tx, PARTNER, loser=mine, survivor=other, origin=origin, merged_in="the hub"
                            )
                    case _:
                        parent = {"parent": other if deed == "adopt" else None}
                        await patch_record(tx, PARTNER, record_id=mine, values=parent, version=None, actor="test")
        except (Refusal, psycopg.IntegrityError):
            return
        await self.note()

    async def note(self) -> None:
        """Reads at the present moment, without the change log."""
        looks: dict[UUID, Look] = {}
        async with self.db.transaction() as tx:
            moment = await tx.now()
            for record_id in self.ids:
                try:
                    record = await get_record(tx, PARTNER, record_id=record_id)
                    looks[record_id] = (record.version, record.values)
                except Gone as gone:
                    looks[record_id] = str(gone.merged_into)
        self.seen.append((moment, looks))

    async def check(self) -> None:
        for moment, looks in self.seen:
            async with self.db.transaction() as tx:
                for record_id in self.ids:
                    assert await self.past(tx, record_id, moment) == looks.get(record_id, "not there yet")
                together = await records_as_of(tx, PARTNER, self.ids, moment=moment)
            alive = {i: look[1] for i, look in looks.items() if not isinstance(look, str)}
            assert {i: record.values for i, record in together.items()} == alive

    @staticmethod
    async def past(tx: Any, record_id: UUID, moment: datetime) -> Look:
        try:
            record = await record_as_of(tx, PARTNER, record_id=record_id, moment=moment)
        except Gone as gone:
            return str(gone.merged_into)
        except NotFound:
            return "not there yet"
        return record.version, record.values


@given(steps=_steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_moment_of_random_lives_comes_back_exactly(
    database_url: str, steps: list[tuple[int, tuple[str, dict[str, Any]]]]
) -> None:
    async def live() -> None:
        async with Database(database_url) as db:
            lives = Lives(db)
            await lives.begin()
            for who, (deed, values) in steps:
                await lives.step(who, deed, values)
            await lives.check()

    asyncio.run(live())


async def test_a_version_whose_transaction_began_earlier_still_comes_after_the_one_before_it(
    database_url: str,
) -> None:
    async with Database(database_url) as db:
        async with db.transaction() as tx:
            made = await create_record(tx, PARTNER, values={"legal_name": "One"}, actor="test")
        async with db.transaction() as slow:
            began = await slow.now()  # this transaction is older than the next, and writes after it
            async with db.transaction() as fast:
                await patch_record(
                    fast, PARTNER, record_id=made.id, values={"city": "Gent"}, version=None, actor="test"
                )
                between = await fast.now()
            await patch_record(slow, PARTNER, record_id=made.id, values={"city": "Brugge"}, version=None, actor="test")
        async with db.transaction() as tx:
            before = await record_as_of(tx, PARTNER, record_id=made.id, moment=began)
            after = await record_as_of(tx, PARTNER, record_id=made.id, moment=between)
    assert (before.version, before.values["city"]) == (1, None)
    assert (after.version, after.values["city"]) == (3, "Brugge")


async def test_a_value_that_its_field_does_not_take_any_more_is_left_out(database_url: str) -> None:
    async with Database(database_url) as db:
        async with db.transaction() as tx:
            made = await create_record(tx, PARTNER, values={"legal_name": "One", "city": "Gent"}, actor="test")
            moment = await tx.now()
        async with db.transaction() as tx:
            stored = (await records.load(tx, PARTNER, [made.id], lock=True))[made.id]
            await records.update(tx, PARTNER, [(made.id, {**stored.values, "city": "Brugge"})])
            old = b'{"city":"Gent","employees":"many"}'
            log = Change(made.id, "partner", 2, "update", old, encode_values({"city": "Brugge"}), None)
            await changes.append(tx, origin=Origin(actor="test"), changes=[log])
        async with db.transaction() as tx:
            past = await record_as_of(tx, PARTNER, record_id=made.id, moment=moment)
    assert (past.values["city"], past.values["employees"]) == ("Gent", None)


def test_a_dated_record_is_in_force_from_its_first_day_to_the_day_before_its_end() -> None:
    period: dict[str, Value] = {"valid_from": date(2026, 1, 1), "valid_to": date(2026, 2, 1)}
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [in_force(period, day) for day in days] == [False, True, True, False]
    assert in_force({**period, "valid_to": None}, date(2030, 1, 1))
