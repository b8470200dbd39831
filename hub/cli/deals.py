"""Deal registrations: submitted from a file, shown with what the rules say, decided, ended when their time is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.text import Text

from hub.app import App
from hub.cli.answers import from_file
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, good, plain, show, table
from hub.cli.session import actor, with_app
from hub.domain.deals.states import Status
from hub.sdk.http import decode_json
from hub.services.deals import changing, deciding
from hub.services.deals.expiring import end_protections
from hub.services.deals.receiving import Answer, Handed, Sent, submit_once
from hub.services.deals.viewing import Event, Queued, RegistrationView, events, list_queue, registration_view
from hub.services.waking import wake_outbound

app = typer.Typer(help="Partners' claims on deals.", no_args_is_help=True)

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The registration.", show_default=False)]
Note = Annotated[str | None, typer.Option(help="For the other people who decide.")]


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: fields, parties, evidence.")],
    key: Annotated[str, typer.Option(help="A text of your own: the same one again submits nothing.")],
    as_json: AsJson = False,
) -> None:
    """Submit a registration: it is judged at once."""
    try:
        sent = Sent.model_validate(from_file(file))
    except ValidationError as exc:
        raise CommandFailed(f"{file}: {exc.errors()[0]['msg']}.", code="usage", exit_code=2) from None

    async def work(hub: App) -> Answer:
        async with hub.db.transaction() as tx:
            answer = await submit_once(tx, hub.desk, Handed(sent, key, actor()))
            await wake_outbound(tx, hub.queue)
        return answer

    answer = with_app(work)
    view = decode_json(answer.json.encode())
    verdict = good(f"Registration {view['id']} is {view['review_status']}.")
    show(view, verdict if answer.new else Text(f"Submitted before: {view['id']}."), as_json=as_json)


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


@app.command("show")
def show_(registration: Id, as_json: AsJson = False) -> None:
    """Show a registration with the outcome of every rule that spoke."""

    async def work(hub: App) -> RegistrationView:
        async with hub.db.transaction() as tx:
            return await registration_view(tx, registration)

    _show(with_app(work), as_json=as_json)


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
def approve(
    registration: Id,
    teaming: Annotated[bool, typer.Option("--teaming", help="Our sellers and the partner work together.")] = False,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Approve, or give the first of two approvals."""
    _change(registration, lambda place: deciding.approve(**place, teaming=teaming, note=note), as_json=as_json)


@app.command()
def reject(
    registration: Id,
    reason: Annotated[str, typer.Option(help="Reason code, such as direct_active.")],
    text: Annotated[str | None, typer.Option(help="In words for the partner; compulsory with other.")] = None,
    as_json: AsJson = False,
) -> None:
    """Reject with a reason code."""
    _change(registration, lambda place: deciding.reject(**place, reason_code=reason, text=text), as_json=as_json)


@app.command()
def extend(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Prolong the protection before it ends."""
    _change(registration, lambda place: changing.extend(**place, note=note), as_json=as_json)


@app.command()
def withdraw(registration: Id, note: Note = None, as_json: AsJson = False) -> None:
    """Withdraw a registration."""
    _change(registration, lambda place: changing.end(**place, how="withdraw", note=note), as_json=as_json)


@app.command()
def expire(as_json: AsJson = False) -> None:
    """End what is over and remind of what ends soon; the worker does it every hour by itself."""

    async def work(hub: App) -> dict[str, int]:
        return await end_protections(hub.db, hub.desk)

    counts = with_app(work)
    show(counts, good(f"{counts['expired']} expired, {counts['reminded']} reminded."), as_json=as_json)


def _change(registration: UUID, act: Callable[[dict[str, Any]], Awaitable[None]], *, as_json: bool) -> None:
    async def work(hub: App) -> RegistrationView:
        async with hub.db.transaction() as tx:
            await act({"tx": tx, "desk": hub.desk, "registration_id": registration, "actor": actor()})
            await wake_outbound(tx, hub.queue)
            return await registration_view(tx, registration)

    _show(with_app(work), as_json=as_json)


def _show(view: RegistrationView, *, as_json: bool) -> None:
    facts = [
        ("status", view.review_status),
        ("stage", view.stage),
        ("other systems", view.sync_state),
        ("place", view.place),
        ("due", view.due_at),
        ("protected until", view.protection_ends),
        ("asked for", ", ".join(view.asked)),
        ("approved by", f"{', '.join(view.approved_by)} ({len(view.approved_by)} of {view.approvals})"),
        ("frozen by", ", ".join(map(plain, view.frozen_by))),
        ("policy", view.policy),
        ("possible", ", ".join(view.actions)),
    ]
    rules = [(o["rule"], o["outcome"], o["message_internal"], o["message_partner"]) for o in view.outcomes]
    show(
        view,
        Text(f"{view.name} ({view.id})", style="bold"),
        table("", "", rows=[row for row in facts if row[1]]),
        table("rule", "outcome", "for us", "for the partner", rows=rules),
        as_json=as_json,
    )
