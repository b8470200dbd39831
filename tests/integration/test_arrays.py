"""Long arrays reach the database as they are."""

from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import DataError

from hub.db.arrays import Texts, Uuids
from hub.db.session import Database

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


async def _echo(database_url: str, value: object, kind: str) -> object:
    async with Database(database_url) as db, db.transaction() as tx:
        rows = await tx.tuples(f"select %s::{kind}[]", value)
        return rows[0][0]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(_TEXT, max_size=30))
async def test_texts_come_back_as_they_went_in(database_url: str, items: list[str]) -> None:
    assert await _echo(database_url, Texts(items), "text") == items


async def test_uuids_come_back_as_they_went_in(database_url: str) -> None:
    items: list[UUID] = [uuid4() for _ in range(50)]
    assert await _echo(database_url, Uuids(items), "uuid") == items
    assert await _echo(database_url, Uuids(), "uuid") == []


async def test_a_nul_is_refused_and_shifts_nothing(database_url: str) -> None:
    with pytest.raises(DataError):
        await _echo(database_url, Texts(["a\x00b", "c"]), "text")
