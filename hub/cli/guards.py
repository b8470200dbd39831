"""guards: what a run may do unasked, and what is stopped because it would have done more."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, plain, show, table
from hub.cli.session import actor, with_app
from hub.domain.guards import EFFECTS
from hub.services.connection_care import connection_id_of
from hub.services.guards.views import GuardsView, LimitView, resume_reading, show_guards

_WAYS = {"in": "into the hub", "out": "to the system"}


def guards(
    name: Annotated[str | None, typer.Argument(help="Only this connection.", show_default=False)] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="OBJECT", help="Read this object again, whose plan was rejected.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how much a run may do unasked, and which runs were stopped."""
    if resume and name is None:
        raise CommandFailed("Name the connection: partnerhub guards CONNECTION --resume OBJECT.", exit_code=2)

    async def work(app: App) -> GuardsView:
        async with app.db.transaction() as tx:
            here = await connection_id_of(tx, name)
            if resume and name and here is not None:
                await resume_reading(tx, connection_id=here, connection=name, object_name=resume, actor=actor())
            return await show_guards(tx, app.shop, connection_id=here)

    found = with_app(work)
    told = [good(f"{name} {resume} is read again with the next sync.")] if resume else []
    show(found, *told, *_views(found), as_json=as_json)


def _views(found: GuardsView) -> list[RenderableType]:
    groups = groupby(found.limits, key=lambda limit: (limit.connection, limit.object, limit.direction, limit.linked))
    rows = [
        (connection, name, _WAYS[direction], linked, *[_cell(limit) for limit in limits])
        for (connection, name, direction, linked), limits in groups
    ]
    views: list[RenderableType] = [bad(f"{name}: {why}") for name, why in found.unknown.items()]
    views.append(table("connection", "object", "", "linked", *EFFECTS, rows=rows) if rows else "Nothing is mapped yet.")
    if not found.stops:
        return [*views, "", good("No run is stopped.")]
    stops = [(s.plan_id, plain(s.stopped_at), s.connection, s.object, _WAYS[s.direction], s.state, s.reason)
             for s in found.stops]  # fmt: skip
    columns = ("plan", "stopped", "connection", "object", "", "state", "")
    return [*views, "", Text("Stopped:", style="bold"), table(*columns, rows=stops)]


def _cell(limit: LimitView) -> str:
    if limit.limit is None:
        return "–"
    return f"{limit.passed:,} of {limit.limit:,}{' (two people)' if limit.needs_second else ''}"
