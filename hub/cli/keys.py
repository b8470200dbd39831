"""API keys: made and shown once, listed, revoked."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from hub.app import App
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.keys import KeyView, NewKey, Role, create_key, ensure_admin_key, list_keys, revoke_key

app = typer.Typer(help="Keys for programs that use the API.", no_args_is_help=True)

ONCE = "Keep it now: it is stored as a hash only and cannot be shown again."


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the keys; what they open stays secret."""

    async def work(hub: App) -> list[KeyView]:
        async with hub.db.transaction() as tx:
            return await list_keys(tx)

    found = with_app(work)
    rows = [(k.id, k.name, k.role, f"ph_{k.prefix}_…", k.created_at, k.revoked_at) for k in found]
    columns = ("id", "name", "role", "key", "made", "revoked")
    none = "There is no key yet: partnerhub keys bootstrap makes the first."
    show(found, table(*columns, rows=rows) if rows else none, as_json=as_json)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What it may do.")] = "viewer",
    as_json: AsJson = False,
) -> None:
    """Make a key and show it once."""

    async def work(hub: App) -> NewKey:
        async with hub.db.transaction() as tx:
            return await create_key(tx, name=name, role=role, actor=actor())

    _show(with_app(work), as_json)


@app.command()
def bootstrap(as_json: AsJson = False) -> None:
    """Make the first admin key and show it once; partnerhub up does this too."""

    async def work(hub: App) -> NewKey | None:
        return await ensure_admin_key(hub.db)

    made = with_app(work)
    if made:
        _show(made, as_json)
    else:
        show(None, "There is a key already: partnerhub keys create NAME --role admin makes another.", as_json=as_json)


@app.command()
def revoke(
    key: Annotated[int, typer.Argument(metavar="ID", help="Number of the key.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Take a key out of force, within half a minute in every process."""

    async def work(hub: App) -> None:
        async with hub.db.transaction() as tx:
            await revoke_key(tx, key_id=key, actor=actor())

    with_app(work)
    show({"revoked": key}, good(f"Key {key} is revoked."), as_json=as_json)


def _show(made: NewKey, as_json: bool) -> None:
    show(made, Text.assemble((made.secret, "bold")), f"{made.name} ({made.role}). {ONCE}", as_json=as_json)
