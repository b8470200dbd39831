"""Budgets: what is used of each account's limits, when it ends, and what it was used for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hub.api.connections import Name
from hub.api.door import V1, DoorOf, Viewer
from hub.services.budgets import BudgetView, show_budget

router = APIRouter(prefix=f"{V1}/budgets", tags=["budgets"])


@router.get("/{name}", summary="Show the budget of a connection's account")
async def show(_: Viewer, door: DoorOf, name: Name, days: Annotated[int, Query(ge=1, le=365)] = 7) -> BudgetView:
    return await show_budget(door.app.shop, name=name, days=days)
