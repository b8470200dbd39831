"""A field that moves beyond its limit keeps both values until a person, or two, have decided."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hub.domain.guards import Guards
from hub.domain.limits import FieldLimit
from hub.record import RECORD_TYPES
from hub.services.conflicts import ConflictView, list_conflicts
from hub.services.deciding import NEEDS_SECOND, Decision, resolve_conflict, resolve_conflicts
from hub.services.refusals import NotNow
from tests.integration.engine.conftest import MAPPING, Build, Stage

RATES = MAPPING + "  commission_rate: {remote: rate, policy: prefer_remote}\n"


async def _with_rate(build: Build, *, second_person: bool) -> tuple[Stage, str]:
    """A partner with a commission of ten percent on both sides, which may change by a fifth."""
    stage = await build(RATES)
    limit = FieldLimit(max_change=Decimal("0.2"), second_person=second_person)
    for system in (stage.left, stage.right):
        system.sandbox.records.schema["partners"]["rate"] = {"type": "number"}
        guards = Guards({}, limits={"partner": {"commission_rate": limit}})
        system.connection = replace(system.connection, guards=guards)
    row = stage.left.create(name="Acme", website="acme.com", rate="0.10")
    await stage.settle()
    return stage, row


async def _open(stage: Stage) -> ConflictView:
    async with stage.db.transaction() as tx:
        [conflict] = await list_conflicts(tx)
    return conflict


async def _decide(stage: Stage, conflict: ConflictView, choice: Any, actor: str) -> None:
    async with stage.db.transaction() as tx:
        await resolve_conflict(tx, RECORD_TYPES, conflict_id=conflict.id, decision=Decision(choice), actor=actor)


def _rates(stage: Stage) -> tuple[Any, Any]:
    left, right = [next(iter(system.rows().values()))["rate"] for system in (stage.left, stage.right)]
    return Decimal(str(left)), Decimal(str(right))


async def test_within_the_limit_it_is_taken_over(build: Build) -> None:
    stage, row = await _with_rate(build, second_person=False)
    stage.left.edit(row, rate="0.12")
    await stage.settle()
    assert _rates(stage) == (Decimal("0.12"), Decimal("0.12"))


async def test_beyond_it_both_values_stay_until_somebody_decides(build: Build) -> None:
    stage, row = await _with_rate(build, second_person=False)
    stage.left.edit(row, rate="0.50", city="Rom")
    await stage.settle()
    conflict = await _open(stage)
    assert conflict.rule == "limit: a change of more than 20 %"
    assert _rates(stage) == (Decimal("0.50"), Decimal("0.10"))
    assert next(iter(stage.right.rows().values()))["city"] == "Rom"
    await _decide(stage, conflict, "theirs", "anna")
    await stage.settle()
    assert _rates(stage) == (Decimal("0.50"), Decimal("0.50"))


async def test_decided_for_the_hub_the_system_gets_its_value_back(build: Build) -> None:
    stage, row = await _with_rate(build, second_person=False)
    stage.left.edit(row, rate="0.50")
    await stage.settle()
    await _decide(stage, await _open(stage), "ours", "anna")
    await stage.settle()
    assert _rates(stage) == (Decimal("0.10"), Decimal("0.10"))


async def test_two_people_must_decide_the_same_where_the_policy_says_so(build: Build) -> None:
    stage, row = await _with_rate(build, second_person=True)
    stage.left.edit(row, rate="0.50")
    await stage.settle()
    await _decide(stage, await _open(stage), "theirs", "anna")
    await stage.settle()
    conflict = await _open(stage)
    assert (conflict.needs_second, conflict.first_by, _rates(stage)) == (
        True, "anna", (Decimal("0.50"), Decimal("0.10"))
    )  # fmt: skip
    with pytest.raises(NotNow, match="second person"):
        await _decide(stage, conflict, "theirs", "anna")
    async with stage.db.transaction() as tx:
        [outcome] = await resolve_conflicts(tx, RECORD_TYPES, ids=[conflict.id], decision=Decision("ours"), actor="ben")
    assert (outcome.resolved, outcome.reason) == (False, NEEDS_SECOND)
    await _decide(stage, conflict, "theirs", "anna")
    await _decide(stage, conflict, "theirs", "ben")
    await stage.settle()
    assert _rates(stage) == (Decimal("0.50"), Decimal("0.50"))
    trail = await stage.all("select actor, action from audit order by id")
    assert [(row["actor"], row["action"]) for row in trail][-2:] == [
        ("anna", "conflict_resolved_first"),
        ("ben", "conflict_resolved"),
    ]


async def test_a_word_given_for_another_value_does_not_count(build: Build) -> None:
    stage, row = await _with_rate(build, second_person=True)
    stage.left.edit(row, rate="0.50")
    await stage.settle()
    await _decide(stage, await _open(stage), "theirs", "anna")
    stage.left.edit(row, rate="0.90")
    await stage.settle()
    conflict = await _open(stage)
    assert (conflict.theirs, conflict.first_by) == (Decimal("0.9"), None)


async def test_what_the_system_takes_back_settles_itself(build: Build) -> None:
    stage, row = await _with_rate(build, second_person=True)
    stage.left.edit(row, rate="0.50")
    await stage.settle()
    stage.left.edit(row, rate="0.10")
    await stage.settle()
    async with stage.db.transaction() as tx:
        assert await list_conflicts(tx) == []
