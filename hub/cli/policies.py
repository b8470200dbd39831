"""Field policies: decisions that stand for all conflicts of a field, listed and revoked."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import App
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.connection_care import connection_id_of
from hub.services.field_policies import PolicyView, list_policies, revoke_policy

app = typer.Typer(help="What was decided once and for all about a field.", no_args_is_help=True)


@app.command("list")
def list_(
    connection: Annotated[str | None, typer.Option(help="Only of this connection.")] = None, as_json: AsJson = False
) -> None:
    """List field policies in force; each came from a conflict that was decided with --always."""

    async def work(hub: App) -> list[PolicyView]:
        async with hub.db.transaction() as tx:
            return await list_policies(tx, connection_id=await connection_id_of(tx, connection))

    found = with_app(work)
    columns = ("id", "connection", "object", "field", "policy", "decided by", "at", "from conflict")
    rows = [
        (p.id, p.connection, p.object, p.field, p.policy, p.decided_by, p.decided_at, p.from_conflict) for p in found
    ]
    show(found, table(*columns, rows=rows) if rows else "No field policy is in force.", as_json=as_json)


@app.command()
def revoke(
    policy: Annotated[int, typer.Argument(metavar="ID", help="Number of the policy.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Revoke a field policy: from now on the mapping's policy decides again; what was decided stays."""

    async def work(hub: App) -> PolicyView:
        async with hub.db.transaction() as tx:
            return await revoke_policy(tx, policy_id=policy, actor=actor())

    found = with_app(work)
    text = f"Revoked: {found.field} of {found.connection} {found.object} is decided by the mapping again."
    show(found, good(text), as_json=as_json)
