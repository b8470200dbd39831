"""budget: how much of an account's limits is used, when they end, and what each mapping costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from hub.app import App
from hub.cli.output import AsJson, bad, show, table
from hub.cli.session import with_app
from hub.services.budgets import BudgetView, CallsView, LimitView, all_budgets, show_budget


def budget(
    name: Annotated[str | None, typer.Argument(help="Name of the connection; all without it.")] = None,
    days: Annotated[int, typer.Option(help="Days of calls to show, today included.", min=1, max=365)] = 7,
    as_json: AsJson = False,
) -> None:
    """Show what is used of the limits of each account, when the day's quota ends, and what the calls were for."""

    async def work(app: App) -> list[BudgetView]:
        return [await show_budget(app.shop, name=name, days=days)] if name else await all_budgets(app.shop)

    found = with_app(work)
    views = [view for each in found for view in _views(each)]
    data = found[0] if name else found
    show(data, *(views or ["There is no connection yet: partnerhub connect SYSTEM NAME makes one."]), as_json=as_json)


def warnings(found: Sequence[BudgetView]) -> list[RenderableType]:
    """One line for each quota that ends before the vendor begins to count anew."""
    return [bad(f"{view.connection}: {warning}") for view in found for warning in view.warnings]


def _views(view: BudgetView) -> list[RenderableType]:
    rows = [(_name(limit), f"{limit.used:,}", f"{limit.amount:,}") for limit in view.limits]
    left = f"; {view.reserve_percent} % are left to people and others" if view.reserve_percent else ""
    title = f"{view.connection}: account {view.account_id} of {view.system}{left}"
    views: list[RenderableType] = [Text(title), table("limit", "used", "of", rows=rows)]
    views += [
        (bad if limit.forecast and limit.forecast.is_short else Text)(limit.sentence)
        for limit in view.limits
        if limit.sentence
    ]
    if view.calls:
        views += ["", _costs(view.calls)]
    return [*views, ""]


def _name(limit: LimitView) -> str:
    pool = f" ({limit.pool})" if limit.pool else ""
    return f"{limit.kind}{pool}" if limit.kind == "daily" else f"{limit.kind}{pool}, in {limit.per_seconds:g} s"


def _costs(calls: Sequence[CallsView]) -> RenderableType:
    rows = [(c.day, c.object or "–", c.purpose, f"{c.calls:,}") for c in calls]
    return table("day", "object", "calls for", "calls", rows=rows)
