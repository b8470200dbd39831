"""`partnerhub demo`: a day between two emulated CRMs, told as it happens and checked at its end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvloop
from rich.console import Console

from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, tell, waiting
from hub.cli.session import command_settings

if TYPE_CHECKING:  # the demo needs sandboxes and the whole API; the other commands should not wait for them
    from config.settings import Settings
    from hub.app import App
    from hub.demo.real import Linked
    from hub.demo.run import DemoResult


def demo(
    *,
    real: Annotated[Path | None, typer.Option(help="Link the labelled lists of this folder instead.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another programme.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running and print the address.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play a day between Salesforce, the hub and HubSpot, all on this machine, and check the outcome.

    Ends with code 1 when the three sides do not agree.
    """
    settings = command_settings()
    if real is not None:
        linked = uvloop.run(_link(settings, real, quiet=as_json))
        typer.echo(linked.as_json() if as_json else _summary(linked))
        good = linked.good
    else:
        good = uvloop.run(_play(settings, seed=seed, keep=keep, as_json=as_json)).verdict.good
    if not good:
        raise typer.Exit(1)


async def _play(settings: Settings, *, seed: int, keep: bool, as_json: bool) -> DemoResult:
    from hub.demo.run import demo_app, play_demo, print_result, print_scene

    console = Console(quiet=as_json, highlight=False)

    async def end(app: App, result: DemoResult) -> None:
        if as_json:
            typer.echo(result.as_json())
        else:
            print_result(console, result)
        if keep:
            await _stay(app)

    with waiting("Playing the demo …"):
        async with demo_app(settings) as app:
            return await play_demo(
                app, seed=seed, tell=lambda scene: print_scene(console, scene), end=lambda result: end(app, result)
            )


async def _stay(app: App) -> None:
    """Serve the API and keep syncing until the person has seen enough."""
    from hub.main import up

    async def ready(_: App, address: str) -> None:
        tell(f"The hub goes on at {address}/docs; stop it with Ctrl-C.")

    await up(app.settings, stop=asyncio.Event(), ready=ready)


async def _link(settings: Settings, directory: Path, *, quiet: bool) -> Linked:
    from hub.demo.real import InputMissing, link_real_lists
    from hub.demo.run import demo_app

    with waiting("Linking the lists …"):
        async with demo_app(settings) as app:
            try:
                return await link_real_lists(app, directory, tell=(lambda _: None) if quiet else tell)
            except InputMissing as exc:
                raise CommandFailed(str(exc), code="input-missing", exit_code=2) from None


def _summary(linked: Linked) -> str:
    return (
        f"{linked.linked_once:,} of {linked.records:,} records are linked exactly once, {linked.lost} are lost.\n"
        f"{linked.automatic_links:,} automatic links between the systems: precision {linked.precision:.4f},"
        f" recall {linked.recall:.4f}.\n"
        f"{linked.waiting_for_a_person:,} wait for a person with their evidence;"
        f" {linked.suspected_duplicates:,} suspected duplicates inside one system are listed."
    )
