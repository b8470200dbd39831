"""Applying a plan: what still stands and is allowed is done by the engine, the rest is skipped and says why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import Any

from hub.budget import at_priority, calls_for
from hub.db import audit, connections, cursors, leases, plans, runs
from hub.db.leases import Lease
from hub.db.plans import StoredItem, StoredPlan
from hub.db.session import Database, Tx
from hub.domain.plan import ALLOWABLE, DIRECTIONS, GRAVITY, Allowable, Direction, is_allowed
from hub.sdk.errors import RemoteError
from hub.services.counts import Counts
from hub.services.cycle import halt
from hub.services.objects import OpenConnection, mapping_digests
from hub.services.plans.deciding import get_plan
from hub.services.plans.leasing import LEASE, plan_leased
from hub.services.plans.reading import Listener
from hub.services.plans.settling import settle_incoming, settle_outgoing
from hub.services.plans.undoing import settle_undo
from hub.services.refusals import NotNow

_BATCH = 500


async def begin_apply(
    tx: Tx,
    *,
    plan_id: int,
    allow: Collection[Allowable] = ALLOWABLE,
    directions: Collection[Direction] = DIRECTIONS,
    actor: str,
) -> StoredPlan:
    """From here on an approved plan is applied, whoever goes on with it; what is not allowed is skipped.

    One that is being applied already goes on as it began. Raises NotFound, NotNow (not approved, or altered since).
    """
    plan = await get_plan(tx, plan_id=plan_id, lock=True)
    if plan.state == "applying":
        return plan
    if plan.state != "approved":
        raise NotNow(f"Plan {plan_id} is {plan.state}; only one that is approved can be applied.")
    if await plans.digest(tx, plan_id=plan_id) != plan.digest:
        raise NotNow(f"Plan {plan_id} is not what was approved: its items were altered. Make a new plan.")
    run_id = await runs.start(tx, connection_id=plan.connection_id, kind="apply")
    chosen = {"allow": sorted(allow), "directions": sorted(directions)}
    await plans.change_state(tx, plan_id=plan_id, state="applying", run_id=run_id, options=chosen)
    await plans.leave_out(
        tx,
        plan_id=plan_id,
        actions=[action for action in GRAVITY if not is_allowed(action, allow)],
        directions=list(directions),
        reason=f"It was left out: only {', '.join(sorted(allow))} ({', '.join(sorted(directions))}) was allowed.",
    )
    await audit.note(tx, actor=actor, action="plan_applied", subject=str(plan_id), detail=chosen)
    return await get_plan(tx, plan_id=plan_id)


async def apply_plan(
    db: Database, connection: OpenConnection, *, plan_id: int, owner: str, listener: Listener
) -> StoredPlan:
    """Do what is left to do of a plan that is being applied (see `begin_apply`).

    Each item is settled in the transaction of its effect, so that another process goes on where a dead one stopped.
    What is written to the system is asked for here and delivered by the next push. Raises NotNow (another process
    applies it, it is over, or a mapping means something else now), LeaseLost, and RemoteErrors, after which the rest
    is still to be done.
    """
    async with plan_leased(db, plan_id=plan_id, owner=owner) as lease:
        async with db.transaction() as tx:
            plan = await get_plan(tx, plan_id=plan_id)
        if plan.state != "applying":
            raise NotNow(f"Plan {plan_id} is {plan.state}; there is nothing left to apply.")
        await _refuse_other_mappings(db, connection, plan)
        applying = _Applying(db, connection.creating(), plan, lease, listener)
        with at_priority("incremental"), calls_for("guard"):
            try:
                await applying.settle_all()
            except RemoteError as exc:
                await halt(db, connection, exc)
                raise
        await applying.finish()
    async with db.transaction() as tx:
        return await get_plan(tx, plan_id=plan_id)


async def _refuse_other_mappings(db: Database, connection: OpenConnection, plan: StoredPlan) -> None:
    """A plan holds for the mappings that it was made with."""
    now = mapping_digests(connection)
    other = sorted(name for name, digest in plan.options.get("mappings", {}).items() if now.get(name) != digest)
    if not other:
        return
    reason = f"The mapping of {', '.join(other)} was changed since plan {plan.id} was made: make a new plan."
    async with db.transaction() as tx:
        await plans.change_state(tx, plan_id=plan.id, state="failed", reason=reason)
        if plan.run_id:
            await runs.finish(tx, run_id=plan.run_id, error=reason)
    raise NotNow(reason)


class _Applying:
    """One plan under way."""

    def __init__(
        self, db: Database, connection: OpenConnection, plan: StoredPlan, lease: Lease, listener: Listener
    ) -> None:
        self.db, self.connection, self.plan, self.lease, self.listener = db, connection, plan, lease, listener

    async def settle_all(self) -> None:
        while batch := await self._next():
            await self._settle(batch)
            self.listener(_name(batch[0]), Counts(read=len(batch)))

    async def _next(self) -> list[StoredItem]:
        """The next items that go together: one object, one direction."""
        async with self.db.transaction() as tx:
            await leases.renew(tx, lease=self.lease, ttl=LEASE)
            planned = await plans.items(tx, plan_id=self.plan.id, state="planned", limit=_BATCH)
        return list(takewhile(lambda item: _name(item) == _name(planned[0]), planned))

    async def _settle(self, batch: Sequence[StoredItem]) -> None:
        run_id = self.plan.run_id
        assert run_id is not None
        if self.plan.kind == "undo":
            await settle_undo(self.db, plan=self.plan, lease=self.lease, items=batch)
            return
        sync = self.connection.object(batch[0].object)
        settle = settle_incoming if batch[0].direction == "in" else settle_outgoing
        await settle(self.db, sync, plan_id=self.plan.id, run_id=run_id, lease=self.lease, items=batch)

    async def finish(self) -> None:
        """Cursors, the end of the run and the plan's are one transaction."""
        plan = self.plan
        async with self.db.transaction() as tx:
            await leases.renew(tx, lease=self.lease, ttl=LEASE)
            await self._advance(tx)
            outcome = await plans.outcome(tx, plan_id=plan.id)
            if plan.kind == "sync" and not plan.options.get("objects"):
                await connections.begin(tx, connection_id=plan.connection_id, options=_creating(plan))
            await plans.change_state(tx, plan_id=plan.id, state="applied")
            if plan.run_id:
                counts = Counts()
                for row in outcome:
                    counts[row["action"] if row["state"] == "applied" else "skipped"] += row["n"]
                await runs.add_counts(tx, run_id=plan.run_id, counts=counts)
                await runs.finish(tx, run_id=plan.run_id)

    async def _advance(self, tx: Tx) -> None:
        """Where reading for the plan ended, the next ordinary read begins: nothing is skipped, nothing read twice."""
        for direction, ways in self.plan.cursors.items():
            for object_name, (began, ended) in ways.items():
                if ended is not None:
                    await cursors.advance(
                        tx,
                        connection_id=self.plan.connection_id,
                        object_name=object_name,
                        direction="inbound" if direction == "in" else "outbound",
                        began=began,
                        ended=ended,
                        run_id=self.plan.run_id,
                    )


def _name(item: StoredItem) -> str:
    return item.object if item.direction == "in" else f"→ {item.object}"


def _creating(plan: StoredPlan) -> dict[str, Any]:
    """What was not allowed of a first plan must not creep in with the next sync: the connection's option says so."""
    if "create" not in plan.options.get("allow", ALLOWABLE):
        return {"create": "none"}
    directions = plan.options.get("directions", DIRECTIONS)
    return {} if set(directions) == set(DIRECTIONS) else {"create": directions[0]}
