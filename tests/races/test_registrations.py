"""A small race through two real API processes; `make races` runs the large one."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from hub.db.session import Database
from hub.engines import Engines
from tests.races.laws import judge
from tests.races.plan import make_plan
from tests.races.registrations import Race, run
from tests.races.submitters import Answered

_SMALL = Race(processes=2, submitters=8, each=5, planted=0.5, organizations=40)


@pytest.mark.timeout(600)  # two API processes start
async def test_every_planted_conflict_is_found_with_one_winner_and_none_is_lost(
    database_url: str, engines: Engines, tmp_path: Path
) -> None:
    figures, verdict = await run(_SMALL, home=tmp_path, database_url=database_url, redis_url=engines.redis_url)

    assert verdict.violations == ()
    assert verdict.submissions >= 40
    assert verdict.conflicts_found == verdict.conflicts_planted > 0
    assert figures.per_second > 0


async def test_the_laws_notice_what_was_missed_lost_and_doubled(database_url: str) -> None:
    plan = make_plan(
        submitters=2, each=1, partners=[[UUID(int=1)], [UUID(int=2)]], planted=1.0, organizations=0, seed=1
    )
    blind = [
        Answered(entry, 201, {"id": entry.key, "place": place}, 0.1)
        for place, entry in enumerate([*plan.entries[0], *plan.entries[1]])
    ]
    async with Database(database_url) as db:
        verdict = await judge(db, replace(plan, warm_up=[]), blind)

    told = " ".join(verdict.violations)
    assert (verdict.conflicts_planted, verdict.conflicts_found) == (1, 0)
    assert "did not see" in told
    assert "2 submissions left 0 registrations" in told
