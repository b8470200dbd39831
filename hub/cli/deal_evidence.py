"""The evidence on a registration, for those who decide: shown in short, as JSON, or as a page in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.deal_views import Id
from hub.cli.errors import CommandFailed
from hub.cli.output import AsJson, good, show, table
from hub.cli.session import actor, with_app
from hub.services.deals.evidence import evidence_pack
from hub.services.deals.evidence_pack import EvidencePack
from hub.services.deals.evidence_page import evidence_page


def evidence(
    registration: Id,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page to print to this file.")] = None,
    decision: Annotated[
        int | None, typer.Option(help="Number of an earlier decision; the last one without it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a decision rests on, then and now. It names rivals: never hand it to a partner."""

    async def work(hub: App) -> EvidencePack:
        async with hub.db.transaction() as tx:
            return await evidence_pack(
                tx,
                hub.desk,
                registration_id=registration,
                actor=actor(),
                form="html" if html else "json",
                decision_id=decision,
            )

    pack = with_app(work)
    if html is None:
        show(pack, *_views(pack), as_json=as_json)
        return
    _write(html, evidence_page(pack))
    show({"file": html}, good(f"{html} is written: open it in a browser, or print it."), as_json=as_json)


def _write(file: Path, page: str) -> None:
    """Readable by its owner alone: it names rivals and their prices."""
    try:
        file.touch(mode=0o600)
        file.write_text(page, encoding="utf-8")
    except OSError as exc:
        raise CommandFailed(f"{file} cannot be written: {exc.strerror}.", code="usage", exit_code=2) from None


def _views(pack: EvidencePack) -> list[RenderableType]:
    said = pack.decision
    head = f"{pack.name} ({pack.registration_id}): {said.verdict}, {said.step}, at {said.at:%Y-%m-%d %H:%M}"
    claims = [
        (c.partner, c.values["status"], c.values["eligible_at"], c.values["amount"], ", ".join(c.shared_lines), c.since)
        for c in pack.claims
    ]
    rules = [(r.rule, r.outcome, r.internal) for r in pack.rules]
    deals = [
        (o.values["name"], o.values["owner"], o.values["stage"], o.values["last_activity"], o.since)
        for o in pack.opportunities
    ]
    previous = [(p.at, p.partner, p.kind, p.reason_code, p.by) for p in pack.previous]
    return [
        Text(head, style="bold"),
        table("claim of", "status", "eligible", "amount", "common lines", "since then", rows=claims),
        table("rule", "outcome", "finding", rows=rules),
        table("opportunity", "owner", "stage", "last activity", "since then", rows=deals),
        table("decided before", "partner", "how", "reason", "by", rows=previous),
        "Everything is in --json and in the page that --html writes.",
    ]
