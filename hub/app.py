"""The application: everything a door or a worker needs, opened once and closed in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path

from config.secret_keys import secret_keys
from config.settings import Settings
from hub.budget import Budgets, ConnectionBudget, Failures, Meter, open_budgets
from hub.db import migrate
from hub.db.connections import StoredConnection
from hub.db.session import Database
from hub.db.vault import Vault
from hub.domain.matching import Weights
from hub.engines import Engines, start_engines, stop_engines
from hub.policy import SHIPPED, load_policy
from hub.queue import Queue, open_queue
from hub.services.connection_options import reserve_of
from hub.services.connections import Workshop
from hub.services.deals.candidates import KeyCandidates
from hub.services.deals.desk import Desk
from hub.services.match_weights import load_weights
from hub.services.pruning import Retention
from hub.services.usage import kept_usage

MAPPINGS = Path(__file__).parent.parent / "mappings"

# Every job of a worker may hold one connection and need a second one (a lock held while a token is saved).
_DATABASE_CONNECTIONS = 28


@dataclass(frozen=True)
class App:
    """The opened application. `shop` opens connections; `db` begins transactions; `queue` wakes the workers."""

    settings: Settings
    engines: Engines
    db: Database
    shop: Workshop
    queue: Queue
    failures: Failures = field(default_factory=Failures)

    @cached_property
    def desk(self) -> Desk:
        """Where deal registrations are judged, by the policy of the settings or the shipped one. Raises PolicyError."""
        return Desk(load_policy(self.settings.deal_policy or SHIPPED).policy, KeyCandidates(weights=self.weights))

    @property
    def weights(self) -> Weights:
        """What evidence weighs in matching: the file of the settings, or the shipped one."""
        return self.shop.weights

    @property
    def retention(self) -> Retention:
        """How long the ledger keeps what came to its end."""
        kept = self.settings
        return Retention(
            deliveries=_days(kept.keep_deliveries_days),
            inbox=_days(kept.keep_inbox_days),
            runs=_days(kept.keep_runs_days),
            submissions=_days(kept.keep_submissions_days),
        )


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Start or reach the engines, bring the schema up to date, open the pool.

    Raises EngineUnavailable (hub.engines), SchemaUnfit (hub.db.migrate) and, for a file of match weights that cannot be
    used, NotFound or Invalid (hub.services.refusals), with one sentence for the operator.
    """
    weights = load_weights(settings.match_weights)
    engines = await asyncio.to_thread(
        start_engines, home=settings.home, database_url=settings.database_url, redis_url=settings.redis_url
    )
    try:
        await asyncio.to_thread(migrate.upgrade, engines.database_url)
        async with (
            Database(engines.database_url, max_size=_DATABASE_CONNECTIONS) as db,
            open_queue(engines.redis_url) as queue,
            open_budgets(engines.redis_url) as budgets,
            kept_usage(db) as meter,
        ):
            yield App(
                settings=settings,
                engines=engines,
                db=db,
                shop=Workshop(
                    db=db,
                    vault=Vault(secret_keys(settings)),
                    mappings=MAPPINGS,
                    budget_of=partial(_budget_of, budgets, meter),
                    weights=weights,
                ),
                queue=queue,
                failures=budgets.failures(),
            )
    finally:
        await asyncio.to_thread(stop_engines, engines)


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None


def _budget_of(budgets: Budgets, meter: Meter, stored: StoredConnection) -> ConnectionBudget:
    account = budgets.of(system=stored.system, account_id=stored.account_id or stored.name)
    return ConnectionBudget(account, meter, connection_id=stored.id, reserve=reserve_of(stored.options))
