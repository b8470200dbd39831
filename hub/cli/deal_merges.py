"""Two registrations of one partner become one after a look at what would move, and two again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.answers import confirm
from hub.cli.deal_views import Id, change
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, show, table, tell
from hub.cli.session import actor, with_app
from hub.services.deals import merging
from hub.services.deals.merging import DealMergePreview, DealsUnmerged
from hub.services.deals.reviewing import look_again_soon
from hub.services.waking import wake_outbound

Into = Annotated[UUID, typer.Argument(metavar="EARLIER", help="The earlier one, in which it lives on.")]


def merge(
    registration: Id,
    into: Into,
    take: Annotated[
        list[str] | None, typer.Option(help="A field that only the later one has, to be taken over; may be repeated.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would move.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask after showing it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Merge a registration into an earlier one of the same partner; unmerge undoes it."""

    async def look(hub: App) -> DealMergePreview:
        async with hub.db.transaction() as tx:
            return await merging.preview_merge(tx, registration_id=registration, into=into)

    found = with_app(look)
    if preview:
        show(found, *_views(found), as_json=as_json)
        return
    if not as_json:
        tell(*_views(found))
    if found.refusal:
        raise CommandFailed(found.refusal, code="not-in-this-state")
    confirm("Merge the two?", yes=yes)
    change(registration, lambda place: merging.merge(**place, into=into, take=take or ()), as_json=as_json)


def unmerge(registration: Id, as_json: AsJson = False) -> None:
    """Undo a merge: parts and values go back unless they were changed since, and it is judged again."""

    async def work(hub: App) -> DealsUnmerged:
        async with hub.db.transaction() as tx:
            done = await merging.unmerge(tx, hub.desk, registration_id=registration, actor=actor())
            await wake_outbound(tx, hub.queue)
        await look_again_soon(hub.db, hub.desk)
        return done

    done = with_app(work)
    went = f"{done.references} references went back; the survivor gave up {', '.join(done.values) or 'no value'}."
    left = [Text(f"Left alone: {sentence}", style="yellow") for sentence in done.left_alone]
    show(done, good(f"{done.loser} and {done.survivor} are two again."), went, *left, as_json=as_json)


def _views(found: DealMergePreview) -> list[RenderableType]:
    views: list[RenderableType] = [Text(f"{found.loser} would live on in {found.survivor}.", style="bold")]
    if found.offers:
        views.append(table("only the later has (--take)", "", rows=list(found.offers.items())))
    if found.differs:
        rows = [(name, earlier, later) for name, (earlier, later) in found.differs.items()]
        views.append(table("both have", "stays", "is left", rows=rows))
    moves = [(name, found.moves.get(name, 0), found.stays.get(name, 0)) for name in found.moves | found.stays]
    views.append(table("parts", "go over", "stay, the earlier has its own", rows=moves))
    if found.refusal:
        views.append(bad(found.refusal))
    return views


COMMANDS = (merge, unmerge)
