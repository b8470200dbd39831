"""Throwaway engines for worlds: they are restarted, and nobody else's transactions are in the way of a replay."""

from collections.abc import Iterator

import pytest

from hub.simulation.farm import Field, open_field


@pytest.fixture(scope="session")
def field() -> Iterator[Field]:
    with open_field() as field:
        yield field
