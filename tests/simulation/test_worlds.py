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


@pytest.mark.parametrize("seed", range(1, 4))
async def test_the_shipped_mappings_keep_every_law(seed: int, field: Field) -> None:
    played = await field.play(write_script(seed), mapped_setting(SHIPPED))
    assert not played.violations, str(played)


@pytest.mark.parametrize("mappings", [None, SHIPPED], ids=["sample", "shipped"])
async def test_a_seed_replays_exactly(mappings: Path | None, field: Field) -> None:
    setting = mapped_setting(mappings) if mappings else sample_setting()
    first, second = [await field.play(write_script(5), setting) for _ in range(2)]
    assert first.story == second.story
