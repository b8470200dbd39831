"""sandbox: serves an emulator of a system's API, for trying a whole configuration without a real account."""

from __future__ import annotations

import shlex
from pathlib import Path
from signal import SIGINT, SIGTERM, signal
from threading import Event
from typing import Annotated, Any

import typer
import yaml

from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, good, show, waiting
from hub.registry import connector
from hub.sdk.sandbox import Sandbox
from hub.sdk.sandbox.serve import SandboxServer


def sandbox(
    system: Annotated[str, typer.Argument(help="Which system: the name of its connector.", show_default=False)],
    port: Annotated[int, typer.Option(help="Port to serve at; 0 takes a free one.", min=0, max=65535)] = 0,
    tls: Annotated[bool, typer.Option("--tls", help="Serve HTTPS with a throwaway authority.")] = False,
    seed_demo: Annotated[bool, typer.Option("--seed-demo", help="Fill it with the demo's partners.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    save: Annotated[Path | None, typer.Option(help="Write the settings to connect with to this YAML file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve an emulator of a system's API until Ctrl-C, and say how to connect to it."""
    emulator = connector(system).load_sandbox().make(seed=seed)
    if seed_demo:
        with waiting(f"Filling {system} …"):
            _seed(system, emulator, seed)
    stop = Event()
    for sign in (SIGINT, SIGTERM):
        signal(sign, lambda *_: stop.set())
    try:
        with SandboxServer(emulator, port=port, tls=tls) as server:
            settings = emulator.settings(server.url)
            if save:
                save.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
            data = {"url": server.url, "ca_file": server.ca_file, "settings": settings}
            show(_plain(data), good(f"{system} answers at {server.url}. Ctrl-C ends it."), as_json=as_json)
            if not as_json:
                show(None, "Connect to it with:", _command(system, settings, server.ca_file, save), as_json=False)
            stop.wait()
    except OSError as exc:
        raise CommandFailed(f"Port {port} cannot be used: {exc.strerror}.", code="address-taken") from None


def _command(system: str, settings: dict[str, Any], ca_file: Path | None, save: Path | None) -> str:
    given = [f"--set {shlex.quote(f'{name}={value}')}" for name, value in settings.items()]
    parts = [f"partnerhub connect {system} my-{system} --allow-private", *([f"--settings {save}"] if save else given)]
    return " ".join([*parts, *([f"--ca-file {ca_file}"] if ca_file else [])])


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in data.items()}


def _seed(system: str, emulator: Sandbox, seed: int) -> None:
    """The demo's programme lives in two systems at once; the other half goes nowhere."""
    from hub.demo.data import make_programme, seed_systems

    halves = {name: connector(name).load_sandbox().make(seed=seed) for name in ("salesforce", "hubspot")}
    if system not in halves:
        raise CommandFailed(f"The demo has no partners for {system}; only for {' and '.join(halves)}.", exit_code=2)
    halves[system] = emulator
    programme = make_programme(firms=500, people=2000, deals=300, seed=seed)
    seed_systems(programme, halves["salesforce"], halves["hubspot"])
