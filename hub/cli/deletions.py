"""Deletions that wait for their grace: listed, and called off."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import App
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.connection_care import connection_id_of
from hub.services.waiting_deletions import DepartureState, EndedLink, call_off, list_departures

app = typer.Typer(help="Remote records that are gone, and what follows for the hub's.", no_args_is_help=True)


@app.command("list")
def list_(
    connection: Annotated[str | None, typer.Option(help="Only of this connection.")] = None,
    state: Annotated[
        DepartureState, typer.Option(help="Those that wait, were carried out (done), or are off (cancelled).")
    ] = "waiting",
    limit: Annotated[int, typer.Option(help="How many, oldest first.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List remote records that are gone: how the hub knows, what follows for its record, and when."""

    async def work(hub: App) -> list[EndedLink]:
        async with hub.db.transaction() as tx:
            here = await connection_id_of(tx, connection)
            return await list_departures(tx, state=state, connection_id=here, after=None, limit=limit)

    found = with_app(work)
    rows = [
        (d.id, d.connection, d.object, d.remote_id, d.record_id, d.kind, d.source, d.policy, d.due_at or d.settled_at)
        for d in found
    ]
    columns = ("id", "in", "object", "id there", "record", "what", "known by", "then", "at")
    show(found, table(*columns, rows=rows) if rows else f"No deletion is {state}.", as_json=as_json)


@app.command("call-off")
def call_off_(
    departure: Annotated[int, typer.Argument(metavar="ID", help="Its number in the list.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Let the hub's record live on although its remote record is gone."""

    async def work(hub: App) -> EndedLink:
        async with hub.db.transaction() as tx:
            return await call_off(tx, departure_id=departure, actor=actor())

    found = with_app(work)
    show(found, good(f"The {found.record_type} {found.record_id} stays."), as_json=as_json)
