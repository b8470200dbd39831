"""prune: take away what the ledger keeps only for so long, now."""

from __future__ import annotations

from hub.app import App
from hub.cli.output import AsJson, good, show, waiting
from hub.cli.session import with_app
from hub.services.counts import Counts
from hub.services.pruning import prune as prune_now


def prune(as_json: AsJson = False) -> None:
    """Take away ended deliveries, webhook events and runs that are older than the settings allow; workers do so too."""

    async def work(app: App) -> Counts:
        with waiting("Pruning …"):
            return await prune_now(app.db, app.retention)

    counts = with_app(work)
    said = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "Nothing"
    show(counts, good(f"{said} taken away."), as_json=as_json)
