"""Pruning takes away what came to its end long ago, and nothing that anybody still needs."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from config.settings import Settings
from hub.db import pruning as db_pruning
from hub.db import runs
from hub.db.session import Database
from hub.db.tables import metadata
from hub.services import pruning
from hub.services.pruning import Retention, prune

_DAYS = Retention(
    deliveries=timedelta(days=90),
    inbox=timedelta(days=30),
    runs=timedelta(days=365),
    submissions=timedelta(days=90),
)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


async def _delivery(db: Database, state: str, *, days: int) -> int:
    async with db.transaction() as tx:
        row = await tx.one(
            "insert into delivery (connection_id, object, record_type, record_id, state, created_at, updated_at)"
            " values (1, 'Account', 'partner', gen_random_uuid(), %s, now() - %s, now() - %s) returning id",
            state,
            timedelta(days=400),
            timedelta(days=days),
        )
    assert row is not None
    return int(row["id"])


async def _run(db: Database, *, days: int, state: str = "done", kind: str = "pull", name: str | None = "A") -> int:
    async with db.transaction() as tx:
        run_id = await runs.start(tx, connection_id=1, kind=kind, object_name=name)
        await tx.run(
            "update run set state = %s, started_at = now() - %s, finished_at = now() - %s where id = %s",
            state,
            timedelta(days=days),
            timedelta(days=days),
            run_id,
        )
    return run_id


async def _left(db: Database, table: str) -> set[int]:
    async with db.transaction() as tx:
        return {row["id"] for row in await tx.all(f"select id from {table}")}


async def test_only_deliveries_that_ended_long_ago_go(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_ROWS_A_STEP", 2)
    states = ("pending", "sending", "unknown", "waiting", "dead")
    kept = {await _delivery(db, state, days=400) for state in states}
    gone = {await _delivery(db, state, days=100) for state in ("done", "dropped", "done")}
    kept |= {await _delivery(db, "done", days=days) for days in (89, 0)}
    counts = await prune(db, _DAYS)
    assert (await _left(db, "delivery"), counts["deliveries"]) == (kept, len(gone))


async def test_events_go_after_their_time_and_may_arrive_again(db: Database) -> None:
    async with db.transaction() as tx:
        for days in (31, 29):
            await tx.run(
                "insert into inbox (connection_id, event_id, object, remote_id, kind, received_at)"
                " values (1, %s, 'Account', '1', 'changed', now() - %s)",
                str(days),
                timedelta(days=days),
            )
    assert (await prune(db, _DAYS))["inbox"] == 1
    async with db.transaction() as tx:
        assert [row["event_id"] for row in await tx.all("select event_id from inbox")] == ["29"]


async def test_runs_that_anything_names_and_the_last_good_one_of_each_kind_stay(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_ROWS_A_STEP", 3)
    idle, failed = await _run(db, days=500), await _run(db, days=500, state="failed")
    changing, reviewing, running = await _run(db, days=500), await _run(db, days=500), await _run(db, days=500)
    last, push = await _run(db, days=400), await _run(db, days=400, kind="push", name=None)
    young = await _run(db, days=300, state="failed")
    async with db.transaction() as tx:
        await tx.run("update run set state = 'running', finished_at = null where id = %s", running)
        await tx.run(
            "insert into change (record_id, record_type, version, op, run_id) values (%s, 'partner', 1, 'create', %s)",
            UUID(int=1),
            changing,
        )
        await tx.run(
            "insert into cursor (connection_id, object, direction, value, run_id) values (1, 'A', 'in', 'x', %s)",
            reviewing,
        )
    counts = await prune(db, _DAYS)
    assert await _left(db, "run") == {changing, reviewing, running, last, push, young}
    assert counts["runs"] == len({idle, failed})
    async with db.transaction() as tx:
        assert await runs.all_done(tx, connection_id=1, objects=["A"], kind="pull")


async def test_keys_of_old_submissions_go(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "_ROWS_A_STEP", 2)
    async with db.transaction() as tx:
        for key, days in (("a", 91), ("b", 95), ("c", 400), ("young", 89)):
            await tx.run(
                "insert into deal_submission (actor, key, digest, answer, at)"
                " values ('key x', %s, '', '{}', now() - %s)",
                key,
                timedelta(days=days),
            )
    counts = await prune(db, _DAYS)
    async with db.transaction() as tx:
        left = await tx.all("select key from deal_submission")
    assert ([row["key"] for row in left], counts["submissions"]) == (["young"], 3)


async def test_nothing_goes_where_everything_is_kept_for_ever_or_the_worker_stops(db: Database) -> None:
    delivery, run = await _delivery(db, "done", days=5000), await _run(db, days=5000, state="failed")
    await prune(db, Retention(None, None, None, None))
    await prune(db, _DAYS, stop=lambda: True)
    assert (await _left(db, "delivery"), await _left(db, "run")) == ({delivery}, {run})


def test_the_loop_fuse_and_repeated_webhooks_have_what_they_need_by_default(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.keep_deliveries_days >= 1
    assert settings.keep_inbox_days >= 3


def test_whatever_names_a_run_keeps_it() -> None:
    assert {table.name for table in metadata.tables.values() if "run_id" in table.c} == set(db_pruning.NAMED_BY)
