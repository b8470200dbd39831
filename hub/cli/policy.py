"""The policy of deal registration: checked as a file, and tried with the cases beside it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.issues import issue_lines
from hub.cli.output import AsJson, bad, good, progress, show, table
from hub.cli.session import with_app
from hub.files.issues import Issue
from hub.policy import SHIPPED, PolicyError, load_policy
from hub.policy.cases import Tried, cases_beside, load_cases, try_case
from hub.services.deals.replaying import Replay, replay

app = typer.Typer(help="The rules by which deal registrations are judged.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(metavar="[FILE]", help="The policy; the shipped one without any.")]


@app.command()
def check(file: File = SHIPPED, as_json: AsJson = False) -> None:
    """Find unknown names, contradictions, rules and variants that are never used. Ends with 1 when there is a fault."""
    issues: tuple[Issue, ...]
    try:
        loaded = load_policy(file)
    except PolicyError as exc:
        show({"ok": False, "issues": exc.issues}, *issue_lines(exc.issues), as_json=as_json)
        raise typer.Exit(1) from None
    issues, policy = loaded.warnings, loaded.policy
    verdict = good(f"{file.name} checked: good. Edition {policy.version}, {len(policy.rules)} rules,"
                   f" {len(policy.custom)} of its own.")  # fmt: skip
    data = {"ok": True, "edition": policy.version, "issues": issues}
    show(data, *issue_lines(issues), verdict, as_json=as_json)


@app.command("test")
def try_cases(
    file: File = SHIPPED,
    cases: Annotated[
        Path | None, typer.Option(help="File with the cases; NAME.cases.yaml beside the policy without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Judge every case of the file by the policy and compare. Ends with 1 when one comes out otherwise."""
    policy = load_policy(file).policy
    tried = [try_case(policy, case) for case in load_cases(cases or cases_beside(file))]
    failed = [case for case in tried if case.differences]
    verdict = (
        bad(f"{len(failed)} of {len(tried)} cases come out otherwise.")
        if failed
        else good(f"{len(tried)} cases come out as expected.")
    )
    lines = [line for case in failed for line in _lines(case)]
    show({"ok": not failed, "edition": policy.version, "cases": tried}, *lines, verdict, as_json=as_json)
    if failed:
        raise typer.Exit(1)


@app.command("replay")
def replay_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The policy to try.", show_default=False)],
    days: Annotated[int, typer.Option(min=1, max=3660, help="Days to go back; a quarter without it.")] = 92,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most to show one by one; --json has them all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Judge the screenings of the last days again by another policy, and show which come out otherwise, and why."""
    policy = load_policy(file).policy

    async def work(hub: App) -> Replay:
        async with hub.db.transaction() as tx:
            since = await tx.now() - timedelta(days=days)
        with progress() as bars:
            bar = bars.add_task("Judging again", total=None)
            return await replay(hub.db, policy, since=since, listener=lambda n: bars.update(bar, completed=n))

    found = with_app(work)
    show(found, *_replayed(found, limit), as_json=as_json)


def _replayed(found: Replay, limit: int) -> list[RenderableType]:
    count = len(found.otherwise)
    views: list[RenderableType] = []
    if count:
        rows = [
            (f"{o.at:%Y-%m-%d}", o.partner, o.name, o.way, o.status, o.why, o.registration_id)
            for o in found.otherwise[:limit]
        ]
        views.append(table("at", "partner", "registration", "was → would", "now", "because", "id", rows=rows))
        if count > limit:
            views.append(f"{count - limit} more: --limit, or --json.")
        views.append(table("was → would", "registrations", rows=list(found.ways.items())))
        views.append(table("rule that makes the difference", "registrations", rows=list(found.causes.items())))
    share = f" ({count / found.looked_at:.0%})" if found.looked_at else ""
    views.append(
        Text(f"{count} of {found.looked_at}{share} are decided otherwise under {found.edition}.", style="bold")
    )
    if found.same_way:
        views.append(f"{found.same_way} more get another verdict and go the same way.")
    return views


def _lines(case: Tried) -> list[Text]:
    head = Text.assemble((f"{case.file}:{case.line} ", "bold"), case.name)
    return [head, *(Text(f"  {difference}") for difference in case.differences), Text(f"  because: {case.explain}")]
