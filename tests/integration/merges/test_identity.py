"""A merge that is undone before anything else happens was never there."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hub.db import records
from hub.db.session import Database, Tx
from hub.record import RECORD_TYPES
from hub.record.values import Value, encode_values
from hub.services.hub_merges import merge_pair
from hub.services.unmerging import unmerge
from tests.unit.record.strategies import value_of

_PARTNER = RECORD_TYPES["partner"]
_FIELDS = ("city", "tier", "roles", "annual_revenue", "onboarded_on", "employees")
_TABLES = ("organization", "partner", "person", "contact", "deal_registration", "partner_role")
_ENDS = ("loser", "survivor", "other")


_VALUES: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
    {"legal_name": st.sampled_from(["Acme", "ACME Inc"])},
    optional={name: st.none() | value_of(_PARTNER.fields[name]) for name in _FIELDS},
)


class _Undone(Exception):
    """Rolls an example back."""


@given(st.data())
@settings(
    max_examples=40,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes over a database
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
def test_merge_then_unmerge_is_the_identity_on_records_links_and_references(
    database_url: str, data: st.DataObject
) -> None:
    world = _World(data)

    async def play() -> None:
        async with Database(database_url, max_size=1) as db:
            try:
                async with db.transaction() as tx:
                    await world.build(tx)
                    before = await _everything(tx)
                    await merge_pair(tx, _PARTNER, loser=world.loser, survivor=world.survivor, actor="ann")
                    between = await _everything(tx)
                    undone = await unmerge(tx, _PARTNER, loser=world.loser, actor="bob")
                    after = await _everything(tx)
                    raise _Undone
            except _Undone:
                pass
        assert undone.left_alone == ()
        assert between != before
        assert after == before

    asyncio.run(play())


class _World:
    """Three partners with random values, and random rows of all kinds that hang on them."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.ids: dict[str, UUID] = {name: uuid4() for name in _ENDS}
        self.loser, self.survivor = self.ids["loser"], self.ids["survivor"]

    def end(self) -> UUID:
        return self.ids[self.draw(st.sampled_from(_ENDS))]

    async def build(self, tx: Tx) -> None:
        for record_id in self.ids.values():
            await records.insert(tx, _PARTNER, [(record_id, self.draw(_VALUES))])
        for record_id in self.ids.values():
            parent = self.draw(st.none() | st.sampled_from(list(self.ids.values())))
            await tx.run("update organization set parent = %s where id = %s", parent, record_id)
        await self._referring(tx)
        await self._links(tx)
        await self._findings(tx)

    async def _referring(self, tx: Tx) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            await self._add(tx, "contact", last_name="P", partner=self.end())
        for _ in range(self.draw(st.integers(0, 3))):
            await self._add(tx, "deal_registration", name="D", partner=self.end(), on_behalf_of=self.end())
        # Periods that the other one may have too: the same role from the same day, or still open.
        for name in _ENDS:
            if self.draw(st.booleans()):
                begin = date(2026, self.draw(st.integers(1, 2)), 1)
                end = self.draw(st.none() | st.just(date(2027, 1, 1)))
                values: dict[str, Any] = {"valid_from": begin, "valid_to": end}
                await self._add(tx, "partner_role", partner=self.ids[name], role="reseller", **values)

    async def _add(self, tx: Tx, record_type: str, **values: Value) -> None:
        await records.insert(tx, RECORD_TYPES[record_type], [(uuid4(), values)])

    async def _links(self, tx: Tx) -> None:
        """In each of three connections one of the two lives, or neither; both may have been deleted there before."""
        for connection_id in range(1, 4):
            await tx.run(
                "insert into connection (id, name, system, settings) overriding system value"
                " values (%s, %s, 'sample', '')",
                connection_id,
                f"c{connection_id}",
            )
            alive = self.draw(st.sampled_from(("loser", "survivor", None)))
            for name in ("loser", "survivor"):
                state = "live" if name == alive else self.draw(st.sampled_from(("deleted", "redirected", None)))
                if state:
                    await self._link(tx, connection_id, name, state)

    async def _link(self, tx: Tx, connection_id: int, name: str, state: str) -> None:
        shadow = self.draw(_VALUES)
        await tx.run(
            "insert into link (connection_id, object, remote_id, record_id, state, shadow, as_of)"
            " values (%s, 'partners', %s, %s, %s, %s::jsonb, now())",
            connection_id,
            f"{name}-{connection_id}",
            self.ids[name],
            state,
            encode_values(shadow).decode(),
        )
        if state == "live" and self.draw(st.booleans()):
            await self._conflict(tx, connection_id, name)

    async def _conflict(self, tx: Tx, connection_id: int, name: str) -> None:
        await tx.run(
            "insert into conflict (connection_id, object, remote_id, record_type, record_id, field, base, ours, theirs)"
            " values (%s, 'partners', %s, 'partner', %s, 'city', '1', '2', '3')",
            connection_id,
            f"{name}-{connection_id}",
            self.ids[name],
        )

    async def _findings(self, tx: Tx) -> None:
        for name in ("loser", "survivor"):
            if self.draw(st.booleans()):
                await tx.run(
                    "insert into match_review (connection_id, object, remote_id, record_type, record_id, kind,"
                    " candidates) values (1, 'partners', 'x', 'partner', %s, 'ambiguous', '[]')",
                    self.ids[name],
                )


async def _everything(tx: Tx) -> dict[str, list[Any]]:
    """All rows as they would be read, but for counters, stamps, and whether the next read looks again."""
    found = {}
    for table in _TABLES:
        found[table] = await _rows(tx, table, "version", "updated_at")
    found["link"] = await _rows(tx, "link", "seen_hash", "as_of")
    for table in ("conflict", "match_review"):
        found[table] = [row for row in await _rows(tx, table, "resolved_at", "updated_at") if row["state"] == "open"]
    return found


async def _rows(tx: Tx, table: str, *without: str) -> list[Any]:
    rows = await tx.all(f"select to_jsonb(t) - %s::text[] as row from {table} t", list(without))
    return sorted((row["row"] for row in rows), key=str)
