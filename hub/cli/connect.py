"""Connections at the command line: connect, list, check, pause, resume, discover."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from hub.app import App
from hub.cli.answers import collect_settings
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, show, table, waiting
from hub.cli.session import actor, with_app
from hub.registry import connector
from hub.sdk.capabilities import Account, RemoteField, RemoteObject
from hub.sdk.errors import RemoteError
from hub.services import connection_care
from hub.services.connection_care import ConnectionView
from hub.services.connections import add_connection

_NOT_STORED = "Nothing was stored. Correct it and connect again; --allow-private is for addresses in your own network."

Name = Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)]


def connect(
    system: Annotated[str, typer.Argument(help="Which system: the name of its connector.", show_default=False)],
    name: Annotated[str, typer.Argument(help="What to call the connection.", show_default=False)],
    pairs: Annotated[
        list[str] | None, typer.Option("--set", help="A setting as key=value; key=@file takes a file's content.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="A YAML or JSON file with the settings.")] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="The address may be a private one, such as a sandbox's.")
    ] = False,
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
    ask: Annotated[
        bool | None, typer.Option("--ask/--no-ask", help="Ask for missing settings; by default in a terminal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Connect a system: its credentials are tried first and stored, encrypted, only when they are good."""
    spec = connector(system)
    typed = collect_settings(spec, pairs=pairs or [], file=settings, ask=ask)
    options: dict[str, Any] = {}
    if allow_private:
        options["allow_private"] = True
    if ca_file:
        options["ca_file"] = str(ca_file)
    if mappings:
        options["mappings"] = str(mappings)

    async def work(app: App) -> Account:
        with waiting(f"Signing in to {spec.title} …"):
            try:
                _, account = await add_connection(
                    app.shop, name=name, system=system, settings=typed, options=options, actor=actor()
                )
            except RemoteError as exc:
                raise CommandFailed(exc.message, code=exc.kind, hint=_NOT_STORED) from exc
        return account

    account = with_app(work)
    data = {"connection": name, "system": system, "account": account.id, "name": account.name, "notes": account.notes}
    next_step = f"Next: partnerhub check {name}, then partnerhub plan {name}."
    show(
        data, good(f"{name} is connected to {account.name} ({account.id})."), *account.notes, next_step, as_json=as_json
    )


def list_connections(as_json: AsJson = False) -> None:
    """List the connections and how they are."""

    async def work(app: App) -> list[ConnectionView]:
        return await connection_care.list_connections(app.shop)

    found = with_app(work)
    rows = [(c.name, c.system, c.account_id, _state(c), c.state_reason or c.rest_reason) for c in found]
    none = "There is no connection yet: partnerhub connect SYSTEM NAME makes one."
    show(found, table("name", "system", "account", "state", "reason", rows=rows) if rows else none, as_json=as_json)


def pause(
    name: Name,
    reason: Annotated[str, typer.Option(help="Why, for others to read.")] = "Paused by a person.",
    as_json: AsJson = False,
) -> None:
    """Stop all work of a connection until it is resumed; nothing is lost meanwhile."""

    async def work(app: App) -> None:
        await connection_care.pause_connection(app.shop, name=name, reason=reason, actor=actor())

    with_app(work)
    show({"connection": name, "state": "paused"}, f"{name} is paused.", as_json=as_json)


def resume(name: Name, as_json: AsJson = False) -> None:
    """Let a paused connection work again."""

    async def work(app: App) -> None:
        await connection_care.resume_connection(app.shop, name=name, actor=actor())

    with_app(work)
    show({"connection": name, "state": "active"}, good(f"{name} works again."), as_json=as_json)


def discover(
    name: Name,
    object_name: Annotated[str | None, typer.Argument(metavar="OBJECT", help="Describe this object.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the objects of a connected system, or the fields of one object."""

    async def work(app: App) -> RemoteObject | list[str]:
        with waiting(f"Asking {name} …"):
            if object_name:
                return await connection_care.describe_object(app.shop, name=name, object_name=object_name)
            return list(await connection_care.discover_objects(app.shop, name=name))

    found = with_app(work)
    if isinstance(found, list):
        show({"connection": name, "objects": found}, *found, as_json=as_json)
        return
    rows = [
        (f.name, f.type, f.label, "" if f.writable else "read-only", "" if f.nullable else "required", _more(f))
        for f in found.fields.values()
    ]
    show(found, table("field", "type", "label", "", "", "values", rows=rows, title=found.label), as_json=as_json)


def _more(field: RemoteField) -> str:
    return ", ".join(field.values or field.references or (("unique",) if field.unique else ()))


def _state(connection: ConnectionView) -> Text:
    if connection.state != "active":
        return bad(connection.state)
    if connection.down_since:
        return Text("does not answer", style="yellow")
    if connection.begun_at is None:
        return Text("needs a plan", style="yellow")
    return good("active")
