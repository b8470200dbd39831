"""Deal registrations: submitted from a file, shown with what the rules say, decided, ended when their time is over."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from hub.app import App
from hub.cli import deal_changes, deal_evidence, deal_merges, deal_reports
from hub.cli.deal_import import import_
from hub.cli.deal_views import File, Id, sent_in, show_registration
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.domain.deals.states import Status
from hub.sdk.http import decode_json
from hub.services.custom_fields import record_types
from hub.services.deals import drafting
from hub.services.deals.expiring import end_protections
from hub.services.deals.receiving import Answer, Handed, read_submission, submit_once
from hub.services.deals.reviewing import look_again
from hub.services.deals.viewing import (
    ArrivalView,
    Event,
    Queued,
    RegistrationView,
    events,
    list_arrivals,
    list_queue,
    registration_view,
)
from hub.services.waking import wake_outbound

app = typer.Typer(help="Partners' claims on deals.", no_args_is_help=True)
app.command("import")(import_)

for _command in (deal_evidence.evidence, *deal_changes.COMMANDS, *deal_merges.COMMANDS, deal_reports.report):
    app.command()(_command)


@app.command()
def submit(
    file: File,
    key: Annotated[str, typer.Option(help="A text of your own: the same one again submits nothing.")],
    as_json: AsJson = False,
) -> None:
    """Submit a registration: it is judged at once."""
    sent = sent_in(file)

    async def work(hub: App) -> Answer:
        async with hub.db.transaction() as tx:
            answer = await submit_once(tx, hub.desk, Handed(sent, key, actor()))
            await wake_outbound(tx, hub.queue)
        return answer

    answer = with_app(work)
    view = decode_json(answer.json.encode())
    verdict = good(f"Registration {view['id']} is {view['review_status']}.")
    show(view, verdict if answer.new else Text(f"Submitted before: {view['id']}."), as_json=as_json)


@app.command()
def draft(file: File, as_json: AsJson = False) -> None:
    """Keep a draft: nobody judges it before it is handed in."""
    sent = sent_in(file)

    async def work(hub: App) -> RegistrationView:
        async with hub.db.transaction() as tx:
            types = await record_types(tx)
            submission = read_submission(types, sent)
            registration_id = await drafting.store_draft(tx, hub.desk, types, sent=submission, actor=actor())
            await wake_outbound(tx, hub.queue)
            return await registration_view(tx, registration_id)

    show_registration(with_app(work), as_json=as_json)


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="Of one status; without it, what waits for a person.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most to show.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List registrations, those that are due first in front."""

    async def work(hub: App) -> list[Queued]:
        async with hub.db.transaction() as tx:
            return await list_queue(tx, status=status, after=None, limit=limit)

    found = with_app(work)
    columns = ("due", "status", "name", "partner", "customer", "approved by", "id")
    rows = [
        (q.due_at, q.review_status, q.name, q.partner_name, q.customer_name, ", ".join(q.approved_by), q.id)
        for q in found
    ]
    show(found, table(*columns, rows=rows) if rows else "Nothing waits.", as_json=as_json)


@app.command()
def arrivals(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most to show.")] = 50, as_json: AsJson = False
) -> None:
    """List what came in by systems and waits to be judged, with the reason where it could not be."""

    async def work(hub: App) -> list[ArrivalView]:
        async with hub.db.transaction() as tx:
            return await list_arrivals(tx, limit=limit)

    found = with_app(work)
    columns = ("at", "from", "by", "stage", "name", "problem", "id")
    rows = [(a.at, a.connection, a.actor, a.stage, a.name, a.problem, a.id) for a in found]
    show(found, table(*columns, rows=rows) if rows else "Nothing waits to be judged.", as_json=as_json)


@app.command("show")
def show_(registration: Id, as_json: AsJson = False) -> None:
    """Show a registration with the outcome of every rule that spoke."""

    async def work(hub: App) -> RegistrationView:
        async with hub.db.transaction() as tx:
            return await registration_view(tx, registration)

    show_registration(with_app(work), as_json=as_json)


@app.command("events")
def events_(registration: Id, as_json: AsJson = False) -> None:
    """Show everything that happened to a registration, oldest first."""

    async def work(hub: App) -> list[Event]:
        async with hub.db.transaction() as tx:
            return await events(tx, registration)

    found = with_app(work)
    rows = [(e.happened_at, e.kind, e.from_status, e.to_status, e.actor, e.reason_code, e.note) for e in found]
    columns = ("at", "event", "from", "to", "by", "reason", "note")
    show(found, table(*columns, rows=rows), as_json=as_json)


@app.command()
def expire(as_json: AsJson = False) -> None:
    """End what is over and remind of what ends soon; the worker does it every hour by itself."""

    async def work(hub: App) -> dict[str, int]:
        counts = await end_protections(hub.db, hub.desk)
        await look_again(hub.db, hub.desk)
        return counts

    counts = with_app(work)
    show(counts, good(f"{counts['expired']} expired, {counts['reminded']} reminded."), as_json=as_json)
