"""How a deal registration is changed and shown on the command line."""

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
from hub.cli.output import plain, show, table
from hub.cli.session import actor, with_app
from hub.services.deals.receiving import Sent
from hub.services.deals.reviewing import look_again_soon
from hub.services.deals.viewing import RegistrationView, registration_view
from hub.services.waking import wake_outbound

Id = Annotated[UUID, typer.Argument(metavar="ID", help="The registration.", show_default=False)]
Note = Annotated[str | None, typer.Option(help="For the other people who decide.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON: fields, parties, evidence.")]
Place = dict[str, Any]
"""Where a use case works: tx, desk, registration_id and actor."""


def sent_in(file: Path) -> Sent:
    """What a file hands in. Raises CommandFailed."""
    try:
        return Sent.model_validate(from_file(file))
    except ValidationError as exc:
        raise CommandFailed(f"{file}: {exc.errors()[0]['msg']}.", code="usage", exit_code=2) from None


def change(registration: UUID, act: Callable[[Place], Awaitable[object]], *, as_json: bool) -> None:
    """One transaction; then the other systems hear of it, and who waited for it is looked at again."""

    async def work(hub: App) -> RegistrationView:
        async with hub.db.transaction() as tx:
            await act({"tx": tx, "desk": hub.desk, "registration_id": registration, "actor": actor()})
            await wake_outbound(tx, hub.queue)
            view = await registration_view(tx, registration)
        await look_again_soon(hub.db, hub.desk)
        return view

    show_registration(with_app(work), as_json=as_json)


def show_registration(view: RegistrationView, *, as_json: bool) -> None:
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
    copies = [(c.connection, c.object, c.remote_id, c.state, c.at, c.error) for c in view.copies]
    rules = [(o["rule"], o["outcome"], o["message_internal"], o["message_partner"]) for o in view.outcomes]
    show(
        view,
        Text(f"{view.name} ({view.id})", style="bold"),
        table("", "", rows=[row for row in facts if row[1]]),
        table("rule", "outcome", "for us", "for the partner", rows=rules),
        *([table("copy in", "object", "id", "state", "at", "why", rows=copies)] if copies else []),
        as_json=as_json,
    )
