"""How each account's budget stands: what is used, when it ends, and what each mapping costs a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hub.budget import Standing
from hub.db import connections, usage
from hub.db.connections import StoredConnection
from hub.db.vault import SecretUnreadable
from hub.domain.forecast import Forecast, Sample, foretell, next_reset
from hub.registry import ConnectorMissing
from hub.services.connections import ConnectionRefused, Workshop, connected, find_connection


@dataclass(frozen=True, slots=True)
class LimitView:
    """One limit of the account, used by everybody together. `forecast` only of a daily limit."""

    kind: str
    pool: str
    per_seconds: float
    amount: int
    used: int
    forecast: Forecast | None
    sentence: str | None


@dataclass(frozen=True, slots=True)
class CallsView:
    """Calls of this connection on one day (UTC); what belongs to no object has an empty one."""

    day: date
    object: str
    purpose: str
    calls: int


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A connection's account, and what the connection has used of it."""

    connection: str
    system: str
    account_id: str
    reserve_percent: int
    limits: tuple[LimitView, ...]
    calls: tuple[CallsView, ...]

    @property
    def warnings(self) -> list[str]:
        """Quotas that end before the vendor begins to count anew."""
        return [v.sentence for v in self.limits if v.sentence and v.forecast and v.forecast.is_short]


async def show_budget(shop: Workshop, *, name: str, days: int = 7) -> BudgetView:
    """Raises ConnectionUnknown, ConnectorMissing, ConnectionRefused, SecretUnreadable."""
    stored = await find_connection(shop, name)
    async with shop.db.transaction() as tx:
        now = await tx.now()
        rows = await usage.by_day(tx, connection_id=stored.id, days=days)
    calls = tuple(CallsView(**row) for row in rows)
    return await _view(shop, stored, now, calls)


async def all_budgets(shop: Workshop) -> list[BudgetView]:
    """Of every connection that can be opened, without what its calls were for."""
    async with shop.db.transaction() as tx:
        now = await tx.now()
        found = await connections.all_of(tx)
    views = []
    for stored in found:
        try:
            views.append(await _view(shop, stored, now, ()))
        except (ConnectorMissing, ConnectionRefused, SecretUnreadable):
            continue  # status says what is wrong with it
    return views


async def _view(shop: Workshop, stored: StoredConnection, now: datetime, calls: tuple[CallsView, ...]) -> BudgetView:
    async with connected(shop, stored):  # tells the account's limits; no request is made
        budget = shop.budget_of(stored)
        uses: Sequence[Standing] = await budget.standing() if budget else ()
    return BudgetView(
        connection=stored.name,
        system=stored.system,
        account_id=stored.account_id or stored.name,
        reserve_percent=round((budget.reserve if budget else 0) * 100),
        limits=tuple(_limit(use, now) for use in uses if use.limit.kind != "concurrency"),
        calls=calls,
    )


def _limit(use: Standing, now: datetime) -> LimitView:
    limit = use.limit
    forecast = None
    if limit.kind == "daily":
        forecast = foretell(
            used=use.used,
            amount=use.amount,
            samples=[Sample(datetime.fromtimestamp(at, UTC), used) for at, used in use.noted],
            now=now,
            resets_at=next_reset(now, rolling=limit.rolling, seconds=limit.per_seconds),
        )
    return LimitView(
        kind=limit.kind,
        pool=limit.pool,
        per_seconds=limit.per_seconds,
        amount=use.amount,
        used=use.used,
        forecast=forecast,
        sentence=_sentence(forecast) if forecast else None,
    )


def _sentence(forecast: Forecast) -> str:
    used = f"{forecast.used:,} of {forecast.amount:,} calls are used"
    if forecast.ends_at is None:
        return f"{used}, and the day's quota does not end at this pace."
    ends = f"{forecast.ends_at:%H:%M}" if forecast.is_short else f"{forecast.ends_at:%Y-%m-%d %H:%M}"
    return f"The day's quota ends at {ends} UTC: {used}, {forecast.per_hour:,.0f} an hour lately."
