"""Mappings: checked without and against a system, previewed with one record, described for editors."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hub.app import MAPPINGS, App
from hub.cli.errors import CommandFailed
from hub.cli.issues import has_errors, issue_lines
from hub.cli.output import AsJson, good, plain, show, table, tell, waiting
from hub.cli.session import command_settings, with_app
from hub.engines.errors import EngineUnavailable
from hub.mapping.errors import MappingError, MappingIssue
from hub.mapping.load import load_mapping, load_system
from hub.mapping.model import Mapping
from hub.mapping.paths import Absent
from hub.mapping.preview import PreviewRow
from hub.mapping.schema import json_schema_text
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType
from hub.services.custom_fields import record_types
from hub.services.mappings import MappingPreview, check_mappings, preview_mapping

Types = dict[str, RecordType]

app = typer.Typer(help="The files that say which remote field is which of ours.", no_args_is_help=True)


@app.command()
def check(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|SYSTEM]...", help="Files, or systems; all shipped mappings without any."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="CONNECTION", help="Hold them to the fields that this system has now.")
    ] = None,
    folder: Annotated[Path, typer.Option("--mappings", help="Folder with the systems' mappings.")] = MAPPINGS,
    as_json: AsJson = False,
) -> None:
    """Find every fault: file, line, field, and an example of what would be lost. Ends with 1 when there is one."""
    mappings, issues = _load(what, against, folder, _record_types() if what or not against else RECORD_TYPES)
    if against and not has_errors(issues):
        issues += _hold_to(against, mappings)
    checked = sorted({m.file for m in mappings or ()} | {i.file for i in issues})
    failed = has_errors(issues)
    verdict = [] if failed else [good(f"{len(checked)} mapping{'s' if len(checked) != 1 else ''} checked: good.")]
    data = {"ok": not failed, "files": checked, "issues": issues}
    show(data, *issue_lines(issues), *verdict, as_json=as_json)
    if failed:
        raise typer.Exit(1)


@app.command()
def preview(
    connection: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    object_name: Annotated[str, typer.Argument(metavar="OBJECT", help="The remote object.", show_default=False)],
    remote_id: Annotated[str, typer.Argument(metavar="ID", help="The record's id there.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Show what the mapping makes of one remote record, and what the hub would write back."""

    async def work(hub: App) -> MappingPreview:
        with waiting(f"Reading {object_name} {remote_id} …"):
            return await preview_mapping(hub.shop, name=connection, object_name=object_name, remote_id=remote_id)

    found = with_app(work)
    record = f"{found.record_type} {found.record_id}" if found.record_id else f"a new {found.record_type}"
    columns = ("field", "there", "read as", "the hub has", "would write", "")
    rows = [_preview_row(row) for row in found.rows]
    head = f"{connection} {object_name} {remote_id} ↔ {record}"
    show(_preview_data(found), Text(head, style="bold"), table(*columns, rows=rows), as_json=as_json)


@app.command()
def schema(as_json: AsJson = False) -> None:  # noqa: ARG001 - it is JSON either way
    """Print the JSON Schema of mapping files, for editors."""
    sys.stdout.write(json_schema_text())


def _record_types() -> Types:
    """The record types with the fields declared in the hub that is set up here; without one, as shipped."""
    settings = command_settings()
    if settings.database_url is None and not settings.home.is_dir():
        return RECORD_TYPES

    async def work(hub: App) -> Types:
        async with hub.db.transaction() as tx:
            return await record_types(tx)

    try:
        return with_app(work)
    except EngineUnavailable as exc:
        tell(Text(f"{exc.operator_text} The mappings are checked without your custom fields.", style="yellow"))
        return RECORD_TYPES


def _load(
    what: list[str] | None, against: str | None, folder: Path, types: Types
) -> tuple[list[Mapping] | None, list[MappingIssue]]:
    """The mappings named, and their faults; None: those of the connection itself."""
    if not what and against:
        return None, []
    mappings: list[Mapping] = []
    issues: list[MappingIssue] = []
    for name in what or sorted(path.name for path in folder.iterdir() if path.is_dir()):
        try:
            mappings += _named(name, folder, types)
        except MappingError as exc:
            issues += exc.issues
    return mappings, issues


def _named(name: str, folder: Path, types: Types) -> list[Mapping]:
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        if not path.is_file():
            raise CommandFailed(f"There is no file {name}.", code="usage", exit_code=2)
        return [load_mapping(path, record_types=types)]
    if path.is_dir() and len(path.parts) > 1:
        return list(load_system(path.parent, path.name, types).values())
    if not (folder / name).is_dir():
        known = ", ".join(sorted(p.name for p in folder.iterdir() if p.is_dir()))
        raise CommandFailed(f"There is no file or system {name}; systems with mappings are: {known}.", exit_code=2)
    return list(load_system(folder, name, types).values())


def _hold_to(connection: str, mappings: list[Mapping] | None) -> list[MappingIssue]:
    async def work(hub: App) -> list[MappingIssue]:
        with waiting(f"Asking {connection} …"):
            return await check_mappings(hub.shop, name=connection, mappings=mappings)

    return with_app(work)


def _preview_row(row: PreviewRow) -> tuple[object, ...]:
    there = [("" if isinstance(v, Absent) else plain(v)) for v in row.remote.values()]
    written = ", ".join(f"{path} = {plain(value) or 'nothing'}" for path, value in row.written.items())
    note = Text(row.problem, style="red") if row.problem else "agrees" if row.agrees else ""
    return row.field, " ".join(there), _shown(row.mapped), _shown(row.current), written, note


def _shown(value: object) -> str:
    return "" if isinstance(value, Absent) else plain(value)


def _preview_data(found: MappingPreview) -> dict[str, object]:
    """Absent fields are left out."""
    return {
        "record_type": found.record_type,
        "record_id": found.record_id,
        "fields": [
            {
                "field": row.field,
                "rule": row.rule,
                "remote": {path: value for path, value in row.remote.items() if not isinstance(value, Absent)},
                **{n: v for n, v in (("mapped", row.mapped), ("current", row.current)) if not isinstance(v, Absent)},
                "written": row.written,
                "problem": row.problem,
                "agrees": row.agrees,
            }
            for row in found.rows
        ],
    }
