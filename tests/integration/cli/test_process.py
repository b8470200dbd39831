"""The command as a process of its own: from an empty folder, with nothing set."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from hub.engines import Engines

_PARTNERHUB = str(Path(sys.executable).with_name("partnerhub"))


def _environment(**changed: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARTNERHUB_")}
    return {**kept, **changed}


def _run(folder: Path, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [_PARTNERHUB, *words], cwd=folder, env=_environment(**changed), capture_output=True, text=True, timeout=100
    )


@contextmanager
def _serving(folder: Path, *words: str, **changed: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A command that goes on until it is told to stop, and the JSON it said first."""
    with subprocess.Popen(
        [_PARTNERHUB, *words, "--json"],
        cwd=folder,
        env=_environment(**changed),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process, _first_json(process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
    assert process.returncode == 0


def _first_json(process: subprocess.Popen[str]) -> Any:
    text = ""
    assert process.stdout
    for line in process.stdout:
        text += line
        if line == "}\n":
            return json.loads(text)
    raise AssertionError(f"The command ended without saying anything: {text!r}")


def test_the_first_command_in_an_empty_folder_needs_no_settings_and_leaves_no_server(tmp_path: Path) -> None:
    said = _run(tmp_path, "connections", "--json")
    assert (said.returncode, json.loads(said.stdout), said.stderr) == (0, [], "")
    assert (tmp_path / ".partnerhub").is_dir()
    assert not (tmp_path / ".partnerhub" / "postgres" / "postmaster.pid").exists()


def test_a_tls_sandbox_is_connected_with_what_it_prints(tmp_path: Path, database_url: str, redis_url: str) -> None:
    here = {"PARTNERHUB_DATABASE_URL": database_url, "PARTNERHUB_REDIS_URL": redis_url}
    with _serving(tmp_path, "sandbox", "salesforce", "--tls", "--save", "sf.yaml") as (_, told):
        assert yaml.safe_load((tmp_path / "sf.yaml").read_text()) == told["settings"]
        words = ["connect", "salesforce", "sf", "--settings", "sf.yaml", "--allow-private"]
        refused = _run(tmp_path, *words, **here)
        assert refused.returncode == 1
        assert "certificate" in refused.stderr
        assert _run(tmp_path, *words, "--ca-file", told["ca_file"], **here).returncode == 0


def test_up_serves_the_api_and_shows_the_first_admin_key_once(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    here = {"PARTNERHUB_DATABASE_URL": database_url, "PARTNERHUB_REDIS_URL": redis_url, "PARTNERHUB_PORT": "0"}
    with _serving(tmp_path, "up", **here) as (_, told):
        key = told["admin_key"]
        answer = httpx.get(f"{told['address']}/api/v1/connections", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200
    with _serving(tmp_path, "up", **here) as (_, told):
        assert told["admin_key"] is None


def test_an_address_that_is_taken_is_one_sentence(tmp_path: Path, database_url: str, redis_url: str) -> None:
    here = {"PARTNERHUB_DATABASE_URL": database_url, "PARTNERHUB_REDIS_URL": redis_url}
    with _serving(tmp_path, "sandbox", "hubspot") as (_, told):
        port = told["url"].rpartition(":")[2]
        for words in (["up"], ["sandbox", "salesforce", "--port", port]):
            said = _run(tmp_path, *words, **here, PARTNERHUB_PORT=port)
            assert said.returncode == 1
            assert port in said.stderr
            assert "Traceback" not in said.stderr
            assert "fault of Partner Hub" not in said.stderr


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("PARTNERHUB_DATABASE_URL", "postgresql://nobody:hidden@127.0.0.1:1/none", "127.0.0.1:1"),
        ("PARTNERHUB_REDIS_URL", "redis://127.0.0.1:1", "PARTNERHUB_REDIS_URL"),
        ("PARTNERHUB_PORT", "eighty", "PARTNERHUB_PORT"),
        ("PARTNERHUB_DATABASE_URL", "mysql://here", "must start with postgresql://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, engines: Engines, variable: str, value: str, says: str
) -> None:
    here = {"PARTNERHUB_DATABASE_URL": engines.database_url, "PARTNERHUB_REDIS_URL": engines.redis_url}
    said = _run(tmp_path, "connections", **{**here, variable: value})
    assert said.returncode in (1, 2)
    assert says in said.stderr
    assert "Traceback" not in said.stderr
    assert "fault of Partner Hub" not in said.stderr
    assert "hidden" not in said.stderr
