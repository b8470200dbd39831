"""Plans and their items as the doors show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.db import plans
from hub.db.plans import StoredItem, StoredPlan
from hub.db.session import Tx
from hub.domain.plan import Action, Direction, ItemState, PlanKind, PlanState
from hub.services.plans.deciding import get_plan


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan in numbers.

    `counts`: {direction: {object: {actions: {action: n}, fields: {field: {set, change, null}}}}}, and under `seen` how
    many records of each object were read, were as they had been, and were compared. `options` say what it was made
    from, and what was allowed when it was applied.
    """

    id: int
    connection: str
    kind: PlanKind
    state: PlanState
    digest: str | None
    reason: str | None
    options: dict[str, Any]
    counts: dict[str, Any]
    cost: dict[str, Any]
    needs_second: bool
    run_id: int | None
    created_by: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    applied_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One record of a plan. `fields`: name → [before, after]; `reason` says why it was or will be skipped."""

    id: int
    direction: Direction
    object: str
    record_type: str
    action: Action
    remote_id: str | None
    record_id: UUID | None
    fields: dict[str, list[Any]]
    detail: dict[str, Any]
    state: ItemState
    reason: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many items of a kind were applied or are still planned, or were skipped for one reason."""

    direction: Direction
    object: str
    action: Action
    state: ItemState
    reason: str | None
    n: int


@dataclass(frozen=True, slots=True)
class WholePlan:
    """A plan with a few items of each kind, and what became of all of them."""

    plan: PlanView
    samples: list[ItemView]
    outcome: list[Outcome]


async def show_plan(tx: Tx, *, plan_id: int, each: int = 3) -> WholePlan:
    """With so many samples of each direction, object and action. Raises NotFound."""
    plan = await get_plan(tx, plan_id=plan_id)
    return WholePlan(
        view_of(plan),
        [_item(item) for item in await plans.samples(tx, plan_id=plan_id, each=each)],
        [Outcome(**row) for row in await plans.outcome(tx, plan_id=plan_id)],
    )


async def list_plans(
    tx: Tx,
    *,
    connection_id: int | None = None,
    states: Collection[PlanState] | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[PlanView]:
    """Newest first, before an id."""
    found = await plans.listing(tx, connection_id=connection_id, states=states, before=before, limit=limit)
    return [view_of(plan) for plan in found]


async def list_items(
    tx: Tx,
    *,
    plan_id: int,
    direction: Direction | None = None,
    object_name: str | None = None,
    action: Action | None = None,
    state: ItemState | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[ItemView]:
    """In the order in which they are applied, after an id. Raises NotFound."""
    await get_plan(tx, plan_id=plan_id)
    found = await plans.items(
        tx,
        plan_id=plan_id,
        direction=direction,
        object_name=object_name,
        action=action,
        state=state,
        after=after,
        limit=limit,
    )
    return [_item(item) for item in found]


def view_of(plan: StoredPlan) -> PlanView:
    return PlanView(**_named(PlanView.__dataclass_fields__, plan))


def _item(item: StoredItem) -> ItemView:
    return ItemView(**_named(ItemView.__dataclass_fields__, item))


def _named(names: Mapping[str, object], stored: object) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in names}
