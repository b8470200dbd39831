"""Conflicts: listed with what hangs on them, shown with their authors, decided one or many, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal
from uuid import UUID

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.answers import confirm, json_or_text
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, bad, good, plain, progress, show, table
from hub.cli.session import actor, with_app
from hub.services.conflicts import Author, ConflictView, Filter, get_conflict, list_conflicts
from hub.services.connection_care import connection_id_of
from hub.services.custom_fields import record_types
from hub.services.deciding import NEEDS_SECOND, Decision, Outcome, resolve_conflict, resolve_conflicts
from hub.services.deciding_many import Progress, decide_always, decide_matching
from hub.services.field_policies import PolicyName
from hub.services.reopening import reopen_conflict
from hub.services.waking import wake_outbound

app = typer.Typer(help="Fields that two sides changed to different values.", no_args_is_help=True)

Id = Annotated[int, typer.Argument(metavar="ID", help="Number of the conflict.", show_default=False)]
Connection = Annotated[str | None, typer.Option(help="Only with this connection.")]
Object = Annotated[str | None, typer.Option("--object", help="Only of this remote object.")]
Field = Annotated[str | None, typer.Option(help="Only of this field.")]
Record = Annotated[UUID | None, typer.Option(help="Only of this record, by its id in the hub.")]


@app.command("list")
def list_(
    connection: Connection = None,
    object_name: Object = None,
    field: Field = None,
    record: Record = None,
    state: Annotated[Literal["open", "resolved"], typer.Option(help="Open ones, or those decided.")] = "open",
    limit: Annotated[int, typer.Option(help="How many, oldest first.", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List conflicts with their values, who wrote them, and the partner they concern."""

    async def work(hub: App) -> list[ConflictView]:
        async with hub.db.transaction() as tx:
            return await list_conflicts(
                tx,
                state=state,
                connection_id=await connection_id_of(tx, connection),
                object_name=object_name,
                record_id=record,
                field=field,
                limit=limit,
            )

    found = with_app(work)
    columns = ("id", "record", "field", "before", "the hub has", "from", "it has there", "where", "decided")
    rows = [_row(c) for c in found]
    show(found, table(*columns, rows=rows) if rows else f"There is no {state} conflict.", as_json=as_json)


@app.command("show")
def show_(conflict: Id, as_json: AsJson = False) -> None:
    """Show one conflict: its values, who wrote each and when, and what hangs on the record."""

    async def work(hub: App) -> ConflictView:
        async with hub.db.transaction() as tx:
            return await get_conflict(tx, conflict_id=conflict)

    found = with_app(work)
    show(found, *_views(found), as_json=as_json)


