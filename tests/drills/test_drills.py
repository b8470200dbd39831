"""The drills that need no special rights, once each; `make drills` plays all of them, and longer."""

from __future__ import annotations

from pathlib import Path

import pytest

import connectors
from tests.drills.drills import play
from tests.integration.jobs.more_connectors import add_sample


@pytest.fixture(autouse=True)
def sample_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process finds the sample connector, for the length of the test."""
    monkeypatch.setattr(connectors, "__path__", list(connectors.__path__))
    add_sample()


@pytest.mark.drill
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["worker", "api", "postgres", "redis"])
async def test_what_is_killed_under_load_loses_and_doubles_nothing_and_is_back_in_a_minute(
    tmp_path: Path, name: str
) -> None:
    result = await play(name, folder=tmp_path, seed=1, rounds=1)

    assert (result.verdict, result.faults) == ("kept", 1), result.detail
    assert result.edits > 0
