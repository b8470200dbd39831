"""A new connector works from its first minute."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import connectors
from hub import registry
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.sdk.capabilities import Checks, Describes, Reads
from hub.sdk.new_connector import BadName, make_connector
from hub.sdk.records import ReadQuery
from hub.sdk.testing import open_sandboxed, read_to_end

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout with nothing but the sample, whose connectors are found beside the real ones."""
    for folder in ("hub/sdk/sample", "tests/connectors/sample"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(connectors, "__path__", [*connectors.__path__, str(tmp_path / "connectors")])
    importlib.invalidate_caches()
    yield tmp_path
    for module in [name for name in sys.modules if name.startswith("connectors.acme_crm")]:
        del sys.modules[module]


async def test_new_connector_is_found_and_passes_its_first_checks(checkout: Path) -> None:
    made = make_connector(name="acme_crm", root=checkout)

    spec = registry.connector("acme_crm")
    sandbox = spec.load_sandbox().make()
    seeded = sandbox.human_create("partners", {"name": "First"})
    async with open_sandboxed(spec, sandbox) as connector:
        assert isinstance(connector, Checks)
        assert isinstance(connector, Describes)
        assert isinstance(connector, Reads)
        assert (await connector.check()).name == "AcmeCrm account"
        assert "name" in (await connector.describe("partners")).fields
        assert (await read_to_end(connector, ReadQuery("partners", ("name",)))).ids == [seeded]
    assert {path.relative_to(checkout).as_posix() for path in made} >= {
        "connectors/acme_crm/README.md",
        "mappings/acme_crm/partners.yaml",
        "tests/connectors/acme_crm/test_acme_crm.py",
    }


def test_nothing_of_the_sample_is_left_in_the_new_files(checkout: Path) -> None:
    for path in make_connector(name="acme_crm", root=checkout):
        assert "sample" not in path.read_text().lower(), path


def test_mapping_of_a_new_connector_is_valid(checkout: Path) -> None:
    make_connector(name="acme_crm", root=checkout)

    mapping = load_mapping(checkout / "mappings/acme_crm/partners.yaml", record_types=RECORD_TYPES)

    assert (mapping.system, mapping.object, mapping.key_field) == ("acme_crm", "partners", "hub_id")


@pytest.mark.parametrize("name", ["", "Acme", "acme-crm", "1st", "class", "../evil", "sample", "a" * 40])
def test_name_that_cannot_be_a_package_is_refused(checkout: Path, name: str) -> None:
    with pytest.raises(BadName):
        make_connector(name=name, root=checkout)

    assert not (checkout / "connectors").exists()


def test_existing_connector_is_never_overwritten(checkout: Path) -> None:
    [first, *_] = make_connector(name="acme_crm", root=checkout)
    first.write_text("mine")

    with pytest.raises(BadName, match="already"):
        make_connector(name="acme_crm", root=checkout)

    assert first.read_text() == "mine"
