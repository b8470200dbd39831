"""merge, unmerge, split: two records of the hub become one after a look at what would move, and two again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.answers import confirm
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, show, table, tell
from hub.cli.session import actor, with_app
from hub.db.session import Tx
from hub.record.definition import RecordType
from hub.services import splitting
from hub.services.custom_fields import record_types
from hub.services.hub_merges import MergePreview, MergeView, Place, merge_pair, preview_merge
from hub.services.lookups import find_record
from hub.services.records import type_called
from hub.services.splitting import Split
from hub.services.unmerging import Unmerged
from hub.services.unmerging import unmerge as undo
from hub.services.waking import wake_outbound

RecordTypeName = Annotated[str, typer.Option("--type", help="Record type of both.")]


def merge(
    loser: Annotated[str, typer.Argument(metavar="LOSER", help="The record that goes: its id, or CONNECTION:ID.")],
    survivor: Annotated[str, typer.Argument(metavar="SURVIVOR", help="The record in which it lives on.")],
    record_type: RecordTypeName = "partner",
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would move.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask after showing it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Merge two records of the hub: links, references and missing values go over; unmerge undoes it."""

    async def look(hub: App) -> MergePreview:
        async with hub.db.transaction() as tx:
            kind, [gone, stays] = await _records(tx, hub, record_type, loser, survivor)
            return await preview_merge(tx, kind, loser=gone, survivor=stays)

    found = with_app(look)
    if preview:
        show(found, *_views(found), as_json=as_json)
        return
    if not as_json:
        tell(*_views(found))
    if found.refusal:
        raise CommandFailed(found.refusal, code="not-in-this-state")
    confirm("Merge the two?", yes=yes)

    async def work(hub: App) -> MergeView:
        async with hub.db.transaction() as tx:
            kind = type_called(await record_types(tx), record_type)
            await wake_outbound(tx, hub.queue, rereads=True)
            return await merge_pair(tx, kind, loser=found.loser, survivor=found.survivor, actor=actor())

    done = with_app(work)
    back = f"partnerhub unmerge {done.loser}{_type_option(record_type)} takes them apart again."
    show(done, good(f"{done.loser} lives on in {done.survivor}."), back, as_json=as_json)


def unmerge(
    loser: Annotated[str, typer.Argument(metavar="LOSER", help="The id of the record that was merged into another.")],
    record_type: RecordTypeName = "partner",
    as_json: AsJson = False,
) -> None:
    """Undo a merge: links, references and values go back unless they were changed since, which is named."""

    async def work(hub: App) -> Unmerged:
        async with hub.db.transaction() as tx:
            kind, [gone] = await _records(tx, hub, record_type, loser)
            await wake_outbound(tx, hub.queue, rereads=True)
            return await undo(tx, kind, loser=gone, actor=actor())

    done = with_app(work)
    values = ", ".join(done.values) or "no value"
    went = f"{done.links} links and {done.references} references went back; the survivor gave up {values}."
    left = [Text(f"Left alone: {sentence}", style="yellow") for sentence in done.left_alone]
    show(done, good(f"{done.loser} and {done.survivor} are two again."), went, *left, as_json=as_json)


def split(
    connection: Annotated[str, typer.Argument(help="Name of the connection.", show_default=False)],
    object_name: Annotated[str, typer.Argument(metavar="OBJECT", help="The remote object.", show_default=False)],
    remote_id: Annotated[str, typer.Argument(metavar="ID", help="The record's id there.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Give a remote record that was linked or merged by mistake a record of its own again."""

    async def work(hub: App) -> Split:
        async with hub.db.transaction() as tx:
            await wake_outbound(tx, hub.queue, rereads=True)
            return await splitting.split(
                tx,
                hub.shop,
                await record_types(tx),
                connection=connection,
                object_name=object_name,
                remote_id=remote_id,
                actor=actor(),
            )

    done = with_app(work)
    left = [Text(f"Left alone: {sentence}", style="yellow") for sentence in done.left_alone]
    text = f"{object_name} {remote_id} is {done.record_id} now, apart from {done.apart_from}."
    show(done, good(text), *left, as_json=as_json)


async def _records(tx: Tx, hub: App, record_type: str, *wanted: str) -> tuple[RecordType, list[UUID]]:
    kind = type_called(await record_types(tx), record_type)
    found = [await find_record(tx, hub.shop, record_type=record_type, reference=reference) for reference in wanted]
    return kind, found


def _type_option(record_type: str) -> str:
    return "" if record_type == "partner" else f" --type {record_type}"


def _views(found: MergePreview) -> list[RenderableType]:
    head = f"{found.loser_name} ({found.loser}) would live on in {found.survivor_name} ({found.survivor})."
    views: list[RenderableType] = [Text(head, style="bold")]
    if found.takes:
        views.append(table("the survivor takes over", "", rows=list(found.takes.items())))
    if found.differs:
        rows = [(d.field, d.survivor, d.loser) for d in found.differs]
        views.append(table("both have", "stays", "policy or conflict decides", rows=rows))
    if found.links:
        views.append(table("links that go over", "object", "id", rows=[_place(p) for p in found.links]))
    if found.references:
        counts = [(f"{r.record_type}.{r.field}", r.count - r.stay, r.stay) for r in found.references]
        views.append(table("references", "go over", "stay, the survivor has the same", rows=counts))
    views.append(f"{found.deliveries} deliveries and {found.conflicts} conflicts of it are open.")
    if found.twins:
        twins = [(*_place(p), p.twin) for p in found.twins]
        views.append(table("has both", "object", "id", "and", rows=twins))
    if found.refusal:
        views.append(bad(found.refusal))
    return views


def _place(place: Place) -> tuple[str, str, str]:
    return place.connection, place.object, place.remote_id
