"""reconcile: compare both sides of a connection, and show how far they agree, now and over time."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.output import AsJson, good, plain, progress, show, table
from hub.cli.session import owner, with_app
from hub.cli.sync import Bars
from hub.services.connection_care import connection_id_of
from hub.services.counts import Counts
from hub.services.reconciling import (
    Disagreement,
    ObjectReport,
    PastReconciliation,
    list_disagreements,
    list_reconciliations,
    reconcile_connection,
)

_BLOCKS = "▁▂▃▄▅▆▇█"
_CAUSES = {
    "not_taken_over": "the system has it, the hub has not taken it over",
    "never_sent": "the hub has it, it was never sent",
    "edited_there": "somebody edited there what only the hub writes",
    "on_its_way": "on its way",
    "waiting": "waits for another record",
    "dead_letter": "refused: partnerhub retries list --dead",
    "in_conflict": "in conflict: partnerhub conflicts list",
    "in_review": "in review: partnerhub reviews list",
    "to_be_read": "about to be read again",
    "quarantined": "in quarantine: its values cannot be taken over",
    "kept_by_rule": "kept by the mapping's rule",
}


def reconcile(
    name: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    full: Annotated[bool, typer.Option("--full", help="Read everything instead of counting first.")] = False,
    limit: Annotated[int, typer.Option(help="How many differences to show.", min=1, max=10_000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Compare both sides without trusting what the hub remembers: how far they agree, what differs and why."""

    async def work(app: App) -> tuple[list[ObjectReport], list[Disagreement]]:
        with progress() as bars:
            bar = Bars(bars)
            reports = await reconcile_connection(
                app.shop, name=name, owner=owner(), full=full,
                listener=lambda object_name, number: bar.told(object_name, Counts(read=number)),
            )  # fmt: skip
        async with app.db.transaction() as tx:
            found = await list_disagreements(tx, connection_id=await connection_id_of(tx, name), limit=limit)
        return reports, found

    reports, found = with_app(work)
    show({"objects": reports, "differences": found}, *_views(reports, found), as_json=as_json)


def agreement(
    name: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    limit: Annotated[int, typer.Option(help="How many comparisons, newest last.", min=2, max=500)] = 60,
    as_json: AsJson = False,
) -> None:
    """Plot how far both sides agreed at each reconciliation so far."""

    async def work(app: App) -> list[PastReconciliation]:
        async with app.db.transaction() as tx:
            return await list_reconciliations(tx, connection_id=await connection_id_of(tx, name), limit=limit)

    found = list(reversed(with_app(work)))
    rows = []
    for object_name in dict.fromkeys(p.object for p in found):
        past = [p for p in found if p.object == object_name]
        rows.append((object_name, _plot([p.agreement for p in past]), _share(past[-1].agreement), past[-1].finished_at))
    none = f"{name} has not been compared yet: partnerhub reconcile {name} does."
    show(found, table("object", "agreement", "now", "compared", rows=rows) if rows else none, as_json=as_json)


def _views(reports: list[ObjectReport], found: list[Disagreement]) -> list[RenderableType]:
    rows = [
        (r.object, _share(r.agreement), r.records, r.differences, _age(r.unread_seconds), _age(r.undelivered_seconds),
         r.oldest_since, r.calls)
        for r in reports
    ]  # fmt: skip
    columns = ("object", "agreement", "records", "differences", "last read", "oldest unsent", "differs since", "calls")
    views: list[RenderableType] = [table(*columns, rows=rows)]
    if not found:
        return [*views, "", good("Both sides agree.")]
    fields = [(r.object, f, _share(1 - n / r.records if r.records else 0), n) for r in reports for f, n in _top(r)]
    if fields:
        views += ["", table("object", "field", "agreement", "differ", rows=fields)]
    shown = [
        (d.object, d.remote_id or d.record_id, d.field or d.kind, plain(d.ours), plain(d.theirs),
         _CAUSES.get(d.cause, d.cause))
        for d in found
    ]  # fmt: skip
    views += ["", table("object", "id", "what", "the hub has", "it has", "why", rows=shown)]
    total = sum(r.differences for r in reports)
    if total > len(found):
        views.append(Text(f"… and {total - len(found)} more: --limit shows more of them."))
    if any(d.repair for d in found):
        name = reports[0].connection
        views += ["", Text(f"partnerhub plan {name} --repair shows what would set right what needs no person.")]
    return views


def _top(report: ObjectReport) -> list[tuple[str, int]]:
    return sorted(report.fields.items(), key=lambda one: -one[1])


def _share(value: float) -> str:
    """Never rounded up to a whole: 1 of a million is a difference."""
    return "100 %" if value == 1 else f"{int(value * 100_000) / 1000:.3f} %"


def _age(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.0f} s"


def _plot(shares: list[float]) -> str:
    """One character a comparison; the lowest share seen is the lowest block."""
    low = min(shares)
    span = 1 - low or 1.0
    return "".join(_BLOCKS[int((share - low) / span * 7) if low < 1 else 7] for share in shares)
