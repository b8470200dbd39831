"""What a newcomer tries first: the demo, as a command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ORG_SITES = Path(__file__).parents[3] / "shared" / "data" / "org_sites"


def _partnerhub(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from hub.cli import app; app()", *arguments],
        env={**os.environ, "PARTNERHUB_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demo_converges_with_nothing_lost_doubled_or_echoed(tmp_path: Path) -> None:
    done = _partnerhub(tmp_path, "demo", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["converged"] is True
    for nothing in ("lost_updates", "duplicates", "echo_writes", "dead_letters"):
        assert found[nothing] == 0
    assert found["conflicts_open"] == 1
    assert found["records"]["partner"] == {"hub": 501, "salesforce": 501, "hubspot": 501}
    assert found["records"]["contact"]["hub"] == 2000
    assert found["links"] == 2 * (501 + 2000 + 300) - 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_real_lists_are_linked_once_each_and_precisely(tmp_path: Path) -> None:
    if not ORG_SITES.exists():
        pytest.skip("The labelled lists are not on this machine.")
    done = _partnerhub(tmp_path, "demo", "--real", str(ORG_SITES), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["linked_once"], found["lost"], found["linked_twice"]) == (found["records"], 0, 0)
    assert found["precision"] >= 0.99
    assert found["recall"] >= 0.6


def test_lists_that_are_not_there_are_named(tmp_path: Path) -> None:
    done = _partnerhub(tmp_path, "demo", "--real", str(tmp_path / "nowhere"), "--json")
    assert done.returncode == 2
    assert "labels.csv" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
