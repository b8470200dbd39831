"""`make new-connector`: what it makes is whole, and passes the contract before a line is changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hub.mapping.load import load_system
from hub.record import RECORD_TYPES

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts" / "new-connector"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a connector is tried with, without any other connector."""
    leave_out = shutil.ignore_patterns("__pycache__", "salesforce", "hubspot")
    for name in ("config", "connectors", "hub", "tests"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=leave_out)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_a_new_connector_passes_the_contract_and_its_own_tests(checkout: Path) -> None:
    _run([sys.executable, str(SCRIPT), "acme_crm", str(checkout)], cwd=checkout)

    tests = ["tests/contract", "tests/connectors/acme_crm", "-k", "acme_crm", "-q", "-p", "no:cacheprovider"]
    said = _run([sys.executable, "-m", "pytest", *tests], cwd=checkout)

    assert "passed" in said
    assert "failed" not in said


def test_a_new_connector_is_clean_to_the_linter_and_its_mapping_loads(checkout: Path) -> None:
    _run([sys.executable, str(SCRIPT), "acme_crm", str(checkout)], cwd=checkout)

    _run([sys.executable, "-m", "ruff", "check", "connectors/acme_crm", "tests/connectors/acme_crm"], cwd=checkout)
    assert set(load_system(checkout / "mappings", "acme_crm", RECORD_TYPES)) == {"partners"}
    assert not [p for p in (checkout / "connectors" / "acme_crm").rglob("*") if p.is_file() and _names_sample(p)]


@pytest.mark.parametrize("name", ["Acme", "acme-crm", "1acme", "../acme", "sample"])
def test_a_name_that_no_connector_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _run([sys.executable, str(SCRIPT), name, str(tmp_path)], cwd=tmp_path)

    assert "cannot be a connector's name" in caught.value.stderr
    assert not list(tmp_path.iterdir())


def test_a_connector_that_exists_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "connectors" / "acme").mkdir(parents=True)

    with pytest.raises(subprocess.CalledProcessError) as caught:
        _run([sys.executable, str(SCRIPT), "acme", str(tmp_path)], cwd=tmp_path)

    assert "exists already" in caught.value.stderr
    assert not list((tmp_path / "connectors" / "acme").iterdir())


def _run(command: list[str], *, cwd: Path) -> str:
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout


def _names_sample(path: Path) -> bool:
    return "sample" in path.read_text().lower()
