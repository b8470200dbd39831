"""Finding connectors by folder: one broken folder never hides the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.registry import ConnectorMissing, broken_connectors, connector, connectors

_GOOD = """
from pydantic import BaseModel
from hub.sdk.connector import ConnectorSpec

CONNECTOR = ConnectorSpec(name={name!r}, title="Good", settings=BaseModel, open=lambda s, c: s, sandbox="x:Y")
"""


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """Writes one folder of a throwaway package; returns the package's name."""
    package = f"folders_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, code: str) -> str:
        (tmp_path / package / name).mkdir()
        (tmp_path / package / name / "__init__.py").write_text(code)
        return package

    return write


def test_every_folder_with_a_spec_is_a_connector(add: Callable[[str, str], str]) -> None:
    add("acme", _GOOD.format(name="acme"))
    package = add("zenith", _GOOD.format(name="zenith"))

    assert list(connectors(package)) == ["acme", "zenith"]
    assert connector("zenith", package).name == "zenith"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_library_here", "no_such_library_here"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "defines no CONNECTOR"),
        (_GOOD.format(name="other"), "is called 'other'"),
    ],
)
def test_broken_folder_is_reported_and_hides_nobody(add: Callable[[str, str], str], code: str, reason: str) -> None:
    add("acme", _GOOD.format(name="acme"))
    package = add("bad", code)

    assert list(connectors(package)) == ["acme"]
    assert reason in broken_connectors(package)["bad"]
    with pytest.raises(ConnectorMissing, match="'bad' cannot be loaded"):
        connector("bad", package)


def test_unknown_name_is_answered_with_those_that_exist(add: Callable[[str, str], str]) -> None:
    package = add("acme", _GOOD.format(name="acme"))

    with pytest.raises(ConnectorMissing, match="There are: acme"):
        connector("akme", package)
