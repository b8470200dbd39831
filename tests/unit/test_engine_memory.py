"""How much memory the embedded PostgreSQL is given."""

from pathlib import Path

import pytest

from hub.engines.postgres import buffers_for, usable_memory

_GB = 1024**3


@pytest.mark.parametrize(("memory", "buffers"), [(_GB // 2, "128MB"), (8 * _GB, "1024MB"), (512 * _GB, "4096MB")])
def test_an_eighth_of_the_memory_within_bounds(memory: int, buffers: str) -> None:
    assert buffers_for(memory) == buffers


def test_a_container_has_what_it_was_given(tmp_path: Path) -> None:
    (given, unlimited) = (tmp_path / "given", tmp_path / "unlimited")
    given.write_text("1073741824\n")
    unlimited.write_text("max\n")
    whole = usable_memory([])
    assert usable_memory([unlimited, tmp_path / "missing"]) == whole
    assert usable_memory([unlimited, given]) == min(_GB, whole)
