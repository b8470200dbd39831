"""Whatever people do between a plan and its applying: both systems come to agree, and the hub makes no twins."""

from collections import Counter
from random import Random

import pytest

from hub.record import RECORD_TYPES
from hub.services.deciding import Decision, resolve_conflict
from tests.integration.engine.conftest import MAPPING, Build, Stage, System
from tests.integration.plans.conftest import carry_out, items_of, make_plan

MIRROR = MAPPING + "on_delete: mirror\n"
_CITIES = ("Bonn", "Rom", "Oslo", "Ulm", None)


def _day(stage: Stage, chance: Random, deeds: int, typed: Counter[str]) -> None:
    """`typed` counts how often somebody typed in the firm of a site; nobody does where it is there."""
    for _ in range(deeds):
        system: System = chance.choice([stage.left, stage.right])
        rows = sorted(system.rows())
        deed = chance.random()
        if deed < 0.25 or not rows:
            site = chance.randrange(12)
            if not any(row["website"].endswith(f"p{site}.example") for row in system.rows().values()):
                typed[f"p{site}.example"] += 1
                system.create(name=f"P{site}", website=f"p{site}.example", country="DE", city=chance.choice(_CITIES))
        elif deed < 0.85:
            system.edit(chance.choice(rows), **{chance.choice(["city", "tier"]): None})
            system.edit(chance.choice(rows), city=chance.choice(_CITIES))
        else:
            system.sandbox.human_delete("partners", chance.choice(rows))


@pytest.mark.parametrize("seed", range(6))
async def test_after_any_day_both_sides_agree(build: Build, seed: int) -> None:
    chance, typed = Random(seed), Counter[str]()
    stage = await build(MIRROR)
    _day(stage, chance, 12, typed)
    if seed % 2:
        await stage.settle()
        _day(stage, chance, 8, typed)
    for system in chance.sample([stage.left, stage.right], 2):
        plan = await make_plan(stage, system)
        if chance.random() < 0.7:
            _day(stage, chance, 4, typed)
            await stage.pull(chance.choice([stage.left, stage.right]))
        await carry_out(stage, system, plan.id)
        assert all(item.state != "planned" for item in await items_of(stage, plan.id))
    await _at_rest(stage)

    left, right = (_shown(system) for system in (stage.left, stage.right))
    assert left == right
    # One that was deleted here, edited there and typed in once more is two firms, until somebody merges them.
    assert Counter(row["website"] for row in stage.left.rows().values()) <= typed


async def _at_rest(stage: Stage) -> None:
    """People decide what is open: the hub keeps its value."""
    for _ in range(4):
        await stage.settle(rounds=10)
        await stage.db_ready()
        if not await stage.all("select from conflict where state = 'open'"):
            return
        await _decide_all(stage)
    raise AssertionError(await stage.all("select object, field, base, ours, theirs from conflict where state = 'open'"))


async def _decide_all(stage: Stage) -> None:
    for row in await stage.all("select id from conflict where state = 'open'"):
        async with stage.db.transaction() as tx:
            await resolve_conflict(tx, RECORD_TYPES, conflict_id=row["id"], decision=Decision("ours"), actor="somebody")


def _shown(system: System) -> set[tuple[str | None, ...]]:
    return {(row["website"], row["name"], row.get("city"), row.get("tier")) for row in system.rows().values()}
