"""deals import: registrations from a CSV file, each row judged, with an error file for those to be corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, progress, show, table
from hub.cli.session import actor, with_app
from hub.files.table import MAX_BYTES, Encoding
from hub.services.deals.columns import ColumnsDoc, load_columns
from hub.services.deals.importing import File, ImportReport, error_file, import_file

_SHOWN = 50


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="A row a registration.", exists=True, dir_okay=False)
    ],
    mapping: Annotated[
        Path | None, typer.Option(metavar="COLUMNS.yaml", help="Which column is which field.", exists=True)
    ] = None,
    encoding: Annotated[
        Encoding | None, typer.Option(help="Of the file; without it UTF-8, or UTF-16 with its mark.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What parts the columns; without it found in the first row.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how each row would be decided; store nothing.")
    ] = False,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Submit nothing when a row cannot be read.")
    ] = False,
    errors: Annotated[
        Path | None, typer.Option(metavar="ERRORS.csv", help="Write rows that were not taken here, to be corrected.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Submit the registrations of a CSV file: the same file again changes nothing."""
    if delimiter is not None and len(delimiter) != 1:
        raise CommandFailed("The delimiter must be one character.", code="usage", exit_code=2)
    sent = File(
        file.name, _read(file), load_columns(mapping) if mapping else ColumnsDoc(version=1), encoding, delimiter
    )

    async def work(app: App) -> ImportReport:
        with progress() as bars:
            task = bars.add_task(file.name, total=None)
            return await import_file(
                app.db,
                app.desk,
                app.queue,
                file=sent,
                actor=actor(),
                dry_run=dry_run,
                all_or_nothing=all_or_nothing,
                progress=lambda done, total: bars.update(task, completed=done, total=total),
            )

    report = with_app(work)
    if errors and report.faulty:
        errors.write_text(error_file(sent.table(), report), encoding="utf-8", newline="")
    show(report, *_views(report, errors), as_json=as_json)
    if report.faulty:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)


def _views(report: ImportReport, errors: Path | None) -> list[RenderableType]:
    counted = ", ".join(f"{n} {outcome.replace('_', ' ')}" for outcome, n in report.counts.items()) or "no rows"
    views: list[RenderableType] = [good(f"{report.file}: {counted}{' (dry run)' if report.dry_run else ''}.")]
    if report.unused:
        views.append(Text(f"Not read: {', '.join(report.unused)}."))
    faults = [(row.line, fault.column, fault.message) for row in report.faulty for fault in row.faults]
    if faults:
        views += ["", table("line", "column", "what to do", rows=faults[:_SHOWN], title="Not taken")]
        views += [Text(f"… and {len(faults) - _SHOWN} more (--json shows all)")] if len(faults) > _SHOWN else []
        views.append(bad(f"Correct {errors} and send it again." if errors else "--errors FILE writes these rows."))
    if report.dry_run:
        rows = [(r.line, r.outcome, r.review_status, "; ".join(r.rules)) for r in report.rows if r.review_status]
        views += ["", table("line", "outcome", "would be", "rules", rows=rows[:_SHOWN])]
    return views
