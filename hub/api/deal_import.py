"""Registrations from a CSV file, as the body of one call."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from hub.api.door import V1, DoorOf, Operator
from hub.files.table import Encoding
from hub.services.deals.columns import ColumnsDoc, load_columns
from hub.services.deals.importing import File, ImportReport, error_file, import_file

router = APIRouter(prefix=f"{V1}/deal-registrations", tags=["deal registrations"])


class Imported(BaseModel):
    """What became of the rows; `error_file` holds those that were not taken as CSV, to correct and send again."""

    report: ImportReport
    error_file: str | None = None


@router.post(
    "/import",
    summary="Submit the registrations of a CSV file: the same file again changes nothing",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def import_csv(
    who: Operator,
    door: DoorOf,
    request: Request,
    name: Annotated[str, Query(max_length=200, description="Name of the file, for the report.")] = "import.csv",
    columns: Annotated[str | None, Query(description="A column file: YAML or JSON.")] = None,
    encoding: Annotated[Encoding | None, Query(description="Without it UTF-8, or UTF-16 with its mark.")] = None,
    delimiter: Annotated[str | None, Query(min_length=1, max_length=1, description="Without it found.")] = None,
    dry_run: Annotated[bool, Query(description="Judge, and store nothing.")] = False,
    all_or_nothing: Annotated[bool, Query(description="Submit nothing when a row cannot be read.")] = False,
) -> Imported:
    """At most 1 MB; `partnerhub deals import` takes larger files. Good rows are submitted though others are wrong."""
    doc = load_columns(columns) if columns else ColumnsDoc(version=1)
    file = File(name, await request.body(), doc, encoding, delimiter)
    report = await import_file(
        door.app.db,
        door.app.desk,
        door.queue,
        file=file,
        actor=who.actor,
        dry_run=dry_run,
        all_or_nothing=all_or_nothing,
    )
    return Imported(report=report, error_file=error_file(file.table(), report) if report.faulty else None)
