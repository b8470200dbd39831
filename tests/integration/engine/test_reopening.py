"""A decision that was taken back: both sides are as before, and the conflict waits for another one."""

from typing import Any

import pytest

from hub.record import RECORD_TYPES
from hub.services.conflicts import ConflictView, list_conflicts
from hub.services.deciding import Choice, Decision, resolve_conflict
from hub.services.refusals import NotNow
from hub.services.reopening import reopen_conflict
from tests.integration.engine.conftest import Stage

_DECISIONS = [Decision("ours"), Decision("theirs"), Decision("value", "Bremen")]
_NAMES = [d.choice for d in _DECISIONS]


async def _in_conflict(stage: Stage) -> tuple[str, str]:
    """Berlin at the left (and so in the hub), Hamburg at the right, Bonn before."""
    left = stage.left.create(name="Acme", website="acme.com", city="Bonn")
    await stage.settle()
    (right,) = stage.right.rows()
    stage.left.edit(left, city="Berlin")
    stage.right.edit(right, city="Hamburg")
    await stage.settle()
    return left, right


async def _conflict(stage: Stage, state: Any = "open") -> ConflictView:
    async with stage.db.transaction() as tx:
        (found,) = await list_conflicts(tx, state=state)
    return found


async def _decide(stage: Stage, decision: Decision, conflict_id: int) -> None:
    async with stage.db.transaction() as tx:
        await resolve_conflict(tx, RECORD_TYPES, conflict_id=conflict_id, decision=decision, actor="ann")


async def _reopen(stage: Stage, conflict_id: int) -> ConflictView:
    async with stage.db.transaction() as tx:
        return await reopen_conflict(tx, RECORD_TYPES, conflict_id=conflict_id, actor="bob")


def _cities(stage: Stage, left: str, right: str) -> tuple[str, str]:
    return stage.left.row(left)["city"], stage.right.row(right)["city"]


@pytest.mark.parametrize("delivered", [True, False])
@pytest.mark.parametrize("decision", _DECISIONS, ids=_NAMES)
async def test_an_undone_decision_gives_both_sides_their_values_back(
    stage: Stage, decision: Decision, delivered: bool
) -> None:
    left, right = await _in_conflict(stage)
    before = await _conflict(stage)
    await _decide(stage, decision, before.id)
    if delivered:
        await stage.settle()
    reopened = await _reopen(stage, before.id)
    await stage.settle()
    await stage.settle()
    after = await _conflict(stage)
    assert (reopened.state, reopened.reopened) == ("open", True)
    assert (after.id, after.base, after.ours, after.theirs) == (before.id, "Bonn", "Berlin", "Hamburg")
    assert _cities(stage, left, right) == ("Berlin", "Hamburg")


@pytest.mark.parametrize("delivered", [True, False])
@pytest.mark.parametrize("second", ["ours", "theirs"])
@pytest.mark.parametrize("first", _DECISIONS, ids=_NAMES)
async def test_an_undone_decision_can_be_made_anew(
    stage: Stage, first: Decision, second: Choice, delivered: bool
) -> None:
    left, right = await _in_conflict(stage)
    conflict = await _conflict(stage)
    await _decide(stage, first, conflict.id)
    await stage.settle()
    await _reopen(stage, conflict.id)
    if delivered:
        await stage.settle()
    await _decide(stage, Decision(second), conflict.id)
    await stage.settle()
    wanted = {"ours": "Berlin", "theirs": "Hamburg"}[second]
    assert _cities(stage, left, right) == (wanted, wanted)
    assert (await _conflict(stage, "resolved")).choice == second
    await stage.settle()
    assert _cities(stage, left, right) == (wanted, wanted)


async def test_what_somebody_says_after_an_undone_decision_is_the_conflict_from_then_on(stage: Stage) -> None:
    left, right = await _in_conflict(stage)
    conflict = await _conflict(stage)
    await _decide(stage, Decision("value", "Bremen"), conflict.id)
    await stage.settle()
    await _reopen(stage, conflict.id)
    await stage.settle()
    stage.left.edit(left, city="Kiel")
    stage.right.edit(right, city="Ulm")
    await stage.settle()
    after = await _conflict(stage)
    assert (after.id, after.ours, after.theirs, after.reopened) == (conflict.id, "Kiel", "Ulm", False)
    assert _cities(stage, left, right) == ("Kiel", "Ulm")


async def test_an_undone_conflict_ends_when_the_system_takes_the_hubs_value(stage: Stage) -> None:
    left, right = await _in_conflict(stage)
    conflict = await _conflict(stage)
    await _decide(stage, Decision("theirs"), conflict.id)
    await stage.settle()
    await _reopen(stage, conflict.id)
    await stage.settle()
    stage.right.edit(right, city="Berlin")
    await stage.settle()
    assert (await _conflict(stage, "resolved")).id == conflict.id
    assert _cities(stage, left, right) == ("Berlin", "Berlin")


async def test_a_decision_is_not_undone_over_a_later_change(stage: Stage) -> None:
    left, right = await _in_conflict(stage)
    conflict = await _conflict(stage)
    await _decide(stage, Decision("theirs"), conflict.id)
    await stage.settle()
    stage.left.edit(left, city="Kiel")
    await stage.settle()
    with pytest.raises(NotNow, match=r"city was changed by left at .* after conflict"):
        await _reopen(stage, conflict.id)
    assert _cities(stage, left, right) == ("Kiel", "Kiel")


async def test_a_conflict_that_settled_itself_has_no_decision_to_undo(stage: Stage) -> None:
    _, right = await _in_conflict(stage)
    conflict = await _conflict(stage)
    with pytest.raises(NotNow, match="is open"):
        await _reopen(stage, conflict.id)
    stage.right.edit(right, city="Berlin")
    await stage.settle()
    with pytest.raises(NotNow, match="settled itself"):
        await _reopen(stage, conflict.id)


async def test_a_field_that_is_in_conflict_again_is_decided_there(stage: Stage) -> None:
    left, right = await _in_conflict(stage)
    conflict = await _conflict(stage)
    await _decide(stage, Decision("ours"), conflict.id)
    await stage.settle()
    stage.left.edit(left, city="Kiel")
    stage.right.edit(right, city="Ulm")
    await stage.settle()
    with pytest.raises(NotNow, match="in conflict again"):
        await _reopen(stage, conflict.id)
