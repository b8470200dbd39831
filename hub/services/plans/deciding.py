"""Proposing plans, and saying yes or no to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.db import audit, guards, plans
from hub.db.plans import StoredPlan
from hub.db.session import Tx
from hub.domain.plan import PlanItem, PlanKind
from hub.services.refusals import NotFound, NotNow


async def propose_plan(
    tx: Tx,
    *,
    connection_id: int,
    kind: PlanKind,
    items: Iterable[PlanItem],
    created_by: str,
    reason: str | None = None,
    options: Mapping[str, Any] | None = None,
    cursors: Mapping[str, Mapping[str, Sequence[str | None]]] | None = None,
    cost: Mapping[str, Any] | None = None,
    needs_second: bool = False,
) -> int:
    """A plan that is whole at once; returns its id.

    Items are applied in the order given. One that has a `reason` is left out from the start. `cursors` are
    {"in" | "out": {object: [where reading began, where it ended]}}: when the plan has been applied, a cursor that
    still stands where reading began goes on to where it ended. With `needs_second`, two people must say yes.
    """
    plan_id = await plans.start(
        tx,
        connection_id=connection_id,
        kind=kind,
        created_by=created_by,
        reason=reason,
        options=options,
        needs_second=needs_second,
    )
    await plans.add_items(tx, plan_id=plan_id, items=items)
    await plans.propose(tx, plan_id=plan_id, cursors=cursors, cost=cost)
    return plan_id


async def get_plan(tx: Tx, *, plan_id: int, lock: bool = False) -> StoredPlan:
    """Raises NotFound."""
    plan = await plans.by_id(tx, plan_id, lock=lock)
    if plan is None:
        raise NotFound(f"There is no plan {plan_id}.")
    return plan


async def approve_plan(tx: Tx, *, plan_id: int, actor: str) -> StoredPlan:
    """Say yes. A plan that needs a second person is approved when another one has said yes too.

    Raises NotFound, and NotNow (not proposed any more, or said yes by the same person before).
    """
    plan = await _proposed(tx, plan_id)
    if plan.needs_second and plan.approved_by is None:
        await plans.note_approval(tx, plan_id=plan_id, by=actor)
    elif plan.needs_second and plan.approved_by == actor:
        raise NotNow(f"Plan {plan_id} needs the word of a second person: {actor} has approved it already.")
    else:
        if plan.approved_by is None:
            await plans.note_approval(tx, plan_id=plan_id, by=actor)
        await plans.decide(tx, plan_id=plan_id, state="approved", by=actor)
    await _audit(tx, actor, "plan_approved", plan)
    return await get_plan(tx, plan_id=plan_id)


async def reject_plan(tx: Tx, *, plan_id: int, actor: str) -> StoredPlan:
    """Say no: nothing of it will be done. Raises NotFound, NotNow (decided already)."""
    plan = await get_plan(tx, plan_id=plan_id, lock=True)
    if plan.state not in ("proposed", "approved"):
        raise NotNow(f"Plan {plan_id} is {plan.state}; only one that waits can be rejected.")
    await plans.decide(tx, plan_id=plan_id, state="rejected", by=actor)
    hint = f"Plan {plan_id} was rejected by {actor}: the hub keeps its values, and this system its own."
    await guards.drop_held(tx, plan_id=plan_id, hint=hint)
    await _audit(tx, actor, "plan_rejected", plan)
    return await get_plan(tx, plan_id=plan_id)


async def _proposed(tx: Tx, plan_id: int) -> StoredPlan:
    plan = await get_plan(tx, plan_id=plan_id, lock=True)
    if plan.state != "proposed":
        raise NotNow(f"Plan {plan_id} is {plan.state}; only one that is proposed can be approved.")
    return plan


async def _audit(tx: Tx, actor: str, action: str, plan: StoredPlan) -> None:
    detail = {"connection": plan.connection, "kind": plan.kind, "digest": plan.digest}
    await audit.note(tx, actor=actor, action=action, subject=str(plan.id), detail=detail)
