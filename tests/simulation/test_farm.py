"""Worlds that are played by several processes are told in the order of their seeds."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from hub.simulation import farm
from hub.simulation.farm import Order, harvest
from hub.simulation.laws import Violation
from hub.simulation.play import Played
from hub.simulation.script import write_script


def test_the_first_broken_world_is_the_one_of_the_lowest_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    later_ones_done = Event()

    def play_chunk(_: Order, seeds: Sequence[int]) -> list[Played]:
        if seeds[0] == 1:
            assert later_ones_done.wait(10)
        else:
            later_ones_done.set()
        return [Played(write_script(seed), (Violation("no echo", "it echoes"),), ()) for seed in seeds]

    def threads(number: int, **_: Any) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(number)

    monkeypatch.setattr(farm, "_play_chunk", play_chunk)
    monkeypatch.setattr(farm, "ProcessPoolExecutor", threads)
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    found = harvest(Order(worlds=10, most_broken=1))

    assert found.broken[0].seed == 1
