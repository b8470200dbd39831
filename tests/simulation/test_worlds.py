"""A fixed set of worlds on every test run; `partnerhub simulate` plays more."""

from pathlib import Path

import pytest

from hub.simulation.farm import Field
from hub.simulation.mapped import mapped_setting
from hub.simulation.sample import sample_setting
from hub.simulation.script import write_script

SHIPPED = Path(__file__).parent.parent.parent / "mappings"


@pytest.mark.parametrize("seed", range(1, 17))
async def test_a_world_at_rest_keeps_every_law(seed: int, field: Field) -> None:
    played = await field.play(write_script(seed), sample_setting())
    assert not played.violations, str(played)


@pytest.mark.parametrize("seed", [29, 35, 51, 55, 99])
async def test_registrations_of_a_world_are_stored_once_and_judged_in_order(seed: int, field: Field) -> None:
    script = write_script(seed)
    played = await field.play(script, sample_setting())
    assert script.registers
    assert not played.violations, str(played)


def test_partners_join_a_part_of_the_worlds_and_nothing_else_in_them_moves() -> None:
    scripts = [write_script(seed) for seed in range(1, 301)]
    assert 60 <= sum(script.registers for script in scripts) <= 120
    for script in scripts:
        plain = script.without_registrations()
        assert not plain.registers
        assert script.registers == (plain != script)
        assert [each.shifts for each in plain.rounds] == [each.shifts for each in script.rounds]


@pytest.mark.parametrize("seed", range(1, 4))
async def test_the_shipped_mappings_keep_every_law(seed: int, field: Field) -> None:
    played = await field.play(write_script(seed), mapped_setting(SHIPPED))
    assert not played.violations, str(played)


@pytest.mark.parametrize("mappings", [None, SHIPPED], ids=["sample", "shipped"])
async def test_a_seed_replays_exactly(mappings: Path | None, field: Field) -> None:
    setting = mapped_setting(mappings) if mappings else sample_setting()
    first, second = [await field.play(write_script(5), setting) for _ in range(2)]
    assert first.story == second.story
