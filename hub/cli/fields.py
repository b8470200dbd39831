"""Custom fields at the command line: declared, listed, removed."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import App
from hub.cli.output import AsJson, good, show, table, waiting
from hub.cli.session import actor, with_app
from hub.record.definition import Kind
from hub.services.custom_fields import CustomField, declare_custom_field, list_custom_fields
from hub.services.field_removal import remove_custom_field

app = typer.Typer(help="Fields that you add to the record types.", no_args_is_help=True)

RecordTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Record type, such as partner.")]
FieldName = Annotated[str, typer.Argument(metavar="NAME", help="The field; mappings know it as custom.NAME.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the custom fields."""

    async def work(hub: App) -> list[CustomField]:
        async with hub.db.transaction() as tx:
            return await list_custom_fields(tx)

    found = with_app(work)
    rows = [(f.record_type, f"custom.{f.name}", f.kind, ", ".join(f.choices), f.personal or None, f.doc) for f in found]
    columns = ("record type", "field", "kind", "choices", "personal", "")
    none = "There is no custom field yet: partnerhub fields declare TYPE NAME KIND --doc TEXT makes one."
    show(found, table(*columns, rows=rows) if rows else none, as_json=as_json)


@app.command()
def declare(
    record_type: RecordTypeName,
    name: FieldName,
    kind: Annotated[Kind, typer.Argument(help="What its values are.", show_default=False)],
    doc: Annotated[str, typer.Option(help="What the field means.")],
    choices: Annotated[list[str] | None, typer.Option("--choice", help="One allowed value; once for each.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Most characters of a text.", min=1, max=32_000)] = None,
    personal: Annotated[bool, typer.Option("--personal", help="It holds data of a natural person.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a field to a record type; from now on records and mappings have it."""
    declared = CustomField(record_type, name, kind, doc, tuple(choices or ()), max_length, personal)

    async def work(hub: App) -> None:
        async with hub.db.transaction() as tx:
            await declare_custom_field(tx, declared=declared, actor=actor())

    with_app(work)
    show(declared, good(f"{record_type} has the field custom.{name}."), as_json=as_json)


@app.command()
def remove(
    record_type: RecordTypeName,
    name: FieldName,
    drop_values: Annotated[
        bool, typer.Option("--drop-values", help="Drop its values too; they stay in the change log.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a field away that no mapping uses."""

    async def work(hub: App) -> int:
        with waiting(f"Removing custom.{name} …"):
            async with hub.db.transaction() as tx:
                return await remove_custom_field(
                    tx, hub.shop, record_type=record_type, name=name, drop_values=drop_values, actor=actor()
                )

    dropped = with_app(work)
    data = {"record_type": record_type, "name": name, "values_dropped": dropped}
    lost = f"; {dropped} values went with it and stay in the change log" if dropped else ""
    show(data, good(f"{record_type} has the field custom.{name} no longer{lost}."), as_json=as_json)
