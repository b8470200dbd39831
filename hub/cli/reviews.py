"""Match reviews: records that may be one, decided by a person."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import RenderableType

from hub.app import App
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.reviews import (
    ReviewView,
    get_review,
    keep_apart,
    link_review,
    list_reviews,
    merge_review,
    split_review,
)
from hub.services.waking import wake_outbound

app = typer.Typer(help="Records that may be one and the same.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the review.", show_default=False)]


@app.command("list")
def list_(
    connection: Annotated[str | None, typer.Option(help="Only of this connection.")] = None,
    limit: Annotated[int, typer.Option(help="How many, oldest first.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List doubtful matches that wait for a decision."""

    async def work(hub: App) -> list[ReviewView]:
        async with hub.db.transaction() as tx:
            return await list_reviews(tx, connection_id=await connection_id_of(tx, connection), limit=limit)

    found = with_app(work)
    rows = [(r.id, r.connection, r.object, r.remote_id, r.kind, len(r.candidates), r.created_at) for r in found]
    columns = ("id", "from", "object", "id there", "kind", "candidates", "since")
    show(found, table(*columns, rows=rows) if rows else "No match waits for a decision.", as_json=as_json)


@app.command("show")
def show_(review: Id, as_json: AsJson = False) -> None:
    """Show one doubtful match: each candidate with the evidence for and against it."""

    async def work(hub: App) -> ReviewView:
        async with hub.db.transaction() as tx:
            return await get_review(tx, review_id=review)

    found = with_app(work)
    head = f"{found.record_type} {found.record_id}, {found.object} {found.remote_id} of {found.connection}, may be:"
    step = (
        f"Decide: partnerhub reviews merge {found.id} or link {found.id} [--into RECORD], or partnerhub reviews apart"
        f" {found.id}."
    )
    show(found, head, *[_candidate(c) for c in found.candidates], step, as_json=as_json)


@app.command()
def merge(
    review: Id,
    into: Annotated[UUID | None, typer.Option(help="Which candidate; needed only where there are several.")] = None,
    as_json: AsJson = False,
) -> None:
    """They are one record: it lives on in the candidate."""

    async def work(hub: App) -> ReviewView:
        async with hub.db.transaction() as tx:
            await wake_outbound(tx, hub.queue, rereads=True)
            return await merge_review(tx, await record_types(tx), review_id=review, into=into, actor=actor())

    show(with_app(work), good("The two records are one now."), as_json=as_json)


@app.command()
def link(
    review: Id,
    into: Annotated[UUID | None, typer.Option(help="Which candidate; needed only where there are several.")] = None,
    as_json: AsJson = False,
) -> None:
    """The remote record is the candidate: link it, as if it had been matched at once."""

    async def work(hub: App) -> ReviewView:
        async with hub.db.transaction() as tx:
            await wake_outbound(tx, hub.queue, rereads=True)
            return await link_review(tx, await record_types(tx), review_id=review, into=into, actor=actor())

    show(with_app(work), good("The remote record is linked to it now."), as_json=as_json)


@app.command()
def apart(review: Id, as_json: AsJson = False) -> None:
    """They are different records; from now on each goes its own way."""

    async def work(hub: App) -> ReviewView:
        async with hub.db.transaction() as tx:
            await wake_outbound(tx, hub.queue)
            return await keep_apart(tx, await record_types(tx), review_id=review, actor=actor())

    show(with_app(work), good("They stay two records; the pair is not asked about again."), as_json=as_json)


@app.command()
def split(review: Id, as_json: AsJson = False) -> None:
    """They are two after all: undo the merge or link of this review, and keep them apart from now on."""

    async def work(hub: App) -> ReviewView:
        async with hub.db.transaction() as tx:
            await wake_outbound(tx, hub.queue, rereads=True)
            return await split_review(tx, await record_types(tx), review_id=review, actor=actor())

    show(with_app(work), good("They are two records again, and stay apart."), as_json=as_json)


def _candidate(candidate: dict[str, Any]) -> RenderableType:
    rows = [(e.get("feature"), e.get("level"), e.get("ours"), e.get("theirs")) for e in candidate.get("evidence", ())]
    score = f", score {candidate['score']}" if "score" in candidate else ""
    title = f"{candidate['record_id']}: {candidate.get('verdict', '')}{score}"
    return table("evidence", "says", "here", "there", rows=rows, title=title)
