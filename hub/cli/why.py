"""why: who wrote each value of a record and by which rule, and what keeps each system from having it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.output import AsJson, plain, show, table
from hub.cli.session import with_app
from hub.services.custom_fields import record_types
from hub.services.lookups import find_record
from hub.services.standing import LinkView, known_by
from hub.services.why import FieldWhy, SystemWhy, Why
from hub.services.why import why as explain


def why(
    record_type: Annotated[str, typer.Argument(metavar="TYPE", help="Record type, such as partner.")],
    reference: Annotated[
        str, typer.Argument(metavar="ID", help="The record's id, or CONNECTION:ID for a system's id.")
    ],
    field: Annotated[str | None, typer.Argument(help="Only this field.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Tell who wrote each value, when and by which rule, and what is pending or blocking in each system."""

    async def work(hub: App) -> Why:
        async with hub.db.transaction() as tx:
            record_id = await find_record(tx, hub.shop, record_type=record_type, reference=reference)
            types = await record_types(tx)
            return await explain(tx, hub.shop, types, record_type=record_type, record_id=record_id, field=field)

    found = with_app(work)
    show(found, *_views(found, field), as_json=as_json)


def _views(found: Why, field: str | None) -> list[RenderableType]:
    head = f"{found.record_type} {found.record_id}, version {found.version}"
    if found.merged_into:
        head += f", merged into {found.merged_into}"
    elif found.deleted:
        head += ", deleted"
    views: list[RenderableType] = [Text(head, style="bold")]
    written = [f for f in found.fields if f.at is not None or field]
    rows = [
        (f.field, f.value, f.connection or f.actor, f.remote_id, f.at, _run(f), f.rule, f.previous) for f in written
    ]
    columns = ("field", "value", "written by", "id there", "at", "run", "rule", "before")
    views.append(table(*columns, rows=rows))
    for system in found.systems:
        views += ["", *_system(system, field)]
    return views


def _run(written: FieldWhy) -> str | None:
    return f"{written.run_id} (plan {written.plan_id})" if written.plan_id else plain(written.run_id) or None


def _system(system: SystemWhy, field: str | None) -> list[RenderableType]:
    standing = system.standing
    linked = ", ".join(f"{link.object} {link.remote_id}" for link in standing.links if link.state == "live")
    head = Text.assemble((standing.connection, "bold"), f": {linked or 'not linked'}")
    lines: list[RenderableType] = [head]
    lines += [Text(f"  {reason}", style="yellow") for reason in standing.reasons]
    lines += [Text(f"  {line}", style="dim") for link in standing.links if (line := _redirect(link))]
    if field:
        rows: list[tuple[Any, ...]] = [
            (
                f"  {f.object}",
                " ".join(f.remotes),
                f.direction,
                plain(f.agreed),
                "in step" if f.in_step else "differs",
                f.policy or "as the mapping says",
            )
            for f in system.fields
        ]
        lines.append(table("  object", "field there", "direction", "agreed on", "", "who wins", rows=rows))
    return lines


def _redirect(link: LinkView) -> str | None:
    departure = link.departure
    if link.state != "redirected" or departure is None:
        return None
    into = " ".join(filter(None, (departure.into_object, departure.into_id)))
    how = "was converted to" if departure.kind == "converted" else "was merged into"
    return f"{link.object} {link.remote_id} {how} {into} ({known_by(departure)})."