@app.command()
def resolve(
    conflicts: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers of conflicts.", show_default=False)
    ] = None,
    take: Annotated[str, typer.Option(help="ours (the hub's), theirs (the system's), or another value.")] = "",
    always: Annotated[
        bool, typer.Option("--always", help="Also for all conflicts of this field to come: a field policy.")
    ] = False,
    policy: Annotated[
        PolicyName | None, typer.Option(help="With --always and theirs: system_of_record instead of prefer_remote.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every open conflict that the options below leave.")
    ] = False,
    connection: Connection = None,
    object_name: Object = None,
    field: Field = None,
    record: Record = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before many are decided.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decide one conflict, several, or all that fit; every system then gets the value."""
    decision = _decision(take)
    filtered = everything or any((connection, object_name, field, record))
    if bool(conflicts) == filtered:
        raise CommandFailed(
            "Say which: numbers, or --connection, --object, --field, --record or --all.", code="usage", exit_code=2
        )
    if (always or policy) and (filtered or len(conflicts or ()) != 1 or not always):
        raise CommandFailed("--always and --policy go with one conflict and --take.", code="usage", exit_code=2)
    if filtered:
        confirm("Decide every open conflict that fits?", yes=yes)
        outcomes = with_app(lambda hub: _by_filter(hub, decision, connection, object_name, field, record))
    elif always and conflicts:
        outcomes = with_app(lambda hub: _always(hub, conflicts[0], decision, policy))
        outcomes = [Outcome(conflicts[0], True), *outcomes]
    elif conflicts and len(conflicts) == 1:
        _one(conflicts[0], decision, as_json)
        return
    else:
        outcomes = with_app(lambda hub: _by_numbers(hub, conflicts or [], decision))
    _tell(outcomes, as_json)


@app.command()
def reopen(conflict: Id, as_json: AsJson = False) -> None:
    """Take a decision back: the value goes back unless somebody changed it since, and the conflict is open again."""

    async def work(hub: App) -> ConflictView:
        async with hub.db.transaction() as tx:
            types = await record_types(tx)
            await wake_outbound(tx, hub.queue)
            return await reopen_conflict(tx, types, conflict_id=conflict, actor=actor())

    found = with_app(work)
    show(found, *_views(found), as_json=as_json)


def _one(conflict: int, decision: Decision, as_json: bool) -> None:
    async def work(hub: App) -> ConflictView:
        async with hub.db.transaction() as tx:
            types = await record_types(tx)
            await wake_outbound(tx, hub.queue)
            await resolve_conflict(tx, types, conflict_id=conflict, decision=decision, actor=actor())
            return await get_conflict(tx, conflict_id=conflict)

    decided = with_app(work)
    text = f"Decided for {decided.resolution}; it leaves now by a running hub, or by partnerhub sync."
    if decided.state == "open":
        text = NEEDS_SECOND
    show(decided, good(text), as_json=as_json)


async def _always(hub: App, conflict: int, decision: Decision, policy: PolicyName | None) -> list[Outcome]:
    with _counting() as told:
        return await decide_always(
            hub.db, hub.queue, conflict_id=conflict, decision=decision, policy=policy, actor=actor(), progress=told
        )


@contextmanager
def _counting() -> Iterator[Progress]:
    with progress() as bars:
        task = bars.add_task("conflicts", total=None)

        async def told(done: int) -> None:
            bars.update(task, completed=done)

        yield told


async def _by_numbers(hub: App, ids: list[int], decision: Decision) -> list[Outcome]:
    async with hub.db.transaction() as tx:
        types = await record_types(tx)
        await wake_outbound(tx, hub.queue)
        return await resolve_conflicts(tx, types, ids=ids, decision=decision, actor=actor())


async def _by_filter(
    hub: App,
    decision: Decision,
    connection: str | None,
    object_name: str | None,
    field: str | None,
    record: UUID | None,
) -> list[Outcome]:
    async with hub.db.transaction() as tx:
        wanted = Filter("open", await connection_id_of(tx, connection), object_name, field, record)
    with _counting() as told:
        return await decide_matching(hub.db, hub.queue, wanted=wanted, decision=decision, actor=actor(), progress=told)


def _decision(take: str) -> Decision:
    if not take:
        raise CommandFailed("Say what to take: --take ours, theirs or another value.", code="usage", exit_code=2)
    if take == "ours":
        return Decision("ours")
    return Decision("theirs") if take == "theirs" else Decision("value", json_or_text(take))


def _tell(outcomes: list[Outcome], as_json: bool) -> None:
    refused = [o for o in outcomes if not o.resolved]
    done = len(outcomes) - len(refused)
    views: list[RenderableType] = [good(f"{done} decided; they leave now by a running hub, or by partnerhub sync.")]
    if refused:
        views += [bad(f"{len(refused)} not decided:"), table("id", "why", rows=[(o.id, o.reason) for o in refused])]
    data = {"resolved": done, "refused": len(refused), "outcomes": outcomes}
    show(data, *views, as_json=as_json)
    if refused:
        raise typer.Exit(1)


def _row(c: ConflictView) -> tuple[object, ...]:
    where = f"{c.connection} {c.object} {c.remote_id}"
    record = f"{c.record_type} {c.context.name or ''}".strip()
    decided = f"{c.resolution}, by {c.resolved_by}" if c.resolution else ""
    return c.id, record, c.field, c.base, c.ours, _writer(c.ours_written), c.theirs, where, decided


def _views(c: ConflictView) -> list[RenderableType]:
    rows = [
        ("record", f"{c.record_type} {c.context.name or ''} ({c.record_id})"),
        ("field", c.field),
        ("agreed on before", c.base),
        ("the hub has", c.ours),
        ("  written by", _written(c.ours_written)),
        (f"{c.connection} has", c.theirs),
        ("  written by", _written(c.theirs_written)),
        ("where", f"{c.object} {c.remote_id}"),
        ("rule", c.rule),
        ("state", _state(c)),
        ("since", c.created_at),
    ]
    views: list[RenderableType] = [table("", "", rows=rows), *_context(c)]
    if c.state == "open":
        views.append(f"Decide: partnerhub conflicts resolve {c.id} --take ours, theirs or another value.")
    elif c.choice:
        views.append(f"Take it back: partnerhub conflicts reopen {c.id}.")
    return views


def _state(c: ConflictView) -> str:
    if c.state == "open":
        return "open again, its decision was undone" if c.reopened else "open"
    return f"{c.resolution}, by {c.resolved_by}"


def _context(c: ConflictView) -> list[RenderableType]:
    partner, views = c.context.partner, list[RenderableType]()
    if partner:
        about = ", ".join(filter(None, (partner.name, partner.tier, partner.status)))
        views.append(Text(f"Partner: {about}"))
    for deals in c.context.deals:
        worth = f", {plain(deals.amount)} {deals.currency}" if deals.currency else ", without an amount"
        views.append(Text(f"Open: {deals.count} {deals.record_type}{worth}"))
    if c.context.elsewhere:
        rows = [(e.connection, e.object, e.remote_id, e.value, e.as_of) for e in c.context.elsewhere]
        views += ["", table("elsewhere", "object", "id", "it has", "as of", rows=rows), ""]
    return views


def _writer(author: Author | None) -> str:
    return (author.connection or author.actor or "") if author else ""


def _written(author: Author | None) -> str:
    if author is None:
        return "nobody known"
    who = ", ".join(filter(None, (author.actor, author.connection))) or "nobody known"
    when = f"at {plain(author.at)}" if author.at else f"seen at {plain(author.seen_at)}"
    run = f", in run {author.run_id}" if author.run_id else ""
    rule = f", by {author.rule}" if author.rule else ""
    return f"{who}, {when}{run}{rule}"
