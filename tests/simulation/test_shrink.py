"""A broken world is made short, and stays broken in the same way."""

from __future__ import annotations

import pytest

from hub.simulation.laws import Violation
from hub.simulation.play import Played
from hub.simulation.script import Script, write_script
from hub.simulation.shrink import shrink


def _plays(script: Script) -> Played:
    """A world that is broken as long as somebody merges and some worker sleeps."""
    deeds = {deed.kind for each in script.rounds for person in each.people for deed in person.deeds}
    fates = {shift.fate.kind for each in script.rounds for shift in each.shifts if shift.fate}
    broken = "merge" in deeds and "sleeps" in fates
    return Played(script, (Violation("convergence", "left is wrong"),) if broken else (), ())


@pytest.fixture
def broken() -> Played:
    return next(played for seed in range(1, 200) if (played := _plays(write_script(seed))).violations)


def test_what_is_not_needed_is_taken_out_of_a_broken_world(broken: Played) -> None:
    smallest = shrink(broken, _plays)
    rounds, deeds, shifts, wrong = smallest.script.size
    assert smallest.violations == broken.violations
    assert rounds <= 2
    assert (deeds, shifts, wrong) == (1, 1, 1)


def test_the_same_broken_world_shrinks_to_the_same(broken: Played) -> None:
    assert shrink(broken, _plays).script == shrink(broken, _plays).script


def test_a_script_is_the_same_for_the_same_seed() -> None:
    assert write_script(7) == write_script(7) != write_script(8)
