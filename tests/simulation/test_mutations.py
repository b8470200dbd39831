"""Without a protection some world breaks a law; `partnerhub simulate --mutations` looks for the first of each."""

import pytest

from hub.simulation.farm import Field
from hub.simulation.mutations import mutation_called
from hub.simulation.sample import sample_setting
from hub.simulation.script import write_script


@pytest.mark.parametrize("protection", ["shadow", "three-way merge", "fencing", "xid8 guard", "outcome-unknown check"])
async def test_a_missing_protection_is_noticed(protection: str, field: Field) -> None:
    with mutation_called(protection).patch():
        for seed in range(1, 5):
            if (await field.play(write_script(seed), sample_setting())).violations:
                return
    pytest.fail(f"No world notices that {protection} is missing.")


@pytest.mark.parametrize("protection", ["scope lock", "idempotency key"])
async def test_a_missing_protection_of_registrations_is_noticed(protection: str, field: Field) -> None:
    with mutation_called(protection).patch():
        assert (await field.play(write_script(51), sample_setting())).violations
