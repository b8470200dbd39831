"""Conflicts: listed, shown with both values, decided."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import App
from hub.cli.answers import json_or_text
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.conflicts import ConflictView, Decision, get_conflict, list_conflicts, resolve_conflicts
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.waking import wake_outbound

app = typer.Typer(help="Fields that two sides changed to different values.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the conflict.", show_default=False)]


@app.command("list")
def list_(
    connection: Annotated[str | None, typer.Option(help="Only with this connection.")] = None,
    limit: Annotated[int, typer.Option(help="How many, oldest first.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List open conflicts with both values."""

    async def work(hub: App) -> list[ConflictView]:
        async with hub.db.transaction() as tx:
            return await list_conflicts(tx, connection_id=await connection_id_of(tx, connection), limit=limit)

    found = with_app(work)
    rows = [(c.id, c.record_type, c.field, c.ours, f"{c.connection} {c.object} {c.remote_id}", c.theirs) for c in found]
    columns = ("id", "record", "field", "the hub has", "where", "it has there")
    show(found, table(*columns, rows=rows) if rows else "There is no open conflict.", as_json=as_json)


@app.command("show")
def show_(conflict: Id, as_json: AsJson = False) -> None:
    """Show one conflict: both values, what they grew from, and the rule that left it to a person."""

    async def work(hub: App) -> ConflictView:
        async with hub.db.transaction() as tx:
            return await get_conflict(tx, conflict_id=conflict)

    found = with_app(work)
    rows = [
        ("record", f"{found.record_type} {found.record_id}"),
        ("field", found.field),
        ("agreed on before", found.base),
        ("the hub has", found.ours),
        (f"{found.connection} has", found.theirs),
        ("where", f"{found.object} {found.remote_id}"),
        ("rule", found.rule),
        ("state", found.state if found.state == "open" else f"{found.resolution}, by {found.resolved_by}"),
        ("since", found.created_at),
    ]
    step = f"Decide: partnerhub conflicts resolve {found.id} --take ours, theirs or another value."
    show(found, table("", "", rows=rows), *([step] if found.state == "open" else []), as_json=as_json)


@app.command()
def resolve(
    conflict: Id,
    take: Annotated[str, typer.Option(help="ours (the hub's), theirs (the system's), or another value.")],
    as_json: AsJson = False,
) -> None:
    """Decide a conflict; every system then gets the value."""
    decision = Decision("theirs") if take == "theirs" else Decision("ours") if take == "ours" else None
    chosen = decision or Decision("value", json_or_text(take))

    async def work(hub: App) -> ConflictView:
        async with hub.db.transaction() as tx:
            types = await record_types(tx)
            await wake_outbound(tx, hub.queue)
            [decided] = await resolve_conflicts(tx, types, ids=[conflict], decision=chosen, actor=actor())
            return decided

    decided = with_app(work)
    show(
        decided,
        good(f"Decided for {decided.resolution}; it leaves now by a running hub, or by partnerhub sync."),
        as_json=as_json,
    )
