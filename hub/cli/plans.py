"""plan, apply and plans: what a sync would do, shown before it does it, decided by people, then done."""

from __future__ import annotations

from typing import Annotated, cast

import typer
from rich.console import RenderableType

from hub.app import App
from hub.cli.answers import confirm
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, good, progress, show, table, tell, waiting
from hub.cli.plan_views import next_step, outcome_views, plan_views
from hub.cli.session import actor, owner, with_app
from hub.cli.sync import Bars, delivery_views
from hub.domain.plan import ALLOWABLE, DIRECTIONS, Action, Allowable, Direction
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.plans.deciding import approve_plan, reject_plan
from hub.services.plans.running import apply_now, plan_now, plan_repair_now
from hub.services.plans.undo import plan_undo
from hub.services.plans.views import ItemView, PlanView, WholePlan, list_items, list_plans, show_plan, view_of
from hub.services.sync_now import SyncReport

app = typer.Typer(help="What syncs, undos and stopped runs would do, and who said yes.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="PLAN", help="Number of the plan.", show_default=False)]


def plan(
    name: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    objects: Annotated[
        list[str] | None, typer.Option("--object", help="Only this object; may be given more than once.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Only what the last reconciliation found and a sync can set right.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a sync would do to the hub and to the system, and do nothing."""
    if repair and (objects or full):
        raise CommandFailed("--repair goes without --object and --full.", exit_code=2)

    async def work(hub: App) -> WholePlan:
        with progress() as bars:
            told = Bars(bars).told
            made = (
                await plan_repair_now(hub.shop, name=name, actor=actor(), owner=owner(), listener=told)
                if repair
                else await plan_now(
                    hub.shop, name=name, objects=objects or [], full=full, actor=actor(), owner=owner(), listener=told
                )
            )
        async with hub.db.transaction() as tx:
            return await show_plan(tx, plan_id=made.id)

    found = with_app(work)
    show(found, *plan_views(found), *next_step(found.plan), as_json=as_json)


def apply(
    plan_id: Id,
    allow: Annotated[
        str, typer.Option(help="Only these, with commas between: link, create, change, null, delete.")
    ] = ",".join(ALLOWABLE),
    direction: Annotated[
        str | None, typer.Option(help="Only into the hub (in), or only from it into the system (out).")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    as_json: AsJson = False,
) -> None:
    """Approve a plan, if nobody has yet, and do what still stands of it; go on with one that was interrupted."""
    allowed, directions = _allowed(allow), _directions(direction)

    async def work(hub: App) -> tuple[WholePlan, SyncReport]:
        await _approve(hub, plan_id, yes=yes)
        with progress() as bars:
            report = await apply_now(
                hub.shop,
                plan_id=plan_id,
                allow=allowed,
                directions=directions,
                actor=actor(),
                owner=owner(),
                listener=Bars(bars).told,
            )
        async with hub.db.transaction() as tx:
            return await show_plan(tx, plan_id=plan_id), report

    found, report = with_app(work)
    data = {"plan": found.plan, "outcome": found.outcome, "report": report}
    show(data, *outcome_views(found), *delivery_views(report), as_json=as_json)
    if report.halted:
        raise typer.Exit(1)


def undo(
    run: Annotated[int, typer.Argument(metavar="RUN", help="Number of the run; see partnerhub runs.")],
    as_json: AsJson = False,
) -> None:
    """Plan to set back what one run wrote in the hub, but for what changed since; partnerhub apply does it."""

    async def work(hub: App) -> WholePlan:
        with waiting(f"Looking at what run {run} wrote …"):
            async with hub.db.transaction() as tx:
                plan_id = await plan_undo(tx, await record_types(tx), run_id=run, actor=actor())
                return await show_plan(tx, plan_id=plan_id)

    found = with_app(work)
    show(found, *plan_views(found), *next_step(found.plan), as_json=as_json)


async def _approve(hub: App, plan_id: int, *, yes: bool) -> None:
    """Show a plan that nobody has approved and ask; one that was approved or begun needs no question."""
    async with hub.db.transaction() as tx:
        found = await show_plan(tx, plan_id=plan_id)
    if found.plan.state != "proposed":
        return
    if not yes:
        tell(*plan_views(found))
    confirm(f"Apply plan {plan_id}?", yes=yes)
    async with hub.db.transaction() as tx:
        approved = await approve_plan(tx, plan_id=plan_id, actor=actor())
    if approved.state != "approved":
        raise CommandFailed(
            f"Plan {plan_id} now waits for a second person: partnerhub plans approve {plan_id}.", code="needs-second"
        )


def _allowed(text: str) -> tuple[Allowable, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or set(names) - set(ALLOWABLE):
        raise CommandFailed(f"--allow takes {', '.join(ALLOWABLE)}, with commas between.", exit_code=2)
    return cast("tuple[Allowable, ...]", tuple(dict.fromkeys(names)))


def _directions(text: str | None) -> tuple[Direction, ...]:
    if text not in (None, *DIRECTIONS):
        raise CommandFailed("--direction takes in or out.", exit_code=2)
    return DIRECTIONS if text is None else (text,)


@app.command("list")
def list_(
    connection: Annotated[str | None, typer.Option(help="Only of this connection.")] = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that wait for somebody's word.")] = False,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List plans: what they are for, and how far they have come."""

    async def work(hub: App) -> list[PlanView]:
        async with hub.db.transaction() as tx:
            here = await connection_id_of(tx, connection)
            return await list_plans(tx, connection_id=here, states=["proposed"] if waiting else None, limit=limit)

    found = with_app(work)
    rows = [(p.id, p.created_at, p.connection, p.kind, p.state, p.created_by, p.reason) for p in found]
    columns = ("plan", "made", "connection", "kind", "state", "by", "")
    none = "There is no plan: partnerhub plan CONNECTION makes one."
    show(found, table(*columns, rows=rows) if rows else none, as_json=as_json)


@app.command("show")
def show_(
    plan_id: Id,
    action: Annotated[str | None, typer.Option(help="List the items of this action instead of samples.")] = None,
    limit: Annotated[int, typer.Option(help="How many items, in the order they are applied.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show a plan: counts, fields, samples, cost, and what became of it."""

    async def work(hub: App) -> WholePlan:
        async with hub.db.transaction() as tx:
            found = await show_plan(tx, plan_id=plan_id)
            if action is None:
                return found
            items: list[ItemView] = await list_items(tx, plan_id=plan_id, action=cast("Action", action), limit=limit)
            return WholePlan(found.plan, items, found.outcome)

    found = with_app(work)
    after = outcome_views(found) if found.plan.state in ("applying", "applied") else []
    show(found, *plan_views(found), *after, *next_step(found.plan), as_json=as_json)


@app.command()
def approve(plan_id: Id, as_json: AsJson = False) -> None:
    """Say yes to a plan; partnerhub apply does it then."""

    async def work(hub: App) -> PlanView:
        async with hub.db.transaction() as tx:
            return view_of(await approve_plan(tx, plan_id=plan_id, actor=actor()))

    approved = with_app(work)
    views: list[RenderableType] = [good(f"Plan {plan_id} is {approved.state}.")]
    show(approved, *views, *next_step(approved), as_json=as_json)


@app.command()
def reject(plan_id: Id, as_json: AsJson = False) -> None:
    """Say no to a plan: nothing of it will be done."""

    async def work(hub: App) -> PlanView:
        async with hub.db.transaction() as tx:
            return view_of(await reject_plan(tx, plan_id=plan_id, actor=actor()))

    show(with_app(work), good(f"Plan {plan_id} is rejected."), as_json=as_json)
