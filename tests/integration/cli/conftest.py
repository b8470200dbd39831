"""The command line as a person or a program uses it: real database, sandboxes over real HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from typer.testing import CliRunner

from hub.cli import app
from hub.registry import connector
from hub.sdk.http import decode_json
from hub.sdk.sandbox import Sandbox
from hub.sdk.sandbox.serve import SandboxServer


@dataclass(frozen=True)
class Said:
    """What a command left behind: its exit code, and what stood on each of the two streams."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON: nothing else may be on it."""
        return decode_json(self.out.encode())

    @property
    def error(self) -> str:
        """What the person reads; it is neither a stack trace nor an error that nobody thought of."""
        assert "Traceback" not in self.err
        assert "fault of Partner Hub" not in self.err
        return self.err


Command = Callable[..., Said]


@pytest.fixture
def partnerhub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str, redis_url: str) -> Command:
    """Runs `partnerhub …` on a database of this test alone."""
    monkeypatch.setenv("PARTNERHUB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PARTNERHUB_DATABASE_URL", database_url)
    monkeypatch.setenv("PARTNERHUB_REDIS_URL", redis_url)

    def run(*words: str, typed: str | None = None) -> Said:
        result = CliRunner().invoke(app, list(words), input=typed)
        return Said(result.exit_code, result.stdout, result.stderr)

    return run


@dataclass(frozen=True)
class Remote:
    """A system that answers, and a file with the settings to connect to it."""

    system: str
    sandbox: Sandbox
    url: str
    file: Path

    @property
    def settings(self) -> dict[str, Any]:
        return self.sandbox.settings(self.url)


def _served(system: str, folder: Path) -> Iterator[Remote]:
    sandbox = connector(system).load_sandbox().make(seed=1)
    with SandboxServer(sandbox) as server:
        file = folder / f"{system}.yaml"
        file.write_text(yaml.safe_dump(sandbox.settings(server.url)))
        yield Remote(system, sandbox, server.url, file)


@pytest.fixture
def salesforce(tmp_path: Path) -> Iterator[Remote]:
    yield from _served("salesforce", tmp_path)


@pytest.fixture
def hubspot(tmp_path: Path) -> Iterator[Remote]:
    yield from _served("hubspot", tmp_path)


@pytest.fixture
def sf(partnerhub: Command, salesforce: Remote, database_url: str) -> Remote:
    """Salesforce, connected as `sf`, its first plan applied."""
    connect(partnerhub, salesforce, "sf")
    _begin(database_url, "sf")
    return salesforce


@pytest.fixture
def hs(partnerhub: Command, hubspot: Remote, database_url: str) -> Remote:
    """HubSpot, connected as `hs`, its first plan applied."""
    connect(partnerhub, hubspot, "hs")
    _begin(database_url, "hs")
    return hubspot


def connect(partnerhub: Command, remote: Remote, name: str) -> None:
    """Connected, and no plan made yet."""
    said = partnerhub("connect", remote.system, name, "--settings", str(remote.file), "--allow-private")
    assert said.code == 0, said.err


def _begin(database_url: str, name: str) -> None:
    """As if somebody had approved its first plan, and it had read nothing."""
    with psycopg.connect(database_url) as database:
        database.execute("update connection set begun_at = now() where name = %s", [name])


def account(name: str, **fields: Any) -> dict[str, Any]:
    """A partner as a person types it into Salesforce."""
    return {"Name": name, "Type": "Partner", "BillingCountryCode": "DE", **fields}
