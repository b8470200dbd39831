"""Pruning: what the ledger keeps only for so long. Records, changes, links and the audit trail are never pruned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hub.db import pruning
from hub.db.session import Database
from hub.services.counts import Counts

_ROWS_A_STEP = 5_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows are kept after they came to their end; None: for ever."""

    deliveries: timedelta | None
    inbox: timedelta | None
    runs: timedelta | None
    submissions: timedelta | None


async def prune(db: Database, retention: Retention, *, stop: Callable[[], bool] = lambda: False) -> Counts:
    """Take away what is older, a step a transaction; returns how many rows went. `stop` is asked between two steps.

    Deliveries that are open or dead, runs that anything names, and the last good run of each kind stay, however old.
    """
    counts = Counts()
    for name, take, older_than in (
        ("deliveries", pruning.deliveries, retention.deliveries),
        ("inbox", pruning.inbox, retention.inbox),
        ("runs", pruning.runs, retention.runs),
        ("submissions", pruning.submissions, retention.submissions),
    ):
        after: int | None = 0 if older_than is not None else None
        while after is not None and older_than is not None and not stop():
            async with db.transaction() as tx:
                pruned = await take(tx, after=after, older_than=older_than, limit=_ROWS_A_STEP)
            counts[name] += pruned.rows
            after = pruned.last
    return counts
