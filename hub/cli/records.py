"""Single records at the command line: shown as they are or were, deleted and restored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from hub.app import App
from hub.cli.answers import confirm
from hub.cli.output import AsJson, good, plain, show, table
from hub.cli.session import actor, with_app
from hub.record.definition import RecordType
from hub.record.schemas import read_schema
from hub.services.as_of import record_as_of
from hub.services.custom_fields import record_types
from hub.services.lookups import find_record
from hub.services.records import ListedRecord, get_record, type_called
from hub.services.removal import delete_record, restore_record
from hub.services.waking import wake_outbound

app = typer.Typer(
    help="Single records: shown, deleted, restored. See `why` for who wrote their values.", no_args_is_help=True
)

RecordTypeName = Annotated[str, typer.Argument(metavar="TYPE", help="Record type, such as partner.")]
Reference = Annotated[str, typer.Argument(metavar="ID", help="The record's id, or CONNECTION:ID for a system's id.")]
Version = Annotated[int | None, typer.Option(help="Only if the record is still at this version.", min=1)]


@app.command("show")
def show_record(
    record_type: RecordTypeName,
    reference: Reference,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="As it was then: 2026-11-01, or 2026-11-01T12:00:00Z.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a record's values, now or at a time that is past."""
    moment = _moment(as_of) if as_of else None

    async def work(hub: App) -> tuple[RecordType, ListedRecord]:
        async with hub.db.transaction() as tx:
            kind = type_called(await record_types(tx), record_type)
            record_id = await find_record(tx, hub.shop, record_type=record_type, reference=reference)
            if moment is None:
                return kind, await get_record(tx, kind, record_id=record_id)
            return kind, await record_as_of(tx, kind, record_id=record_id, moment=moment)

    kind, record = with_app(work)
    head = f"{record_type} {record.id}, version {record.version} of {plain(record.updated_at)}"
    rows = [(name, value) for name, value in record.values.items() if value is not None]
    show(_document(kind, record), Text(head, style="bold"), table("field", "value", rows=rows), as_json=as_json)


def _document(kind: RecordType, record: ListedRecord) -> dict[str, Any]:
    """As the API gives it."""
    stamps = {"created_at": record.created_at, "updated_at": record.updated_at}
    model = read_schema(kind).of(record.values, record_id=record.id, version=record.version, **stamps)
    return model.model_dump(mode="json")


def _moment(text: str) -> datetime:
    """A day is its beginning, and a time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            "must be a day or a time, such as 2026-11-01T12:00:00Z", param_hint="--as-of"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@app.command()
def delete(
    record_type: RecordTypeName,
    reference: Reference,
    version: Version = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a record in the hub; each system then does what its mapping's on_delete says."""

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
