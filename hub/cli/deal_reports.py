"""Reports on deal registrations: as tables, JSON or CSV."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.output import AsJson, show, table
from hub.cli.session import with_app
from hub.services.deals.reporting import By, Figures, Report, as_csv
from hub.services.deals.reporting import report as report_on

_DAY = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Since = Annotated[
    datetime | None,
    typer.Option(formats=_DAY, help="Submitted from then on, UTC; a quarter before the end without it."),
]
Until = Annotated[datetime | None, typer.Option(formats=_DAY, help="Submitted before then, UTC; now without it.")]


def report(
    since: Since = None,
    until: Until = None,
    by: Annotated[By | None, typer.Option(help="One line a partner, reason of rejection, program or region.")] = None,
    as_csv_: Annotated[bool, typer.Option("--csv", help="Print only CSV.")] = False,
    as_json: AsJson = False,
) -> None:
    """Report how registrations were decided: rates, times in business hours, conflicts by rule, reasons."""

    async def work(hub: App) -> Report:
        async with hub.db.transaction() as tx:
            return await report_on(tx, hub.desk, since=_utc(since), until=_utc(until), by=by)

    found = with_app(work)
    if as_csv_:
        sys.stdout.write(as_csv(found))
        return
    show(found, *_views(found), as_json=as_json)


def _views(found: Report) -> list[RenderableType]:
    lines = [*found.groups, found.total]
    columns = (
        found.by or "", "submitted", "decided", "approved", "teaming", "by rules", "median h", "p90 h", "in time",
        "expired", "untouched",
    )  # fmt: skip
    views: list[RenderableType] = [
        Text(f"Submitted from {found.since:%Y-%m-%d %H:%M} to {found.until:%Y-%m-%d %H:%M} UTC", style="bold"),
        table(*columns, rows=[_row(line) for line in lines]),
    ]
    total = found.total
    for title, counts in (("status", total.statuses), ("conflict", total.conflicts), ("rejected", total.rejections)):
        if counts:
            views.append(table(title, "registrations", rows=list(counts.items())))
    if found.left_out:
        views.append(f"{found.left_out} smaller groups are not listed.")
    return views


def _row(line: Figures) -> tuple[object, ...]:
    return (
        line.group or "(all)",
        line.submitted,
        line.decided,
        f"{line.approved} ({_percent(line.approval_rate)})",
        _percent(line.teaming_share),
        line.decided_by_rules,
        _hours(line.median_hours),
        _hours(line.p90_hours),
        _percent(line.in_time),
        line.expired,
        line.expired_untouched,
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"  # nothing to count


def _hours(hours: float | None) -> str:
    return "–" if hours is None else f"{hours:.1f}"


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
