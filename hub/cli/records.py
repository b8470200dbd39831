"""Single records at the command line: deleted and restored."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import App
from hub.cli.answers import confirm
from hub.cli.output import AsJson, good, show
from hub.cli.session import actor, with_app
from hub.services.custom_fields import record_types
from hub.services.lookups import find_record
from hub.services.records import type_called
from hub.services.removal import delete_record, restore_record
from hub.services.waking import wake_outbound

app = typer.Typer(help="Single records: deleted, restored. See `why` for their values.", no_args_is_help=True)

RecordTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Record type, such as partner.")]
Reference = Annotated[str, typer.Argument(metavar="ID", help="The record's id, or CONNECTION:ID for a system's id.")]
Version = Annotated[int | None, typer.Option(help="Only if the record is still at this version.", min=1)]


@app.command()
def delete(
    record_type: RecordTypeName,
    reference: Reference,
    version: Version = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a record in the hub, and in every system whose mapping says on_delete: mirror."""

    async def work(hub: App) -> str:
        async with hub.db.transaction() as tx:
            kind = type_called(await record_types(tx), record_type)
            record_id = await find_record(tx, hub.shop, record_type=record_type, reference=reference)
            confirm(f"Delete {record_type} {record_id}, also where deletions are mirrored?", yes=yes)
            await delete_record(tx, kind, record_id=record_id, version=version, actor=actor())
            await wake_outbound(tx, hub.queue)
        return str(record_id)

    deleted = with_app(work)
    undo = f"partnerhub records restore {record_type} {deleted} brings it back."
    show({"record_type": record_type, "deleted": deleted}, good(f"{deleted} is deleted."), undo, as_json=as_json)


@app.command()
def restore(
    record_type: RecordTypeName,
    reference: Reference,
    version: Version = None,
    allow_duplicate: Annotated[
        bool, typer.Option("--allow-duplicate", help="Although another record has the same natural key.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a deleted record live again as it was; systems that mirrored its deletion get it back."""

    async def work(hub: App) -> str:
        async with hub.db.transaction() as tx:
            kind = type_called(await record_types(tx), record_type)
            record_id = await find_record(tx, hub.shop, record_type=record_type, reference=reference)
            await restore_record(
                tx, kind, record_id=record_id, version=version, actor=actor(), allow_duplicate=allow_duplicate
            )
            await wake_outbound(tx, hub.queue)
        return str(record_id)

    restored = with_app(work)
    show({"record_type": record_type, "restored": restored}, good(f"{restored} lives again."), as_json=as_json)
