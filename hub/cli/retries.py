"""The retry queue and the dead letters: listed, shown, replayed, corrected, dropped."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import App
from hub.cli.answers import json_pair
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, document, good, show, table
from hub.cli.session import actor, with_app
from hub.services.connection_care import connection_id_of
from hub.services.deliveries import (
    DeliveryState,
    DeliveryView,
    drop_delivery,
    get_delivery,
    list_deliveries,
    replay_dead_letters,
    replay_delivery,
)
from hub.services.waking import wake_after_commit

app = typer.Typer(help="The retry queue and the dead letters.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the delivery.", show_default=False)]
_OPEN: tuple[DeliveryState, ...] = ("dead", "unknown", "waiting", "pending", "sending")


@app.command("list")
def list_(
    connection: Annotated[str | None, typer.Option(help="Only of this connection.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only dead letters.")] = False,
    limit: Annotated[int, typer.Option(help="How many, oldest first.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries that are not done: what waits for its next try, and what waits for a person."""

    async def work(hub: App) -> list[DeliveryView]:
        async with hub.db.transaction() as tx:
            here = await connection_id_of(tx, connection)
            return await list_deliveries(tx, states=("dead",) if dead else _OPEN, connection_id=here, limit=limit)

    found = with_app(work)
    rows = [(d.id, d.connection, d.object, d.op, d.state, d.attempts, _when(d), d.message) for d in found]
    columns = ("id", "to", "object", "what", "state", "tries", "next try", "reason")
    show(found, table(*columns, rows=rows) if rows else "Nothing waits to be delivered.", as_json=as_json)


@app.command("show")
def show_(delivery: Id, as_json: AsJson = False) -> None:
    """Show one delivery: what is to be written, what the system said, and what to do."""

    async def work(hub: App) -> DeliveryView:
        async with hub.db.transaction() as tx:
            return await get_delivery(tx, delivery_id=delivery)

    found = with_app(work)
    shown = ("connection", "object", "record_type", "record_id", "remote_id", "op", "state", "attempts")
    told = ("next_attempt_at", "error_class", "error_code", "message", "hint", "run_id", "created_at", "updated_at")
    rows = [(name, getattr(found, name)) for name in (*shown, *told)]
    fields = [f"sent: {document(found.payload)}"] if found.payload else []
    edited = [f"corrected by a person: {document(found.edited)}"] if found.edited else []
    show(found, table("", "", rows=rows), *fields, *edited, as_json=as_json)


@app.command()
def replay(
    delivery: Annotated[int | None, typer.Argument(metavar="[ID]", help="Number of the delivery.")] = None,
    all_of: Annotated[str | None, typer.Option("--all", help="Every dead letter of this connection.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try a delivery again, or every dead letter of a connection."""
    if (delivery is None) == (all_of is None):
        raise CommandFailed("Give either the number of a delivery or --all CONNECTION.", code="usage", exit_code=2)

    async def work(hub: App) -> int:
        async with hub.db.transaction() as tx:
            if delivery is not None:
                found = await replay_delivery(tx, delivery_id=delivery, actor=actor())
                wake_after_commit(tx, hub.queue, "push", [found.connection_id])
                return 1
            here = await connection_id_of(tx, all_of)
            assert here is not None
            wake_after_commit(tx, hub.queue, "push", [here])
            return await replay_dead_letters(tx, connection_id=here, connection=str(all_of), actor=actor())

    count = with_app(work)
    done = "It is tried again" if count == 1 else f"{count} are tried again"
    show({"replayed": count}, good(f"{done}: now by a running hub, or by partnerhub sync."), as_json=as_json)


@app.command()
def edit(
    delivery: Id,
    pairs: Annotated[
        list[str], typer.Option("--set", help="A remote field as name=value; the value is JSON, or else a text.")
    ],
    as_json: AsJson = False,
) -> None:
    """Correct remote fields of a delivery, and try it again."""
    fields = dict(json_pair(pair) for pair in pairs)

    async def work(hub: App) -> DeliveryView:
        async with hub.db.transaction() as tx:
            found = await replay_delivery(tx, delivery_id=delivery, edited=fields, actor=actor())
            wake_after_commit(tx, hub.queue, "push", [found.connection_id])
            return found

    show(with_app(work), good("It is tried again with the corrected fields."), as_json=as_json)


@app.command()
def drop(delivery: Id, as_json: AsJson = False) -> None:
    """Give up on a delivery; the next change of the record makes a new one."""

    async def work(hub: App) -> DeliveryView:
        async with hub.db.transaction() as tx:
            return await drop_delivery(tx, delivery_id=delivery, actor=actor())

    show(with_app(work), good("It is dropped."), as_json=as_json)


def _when(delivery: DeliveryView) -> object:
    return "a person decides" if delivery.state == "dead" else delivery.next_attempt_at
