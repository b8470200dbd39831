"""What goes in by COPY is what was meant, whatever characters it has."""

from hub.db.copying import copy_rows
from hub.db.session import Database

_ODD = ["", "\\N", "\\", "tab\tnew\nline\r", '"{}",', "ß 日本 \u2028", "NULL", "x" * 100_000]


async def test_every_text_comes_back_as_it_went_in(database_url: str) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        await tx.run("create temp table t (n int, a text, b text[])")
        await copy_rows(tx, "t", ("n", "a", "b"), ((n, text, [text, "y"]) for n, text in enumerate(_ODD)))
        await copy_rows(tx, "t", ("n", "a"), [(len(_ODD), None)])
        rows = await tx.tuples("select n, a, b from t order by n")
    assert [row[1] for row in rows] == [*_ODD, None]
    assert [row[2] for row in rows] == [*([text, "y"] for text in _ODD), None]


async def test_more_rows_than_fit_one_block_all_arrive(database_url: str) -> None:
    async with Database(database_url) as db, db.transaction() as tx:
        await tx.run("create temp table t (n int, a text)")
        await copy_rows(tx, "t", ("n", "a"), ((n, "some text") for n in range(20_000)))
        row = await tx.one("select count(*), sum(n) from t")
    assert row == {"count": 20_000, "sum": sum(range(20_000))}
