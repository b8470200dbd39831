"""Building a plan: read both sides, work everything out in one transaction, keep what it did, and roll it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from hub.budget import ConnectionBudget, Standing
from hub.db import audit, changes, cursors, leases, plans, runs
from hub.db.connections import StoredConnection
from hub.db.leases import Lease
from hub.db.plans import StoredPlan
from hub.db.session import Database, Tx
from hub.domain.plan import PlanItem
from hub.sdk.errors import RemoteError
from hub.services.counts import Counts
from hub.services.objects import ObjectSync, OpenConnection, chosen_objects, mapping_digests
from hub.services.plans.cost import cost_of
from hub.services.plans.deciding import get_plan
from hub.services.plans.foreseeing import take_over
from hub.services.plans.leasing import LEASE, plan_leased
from hub.services.plans.outgoing import compare_all, takes_writes
from hub.services.plans.reading import Listener, Looked, look_through
from hub.services.plans.repairing import foresee_repairs, look_at_found
from hub.services.refusals import NotNow, Refusal, invalid


async def request_plan(
    tx: Tx, stored: StoredConnection, *, objects: Sequence[str] = (), full: bool = False, actor: str
) -> int:
    """A plan to be built, of a sync of these objects (all without any); older ones that wait are superseded.

    Raises Invalid: the first plan of a connection covers all of its objects.
    """
    if objects and stored.begun_at is None:
        raise invalid("object", f"the first plan of {stored.name} covers all of its objects")
    plan_id = await plans.start(
        tx,
        connection_id=stored.id,
        kind="sync",
        created_by=actor,
        options={"objects": list(objects), "full": full, "first": stored.begun_at is None},
    )
    await plans.supersede(
        tx, connection_id=stored.id, kind="sync", by=plan_id, reason=f"Plan {plan_id} has taken its place."
    )
    await audit.note(tx, actor=actor, action="plan_requested", subject=str(plan_id), detail={"connection": stored.name})
    return plan_id


async def build_plan(
    db: Database,
    connection: OpenConnection,
    *,
    plan_id: int,
    owner: str,
    budget: ConnectionBudget | None,
    listener: Listener,
) -> StoredPlan:
    """Build a requested plan, or build anew what a dead process left unfinished.

    Nothing but the plan is written, neither here nor there. Raises NotNow (another process builds it, it was built or
    overtaken), Invalid (no such object), LeaseLost, and RemoteErrors, after which the plan has failed.
    """
    async with plan_leased(db, plan_id=plan_id, owner=owner) as lease:
        async with db.transaction() as tx:
            plan = await get_plan(tx, plan_id=plan_id, lock=True)
            if plan.state != "building":
                raise NotNow(f"Plan {plan_id} is {plan.state}; only one that is being built can be built.")
            await plans.forget_items(tx, plan_id=plan_id)
        try:
            building = _Building(db, connection.creating(), plan, lease, listener)
            await building.build(budget)
        except (RemoteError, Refusal) as exc:
            async with db.transaction() as tx:
                await plans.change_state(tx, plan_id=plan_id, state="failed", reason=str(exc))
            raise
    async with db.transaction() as tx:
        return await get_plan(tx, plan_id=plan_id)


class _Enough(Exception):
    """Rolls the transaction back."""


class _Building:
    """One plan under way."""

    def __init__(
        self, db: Database, connection: OpenConnection, plan: StoredPlan, lease: Lease, listener: Listener
    ) -> None:
        self.db, self.connection, self.plan, self.lease, self.listener = db, connection, plan, lease, listener
        self.objects = chosen_objects(connection, plan.options.get("objects", ()))
        self.looked: dict[str, Looked] = {}
        self.seen: dict[str, Counts] = {}

    async def build(self, budget: ConnectionBudget | None) -> None:
        try:
            for sync in self.objects:
                self.looked[sync.name] = looked = await self._look(sync)
                self.seen[sync.name] = looked.counts
            head, began = await self._rehearse()
        finally:
            for looked in self.looked.values():
                looked.spill.close()
        standings = await budget.standing() if budget else []
        async with self.db.transaction() as tx:
            await leases.renew(tx, lease=self.lease, ttl=LEASE)
            await plans.propose(
                tx,
                plan_id=self.plan.id,
                cursors=self._cursors(head, began),
                cost=await self._cost(tx, standings),
                seen={name: dict(counts) for name, counts in self.seen.items()},
                options={"mappings": mapping_digests(self.connection)},
            )

    async def _look(self, sync: ObjectSync) -> Looked:
        if self.plan.kind == "repair":
            return await look_at_found(self.db, sync, lease=self.lease, listener=self.listener)
        full = bool(self.plan.options.get("full"))
        return await look_through(self.db, sync, lease=self.lease, full=full, listener=self.listener)

    def _foresee(self, tx: Tx, sync: ObjectSync, run_id: int) -> AsyncIterator[tuple[int, list[PlanItem]]]:
        if self.plan.kind == "repair":
            return foresee_repairs(tx, sync, run_id=run_id)
        return compare_all(tx, sync, run_id=run_id)

    async def _rehearse(self) -> tuple[str, str | None]:
        """Everything for real, in one transaction that is rolled back; returns where the change log stood.

        While it runs, nobody else brings in new records of these types, and no change that is newer than its beginning
        is delivered: a first plan of 100,000 records takes as long as their load.
        """
        head, began = "", None
        try:
            async with self.db.transaction() as tx:
                await tx.look_up_by_index()
                head = await changes.head(tx)
                began = await cursors.load(tx, connection_id=self.connection.id, object_name="*", direction="outbound")
                run_id = await runs.start(tx, connection_id=self.connection.id, kind="plan")
                for sync in self.objects:
                    await self._bring_in(tx, sync, run_id)
                for sync in self.objects:
                    if takes_writes(sync):
                        await self._bring_out(tx, sync, run_id)
                raise _Enough
        except _Enough:
            return head, began

    async def _bring_in(self, tx: Tx, sync: ObjectSync, run_id: int) -> None:
        for frame in self.looked[sync.name].spill.frames():
            items = await take_over(
                tx, sync, remote=frame.records, deletions=frame.deletions, as_of=frame.as_of, run_id=run_id
            )
            await self._keep(items)
            self.listener(f"working out {sync.name}", Counts(read=len(frame.records)))

    async def _bring_out(self, tx: Tx, sync: ObjectSync, run_id: int) -> None:
        async for compared, items in self._foresee(tx, sync, run_id):
            await self._keep(items)
            self.seen[sync.name]["compared"] += compared
            self.listener(f"→ {sync.name}", Counts(read=compared))

    async def _keep(self, items: Sequence[PlanItem]) -> None:
        """Outside of the transaction that is rolled back."""
        async with self.db.transaction() as tx:
            await leases.renew(tx, lease=self.lease, ttl=LEASE)
            await plans.add_items(tx, plan_id=self.plan.id, items=items)

    def _cursors(self, head: str, began: str | None) -> dict[str, dict[str, list[str | None]]]:
        """The change log counts as looked at only where every object was compared; a repair moves nothing."""
        if self.plan.kind == "repair":
            return {}
        read = {name: [looked.began, looked.ended] for name, looked in self.looked.items() if looked.ended is not None}
        whole = {s.name for s in self.connection.objects} == {s.name for s in self.objects}
        return {"in": read, "out": {"*": [began, head]} if whole else {}}

    async def _cost(self, tx: Tx, standings: Sequence[Standing]) -> Mapping[str, Any]:
        return cost_of(
            self.connection,
            counts=await plans.counts(tx, plan_id=self.plan.id),
            pages=sum(looked.pages for looked in self.looked.values()),
            seconds=sum(looked.seconds for looked in self.looked.values()),
            standings=standings,
        )
