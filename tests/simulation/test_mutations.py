"""Without a protection some world breaks a law; `partnerhub simulate --mutations` looks for the first of each."""

import pytest

from hub.simulation.farm import Field
from hub.simulation.mutations import mutation_called
from hub.simulation.sample import sample_setting
from hub.simulation.script import write_script


@pytest.mark.parametrize(("protection", "seeds"), [("shadow", range(1, 5)), ("three-way merge", range(1, 5))])
async def test_a_missing_protection_is_noticed(protection: str, seeds: range, field: Field) -> None:
    with mutation_called(protection).patch():
        for seed in seeds:
            if (await field.play(write_script(seed), sample_setting())).violations:
                return
    pytest.fail(f"No world notices that {protection} is missing.")
