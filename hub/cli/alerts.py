"""Alerts to sellers: listed, shown, acknowledged, and how long it took until they were seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.text import Text

from hub.app import App
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.deals.alert_views import (
    AlertTimes,
    Filter,
    SellerAlert,
    acknowledge,
    alert_times,
    get_alert,
    list_alerts,
)
from hub.services.waking import wake_outbound

app = typer.Typer(help="What our own sellers are told of partners' deals.", no_args_is_help=True)

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The alert.", show_default=False)]


@app.command("list")
def list_(
    status: Annotated[Literal["open", "acknowledged", "all"], typer.Option(help="Of this status.")] = "open",
    kind: Annotated[str | None, typer.Option(help="Of one kind, such as direct_on_protected.")] = None,
    owner: Annotated[str | None, typer.Option(help="For this mail address.")] = None,
    queue: Annotated[bool, typer.Option("--queue", help="Only those for nobody in particular.")] = False,
    deal: Annotated[UUID | None, typer.Option(help="About this registration.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only those that nobody has seen in time.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most to show.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest first."""
    where = Filter(None if status == "all" else status, kind, owner, queue or None, deal, overdue or None)

    async def work(hub: App) -> list[SellerAlert]:
        async with hub.db.transaction() as tx:
            return await list_alerts(tx, where, limit=limit)

    found = with_app(work)
    columns = ("raised", "due", "status", "for", "subject", "id")
    rows = [(a.raised_at, a.due_at, _state(a), a.owner_email or "the queue", a.subject, a.id) for a in found]
    show(found, table(*columns, rows=rows) if rows else "No alert.", as_json=as_json)


@app.command("show")
def show_(alert: Id, as_json: AsJson = False) -> None:
    """Show an alert."""

    async def work(hub: App) -> SellerAlert:
        async with hub.db.transaction() as tx:
            return await get_alert(tx, alert_id=alert)

    _show(with_app(work), as_json=as_json)


@app.command()
def ack(alert: Id, as_json: AsJson = False) -> None:
    """Say that you have seen an alert."""

    async def work(hub: App) -> SellerAlert:
        async with hub.db.transaction() as tx:
            seen = await acknowledge(tx, alert_id=alert, actor=actor())
            await wake_outbound(tx, hub.queue)
        return seen

    seen = with_app(work)
    show(seen, good(f"Seen by {seen.acknowledged_by}."), as_json=as_json)


@app.command()
def report(
    days: Annotated[int, typer.Option(min=1, max=3660, help="Of alerts raised in the last days.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Show by kind how many alerts were raised, and how long it took until they were seen."""

    async def work(hub: App) -> list[AlertTimes]:
        async with hub.db.transaction() as tx:
            return await alert_times(tx, since=datetime.now(UTC) - timedelta(days=days))

    found = with_app(work)
    columns = ("kind", "raised", "open", "overdue", "handed on", "seen", "in time", "median", "p95")
    rows = [
        (t.kind, t.raised, t.open, t.overdue, t.escalated, t.acknowledged, t.in_time, _span(t.median_seconds),
         _span(t.p95_seconds))
        for t in found
    ]  # fmt: skip
    show(found, table(*columns, rows=rows) if rows else "No alert was raised.", as_json=as_json)


def _state(alert: SellerAlert) -> str:
    return "overdue" if alert.overdue else alert.status


def _span(seconds: float | None) -> str:
    return "" if seconds is None else str(timedelta(seconds=round(seconds)))


def _show(alert: SellerAlert, *, as_json: bool) -> None:
    facts = [
        ("kind", alert.kind),
        ("for", alert.owner_email or "the queue"),
        ("raised", alert.raised_at),
        ("due", alert.due_at),
        ("status", _state(alert)),
        ("seen", alert.acknowledged_at),
        ("seen by", alert.acknowledged_by),
        ("handed on", alert.escalated_at),
        ("registration", alert.deal),
        ("account", alert.account),
        ("opportunity", alert.opportunity),
        ("event", alert.event_key),
    ]
    shown = table("", "", rows=[row for row in facts if row[1]])
    show(alert, Text(alert.subject, style="bold"), shown, Text(f"\n{alert.body or ''}"), as_json=as_json)
