"""sync: read one connection and deliver what follows, now and in this process."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.progress import Progress, TaskID
from rich.text import Text

from hub.app import App
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, progress, show, table
from hub.cli.session import owner, with_app
from hub.db import connections
from hub.sdk.errors import RecordRejected
from hub.services.counts import Counts
from hub.services.sync_now import SyncReport, sync_now
from hub.services.watching import QuarantineView, list_quarantine

_SHOWN = 20


def sync(
    name: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    objects: Annotated[
        list[str] | None, typer.Option("--object", help="Only this object; may be given more than once.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read what changed in a connection, and deliver what follows to every connection."""
    try:
        _sync(name, objects or [], full, as_json)
    except RecordRejected as exc:
        # A read that is refused as it stands: nearly always a field or object that is not there any more.
        hint = f"partnerhub check {name} tells which mapped fields the system does not have."
        raise CommandFailed(exc.message, code=exc.kind, hint=hint) from exc


def _sync(name: str, objects: list[str], full: bool, as_json: bool) -> None:
    async def work(app: App) -> tuple[SyncReport, list[QuarantineView]]:
        with progress() as bars:
            report = await sync_now(
                app.shop,
                name=name,
                objects=objects,
                full=full,
                owner=owner(),
                listener=Bars(bars).told,
                desk=app.desk,
            )
        return report, await _quarantined(app, name)

    report, kept_out = with_app(work)
    data = {"report": report, "quarantined": kept_out}
    show(data, *_report_views(report), *_quarantine_views(kept_out), as_json=as_json)
    if report.halted:
        raise typer.Exit(1)


class Bars:
    """One line an object that counts its records."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def told(self, object_name: str, counts: Counts) -> None:
        if object_name not in self._tasks:
            self._tasks[object_name] = self._bars.add_task(object_name, total=None)
        self._bars.advance(self._tasks[object_name], counts["read"])


def count_text(counts: Counts) -> str:
    """Counts as `3 created, 1 linked`; what is always there or never interesting is left out."""
    return ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in counts.items() if n and what not in _ORDINARY)


_ORDINARY = ("overlap", "idle")


def _report_views(report: SyncReport) -> list[RenderableType]:
    read = [(n, count_text(c) or "nothing") for n, c in report.pulled.items()]
    views: list[RenderableType] = [table(f"read from {report.connection}", "", rows=read)]
    if report.reread:
        views.append(f"Read again: {count_text(report.reread)}")
    views += [Text(f"{n} is being read by another process; it was left to it.") for n in report.left_to_other]
    if report.deals:
        views.append(f"Deal registrations: {count_text(report.deals)}")
    return [*views, *delivery_views(report)]


def delivery_views(report: SyncReport) -> list[RenderableType]:
    """What was delivered, what could not be, and what a person has to decide now."""
    views: list[RenderableType] = []
    rows = [(n, count_text(c) or "nothing to deliver") for n, c in report.delivered.items()]
    views += ["", table("delivered to", "", rows=rows)] if rows else []
    views += [
        Text(f"{n} was not read to its end yet: partnerhub sync {n} does, then it gets its share.")
        for n in report.unread
    ]
    views += [bad(f"{n} stopped: {why}") for n, why in report.halted.items()]
    if report.asked:
        views += ["", bad("Stopped before anything was written:")]
        views += [Text(asked) for asked in report.asked]
    if report.stopped:
        views += ["", bad("Left out until they fit again (partnerhub drift says how to mend them):")]
        views += [Text(stopped) for stopped in report.stopped]
    return [*views, *_next_steps(report)]


def _next_steps(report: SyncReport) -> list[RenderableType]:
    """Which command shows what a person has to decide now."""
    total = sum((*report.pulled.values(), *report.delivered.values(), report.reread), Counts())
    steps = {"dead": "retries list --dead", "conflicts": "conflicts list", "reviews": "reviews list"}
    wanted = [f"partnerhub {command}" for what, command in steps.items() if total[what]]
    return ["", Text(f"Waits for a person: {', '.join(wanted)}", style="yellow")] if wanted else []


async def _quarantined(app: App, name: str) -> list[QuarantineView]:
    async with app.db.transaction() as tx:
        stored = await connections.by_name(tx, name)
        return await list_quarantine(tx, connection_id=stored.id if stored else None, limit=_SHOWN)


def _quarantine_views(kept_out: list[QuarantineView]) -> list[RenderableType]:
    if not kept_out:
        return []
    rows = [
        (q.object, q.remote_id, p["field"], p["message"], p["value"], "whole record" if q.held else "this field")
        for q in kept_out
        for p in q.problems
    ]
    title = "In quarantine; correct the value in the system or the mapping, and the next read takes it over"
    return ["", table("object", "id", "field", "problem", "value", "kept out", rows=rows, title=title)]
