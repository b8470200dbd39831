"""What goes to the database together: questions of one statement, and inserts that wait for the next one."""

from collections.abc import Awaitable

import msgspec
import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from hub.db.arrays import Ints
from hub.db.copying import copy_rows, insert_rows
from hub.db.questions import Question, ask, rows_as_json
from hub.db.session import Database, Tx


async def _tables(tx: Tx) -> None:
    await tx.run("create temp table parent (id int primary key, name text)")
    await tx.run("create temp table child (id int primary key, parent int references parent)")


async def _counts(tx: Tx) -> list[int]:
    [row] = await tx.tuples("select (select count(*) from parent), (select count(*) from child)")
    return list(row)


async def _add(tx: Tx, parent: int, *children: int) -> None:
    """The children first: their parent is there when the statement ends."""
    if children:
        await insert_rows(tx, "child", ("id", "parent"), [(child, parent) for child in children])
    await insert_rows(tx, "parent", ("id", "name"), [(parent, "100 % of {x} and $1")])


async def _orphan(tx: Tx) -> None:
    async with tx.savepoint(), tx.together():
        await insert_rows(tx, "parent", ("id", "name"), [(1, "one")])
        await insert_rows(tx, "child", ("id", "parent"), [(10, 2)])


async def _undone(tx: Tx, work: Awaitable[None]) -> None:
    async with tx.savepoint():
        await work
        raise ZeroDivisionError


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The numbered statements that go out."""
    statements: list[bytes] = []
    numbered = Tx.numbered

    async def noted(self: Tx, statement: bytes, params: list[object], **how: bool) -> list[tuple[object, ...]]:
        statements.append(statement)
        return await numbered(self, statement, params, **how)

    monkeypatch.setattr(Tx, "numbered", noted)
    return statements


async def test_each_question_has_its_own_answer_and_they_share_parameters(database_url: str) -> None:
    numbers = Question("select json_agg(n) from unnest(%(keys)s::int[]) n where n > %(least)s",
                       {"keys": Ints([3, -1, 7]), "least": 0}, msgspec.json.Decoder(list[int]).decode)  # fmt: skip
    rows = Question(rows_as_json("select n, 'a%b'::text as t from generate_series(1, %(least)s + 1) n"),
                    {"least": 0}, msgspec.json.decode)  # fmt: skip
    none = Question(rows_as_json("select 1 where false"), {}, msgspec.json.decode)
    async with Database(database_url) as db, db.transaction() as tx:
        assert await ask(tx, numbers, rows, none) == ([3, 7], [{"n": 1, "t": "a%b"}], [])
        assert await ask(tx, numbers.then(sum)) == (10,)


async def test_inserts_wait_for_the_next_question_and_go_as_one(database_url: str, sent: list[bytes]) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        await _tables(tx)
        async with tx.together():
            await _add(tx, 1, 10, 11)
            assert sent == []
            assert await _counts(tx) == [1, 2]
            assert len(sent) == 1
            await _add(tx, 2)
            async with tx.together():
                await _add(tx, 3, 30)
                assert len(sent) == 1
            assert len(sent) == 2
        assert len(sent) == 2
        assert await _counts(tx) == [3, 3]
        assert await tx.tuples("select distinct name from parent") == [("100 % of {x} and $1",)]


async def test_many_rows_go_at_once_and_in_their_turn(database_url: str) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        await _tables(tx)
        async with tx.together():
            await _add(tx, 1)
            await copy_rows(tx, "child", ("id", "parent"), [(n, 1) for n in range(100)])
        assert await _counts(tx) == [1, 100]


async def test_what_the_database_refuses_is_raised_and_nothing_of_it_is_stored(database_url: str) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        await _tables(tx)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            await _orphan(tx)
        assert await _counts(tx) == [0, 0]


async def test_an_exception_drops_what_was_waiting(database_url: str) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        await _tables(tx)
        async with tx.together():
            await _add(tx, 1)
            with pytest.raises(ZeroDivisionError):
                await _undone(tx, _add(tx, 2))
            await _add(tx, 3)
        assert await tx.tuples("select id from parent order by id") == [(1,), (3,)]


async def test_how_rows_are_looked_up_is_forgotten_with_its_savepoint(database_url: str) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        with pytest.raises(ZeroDivisionError):
            await _undone(tx, tx.look_up_by_index(planned_once=True))
        assert await tx.tuples("show plan_cache_mode") == [("auto",)]
        await tx.look_up_by_index(planned_once=True)
        await tx.look_up_by_index(planned_once=True)
        assert await tx.tuples("show plan_cache_mode") == [("force_generic_plan",)]


async def test_a_connection_that_was_cut_a_moment_ago_is_not_used(database_url: str) -> None:
    async with Database(database_url, max_size=1) as db:
        async with db.transaction() as tx:
            [(pid,)] = await tx.tuples("select pg_backend_pid()")
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", (pid,))
        async with db.transaction() as tx:
            assert await tx.tuples("select pg_backend_pid()") != [(pid,)]


async def test_one_that_answered_a_moment_ago_is_not_asked_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    check = AsyncConnectionPool.check_connection

    async def noted(conn: psycopg.AsyncConnection[object]) -> None:
        asked.append(conn)
        await check(conn)

    monkeypatch.setattr(AsyncConnectionPool, "check_connection", staticmethod(noted))
    async with Database(database_url, max_size=1) as db:
        for _ in range(3):
            async with db.transaction() as tx:
                await tx.one("select 1")
        assert len(asked) == 1  # a new connection is asked
        monkeypatch.setattr("hub.db.session._FRESH_SECONDS", -1.0)
        async with db.transaction() as tx:
            await tx.one("select 1")
        assert len(asked) == 2
