"""status and runs: how every connection is, and what was done lately."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.budget import warnings
from hub.cli.issues import tell_of_broken_systems
from hub.cli.output import AsJson, plain, show, table
from hub.cli.session import with_app
from hub.cli.sync import count_text
from hub.services.budgets import BudgetView, all_budgets
from hub.services.connection_care import connection_id_of
from hub.services.counts import Counts
from hub.services.watching import ConnectionHealth, RunView, health_of, list_runs

_COLOURS = {
    "good": "green",
    "busy": "cyan",
    "needs attention": "yellow",
    "needs a plan": "yellow",
    "down": "red",
    "paused": "red",
}


def status(
    name: Annotated[str | None, typer.Argument(help="Only this connection.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show how every connection is: state, freshness, open deliveries, and what waits for a person."""

    async def work(app: App) -> tuple[list[ConnectionHealth], dict[str, BudgetView]]:
        async with app.db.transaction() as tx:
            found = await health_of(tx, connection_id=await connection_id_of(tx, name))
        return found, {view.connection: view for view in await all_budgets(app.shop)}

    found, budgets = with_app(work)
    tell_of_broken_systems()
    shown = [budgets[health.connection] for health in found if health.connection in budgets]
    short = {view.connection: view.warnings for view in shown}
    data = [{**asdict(h), "verdict": h.verdict, "quota": short.get(h.connection, [])} for h in found]
    none = "There is no connection yet: partnerhub connect SYSTEM NAME makes one."
    show(data, *([*_views(found), *warnings(shown)] if found else [none]), as_json=as_json)


def runs(
    name: Annotated[str | None, typer.Argument(help="Only this connection.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List what was done: pulls, pushes and re-reads with their counts."""

    async def work(app: App) -> list[RunView]:
        async with app.db.transaction() as tx:
            return await list_runs(tx, connection_id=await connection_id_of(tx, name), limit=limit)

    found = with_app(work)
    rows = [
        (r.id, r.started_at, r.connection, r.kind, r.object, r.state, r.error or count_text(Counts(r.counts)))
        for r in found
    ]
    columns = ("run", "began", "connection", "kind", "object", "state", "")
    show(found, table(*columns, rows=rows) if rows else "Nothing was done yet.", as_json=as_json)


def _views(found: list[ConnectionHealth]) -> list[RenderableType]:
    rows = [
        (
            h.connection,
            Text(h.verdict, style=_COLOURS[h.verdict]),
            ", ".join(f"{n} {state}" for state, n in h.deliveries.items()),
            h.conflicts_open or "",
            h.reviews_open or "",
            h.quarantined or "",
            _reason(h),
        )
        for h in found
    ]
    overview = table("connection", "health", "deliveries", "conflicts", "reviews", "quarantine", "", rows=rows)
    read = [(h.connection, o.object, _fresh(o.last_read_at), o.last_error) for h in found for o in h.objects]
    views: list[RenderableType] = [overview]
    if read:
        views += ["", table("connection", "object", "last read", "last error", rows=read)]
    return [*views, *_next_steps(found)]


_CREATES = {
    "none": "creates nothing, neither here nor there (option create)",
    "in": "creates nothing there (option create)",
    "out": "creates nothing in the hub (option create)",
}


def _reason(health: ConnectionHealth) -> str | None:
    if health.state == "paused":
        return health.state_reason
    if health.resting_until:
        return f"until {plain(health.resting_until)}: {health.rest_reason}"
    if health.begun_at is None:
        return f"partnerhub plan {health.connection} shows what its first sync would do"
    return health.stopped or health.drift or _CREATES.get(health.creates)


def _fresh(moment: datetime | None) -> str:
    return f"{plain(datetime.now(UTC) - moment)} ago" if moment else "never"


def _next_steps(found: list[ConnectionHealth]) -> list[RenderableType]:
    """Which command shows what waits for a person."""
    steps: dict[str, Any] = {
        "partnerhub retries list": any(h.deliveries.get("dead") for h in found),
        "partnerhub conflicts list": any(h.conflicts_open for h in found),
        "partnerhub reviews list": any(h.reviews_open for h in found),
        "partnerhub drift": any(h.drifted for h in found),
        "partnerhub guards": any(h.stops for h in found),
        "partnerhub plans list --waiting": any(h.plans_waiting for h in found),
    }
    wanted = [command for command, needed in steps.items() if needed]
    return ["", Text(f"Waits for a person: {', '.join(wanted)}")] if wanted else []
