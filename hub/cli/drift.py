"""drift: where the fields of the systems do not fit the mappings any more, and how to mend it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, good, show, table, waiting
from hub.cli.session import with_app
from hub.services.connection_care import connection_id_of
from hub.services.drift import DriftView, list_drift, look_at_schema

STOPS = {"both": "all of it", "push": "writing", "create": "new records", "nothing": "nothing"}


def drift(
    name: Annotated[str | None, typer.Argument(help="Only this connection.", show_default=False)] = None,
    look: Annotated[bool, typer.Option("--look", help="Ask the system for its fields now.")] = False,
    settled: Annotated[bool, typer.Option("--settled", help="Those that fit again, newest first.")] = False,
    as_json: AsJson = False,
) -> None:
    """List fields that do not fit their mapping any more, what that stops, and the edit that would mend it."""
    if look and name is None:
        raise CommandFailed("Name the connection to look at: partnerhub drift CONNECTION --look.", exit_code=2)

    async def work(app: App) -> list[DriftView]:
        if look and name is not None:
            with waiting(f"Asking {name} for its fields …"):
                await look_at_schema(app.shop, name=name)
        async with app.db.transaction() as tx:
            here = await connection_id_of(tx, name)
            return await list_drift(tx, connection_id=here, state="settled" if settled else "open")

    found = with_app(work)
    none = good("Every field fits." if not settled else "Nothing has drifted yet.")
    show(found, *(_views(found) if found else [none]), as_json=as_json)


def _views(found: list[DriftView]) -> list[RenderableType]:
    words = [(d.connection, f"{d.file}:{d.line}", d.field or "–", STOPS[d.stops], d.message, d.found_at) for d in found]
    views: list[RenderableType] = [table("connection", "mapping", "field", "stops", "", "since", rows=words)]
    if edits := list(dict.fromkeys(d.edit for d in found if d.edit and d.state == "open")):
        views += ["", Text("Edits of the mappings that would mend it; the next run takes them up:")]
        views += [Text(edit, style="cyan") for edit in edits]
    return views
