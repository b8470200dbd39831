"""A connection's later life at the command line: its settings and options change, and it is retired."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.app import App
from hub.cli.answers import collect_changes, confirm, from_file
from hub.cli.connect import Name
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, good, show, waiting
from hub.cli.session import actor, with_app
from hub.registry import connector
from hub.sdk.capabilities import Account
from hub.sdk.errors import RemoteError
from hub.services import connection_care
from hub.services.connection_care import ConnectionView

_NOT_STORED = "Nothing was stored: the connection is as it was."


def change(
    name: Name,
    pairs: Annotated[
        list[str] | None, typer.Option("--set", help="A setting as key=value; key=@file takes a file's content.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="A YAML or JSON file with settings.")] = None,
    asked: Annotated[
        list[str] | None, typer.Option("--ask", metavar="SETTING", help="Ask for this setting; a secret stays unseen.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option(metavar="SETTING|OPTION", help="Take this setting or option away.")
    ] = None,
    allow_private: Annotated[
        bool | None,
        typer.Option("--allow-private/--no-allow-private", help="Whether the address may be a private one."),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(help="Certificate of an authority to trust for this system.", exists=True, resolve_path=True),
    ] = None,
    mappings: Annotated[
        Path | None,
        typer.Option(
            help="Folder with this connection's own mappings, in a folder named like the system.",
            exists=True,
            file_okay=False,
            resolve_path=True,
        ),
    ] = None,
    poll_seconds: Annotated[int | None, typer.Option(help="Seconds between two regular reads.", min=1)] = None,
    describe_minutes: Annotated[
        int | None, typer.Option(help="Minutes between two looks at the system's fields.", min=1)
    ] = None,
    reserve_percent: Annotated[
        int | None, typer.Option(help="Percent of the account's limits left to people and others.", min=0, max=90)
    ] = None,
    grace_seconds: Annotated[
        int | None, typer.Option(help="Seconds that a deletion there waits before the hub follows it.", min=0)
    ] = None,
    scan_hours: Annotated[
        int | None, typer.Option(help="Hours between full reads where only these show deletions.", min=1)
    ] = None,
    create: Annotated[
        str | None, typer.Option(help="Where syncs make new records by themselves: both, in (the hub), out, none.")
    ] = None,
    guards: Annotated[
        Path | None, typer.Option(help="A YAML or JSON file with what a run may do unasked.", exists=True)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change settings and options of a connection: they are tried first and stored only when they are good."""
    given = {
        "allow_private": allow_private,
        "ca_file": str(ca_file) if ca_file else None,
        "mappings": str(mappings) if mappings else None,
        "poll_seconds": poll_seconds,
        "describe_minutes": describe_minutes,
        "reserve_percent": reserve_percent,
        "grace_seconds": grace_seconds,
        "scan_hours": scan_hours,
        "create": create,
        "guards": from_file(guards) if guards else None,
    }
    options: dict[str, Any] = {option: value for option, value in given.items() if value is not None}
    options.update({option: None for option in unset or () if option in given})
    if not (pairs or settings or asked or unset or options):
        raise CommandFailed("Say what to change: --set, --settings, --ask, --unset or an option.", exit_code=2)
    without = [setting for setting in unset or () if setting not in given]

    async def work(app: App) -> tuple[ConnectionView, Account]:
        view = await connection_care.show_connection(app.shop, name=name)
        spec = connector(view.system)
        changes = collect_changes(spec, pairs=pairs or [], file=settings, asked=asked or [], unset=without)
        with waiting(f"Signing in to {spec.title} …"):
            try:
                return await connection_care.change_connection(
                    app.shop, name=name, settings=changes, options=options, actor=actor()
                )
            except RemoteError as exc:
                raise CommandFailed(exc.message, code=exc.kind, hint=_NOT_STORED) from exc

    view, account = with_app(work)
    data = {"connection": view, "account": account}
    show(
        data, good(f"{name} is changed and answers as {account.name} ({account.id})."), *account.notes, as_json=as_json
    )


def retire(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    as_json: AsJson = False,
) -> None:
    """End a connection for good: its credentials are forgotten, its history stays, its name becomes free."""

    async def work(app: App) -> None:
        await connection_care.show_connection(app.shop, name=name)
        confirm(f"Retire {name} for good? Its stored credentials are deleted.", yes=yes)
        await connection_care.retire_connection(app.shop, name=name, actor=actor())

    with_app(work)
    show({"connection": name, "state": "retired"}, good(f"{name} is retired."), as_json=as_json)
