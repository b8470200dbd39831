"""The demo's stage: a hub of its own, two emulated CRMs behind real HTTP, and a connection to each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.app import App
from hub.domain.outcomes import what_next
from hub.registry import connector
from hub.sdk.errors import RemoteError
from hub.sdk.sandbox import Sandbox
from hub.sdk.sandbox.serve import SandboxServer
from hub.services.connections import add_connection, open_connection
from hub.services.counts import Counts
from hub.services.cycle import Halted, due_in, pull, push, reread
from hub.services.objects import OpenConnection
from hub.services.plans.applying import apply_plan, begin_apply
from hub.services.plans.deciding import approve_plan
from hub.services.plans.running import plan_now
from hub.services.plans.views import PlanView, show_plan, view_of

OBJECTS = {
    "salesforce": ("Account", "Contact", "Deal_Registration__c"),
    "hubspot": ("companies", "contacts", "deals"),
}
_ROUNDS = 12

# The plan of the second system brings records that the first one lacks: a guard would ask whether to create them there.
_FREE_TO_CREATE = {"out": {"creates": "unlimited"}}

# Actions of plan items as pulls count them.
_COUNTED = {"create": "created", "ambiguous": "created", "link": "linked"}


def _nobody(_what: str, _counts: Counts) -> None:
    """Listens to nothing."""


@dataclass
class Crm:
    """One emulated CRM, its people's screens (`sandbox`), and the hub's connection to it."""

    name: str
    sandbox: Sandbox
    connection: OpenConnection
    # Writes of the hub that left a record exactly as it was.
    idle_writes: int = 0

    @property
    def objects(self) -> tuple[str, ...]:
        return OBJECTS[self.name]

    def rows(self, object_name: str) -> dict[str, dict[str, Any]]:
        return self.sandbox.rows(object_name)

    def find(self, object_name: str, **fields: Any) -> str:
        """The id of the first live record with these field values; LookupError when there is none."""
        for remote_id, row in self.rows(object_name).items():
            if all(row.get(name) == value for name, value in fields.items()):
                return remote_id
        raise LookupError(f"{self.name} has no {object_name} with {fields}")

    def calls(self) -> int:
        return sum(self.sandbox.calls.values())

    def photograph(self) -> dict[tuple[str, str], tuple[Any, dict[str, Any]]]:
        """Stamp and fields of every live record as they are now."""
        return {
            (name, record.id): (record.modified_at, deepcopy(record.fields))
            for name in self.objects
            for record in self.sandbox.world.live(name)
        }


@dataclass
class Stage:
    """The hub between its two CRMs."""

    app: App
    salesforce: Crm
    hubspot: Crm
    counts: Counts = field(default_factory=Counts)

    @property
    def crms(self) -> Sequence[Crm]:
        return (self.salesforce, self.hubspot)

    async def plan(self, crm: Crm) -> PlanView:
        """What the first sync of this system would do."""
        made = await plan_now(self.app.shop, name=crm.name, actor="demo", owner="demo", listener=_nobody)
        return view_of(made)

    async def apply(self, crm: Crm, plan: PlanView) -> None:
        """Approve the plan and apply it; what follows is delivered when the hub settles."""
        async with self.app.db.transaction() as tx:
            await approve_plan(tx, plan_id=plan.id, actor="demo")
            await begin_apply(tx, plan_id=plan.id, actor="demo")
        await apply_plan(self.app.db, crm.connection, plan_id=plan.id, owner="demo", listener=_nobody)
        async with self.app.db.transaction() as tx:
            for row in (await show_plan(tx, plan_id=plan.id)).outcome:
                if row.direction == "in" and row.state == "applied":
                    self.counts[_COUNTED.get(row.action, row.action)] += row.n

    async def pull(self, crm: Crm) -> Counts:
        self._add(done := await pull(self.app.db, crm.connection, owner="demo"))
        return done

    async def reread(self, crm: Crm) -> Counts:
        self._add(done := await reread(self.app.db, crm.connection))
        return done

    async def push(self, crm: Crm) -> Counts:
        """Deliver; what the hub writes is compared with what was there before."""
        before = crm.photograph()
        try:
            self._add(done := await push(self.app.db, crm.connection, owner="demo"))
        finally:
            after = crm.photograph()
            crm.idle_writes += sum(
                1
                for key, (stamp, fields) in after.items()
                if key in before and before[key][0] != stamp and before[key][1] == fields
            )
        return done

    async def settle(self) -> None:
        """Let the hub work until nothing moves; waits are waited out, and a hub that never rests is an error."""
        for _ in range(_ROUNDS):
            moved = Counts()
            for crm in self.crms:
                moved += await _patiently(self.pull, crm)
                moved += await _patiently(self.reread, crm)
            for crm in self.crms:
                moved += await _patiently(self.push, crm)
            for quiet in ("read", "unchanged", "overlap", "agreed"):
                moved.pop(quiet, None)
            if not +moved and not await self._wait_for_due():
                return
        raise RuntimeError("The hub does not come to rest.")

    async def _wait_for_due(self) -> bool:
        """Wait for the next retry, if there is one soon."""
        waits = [w for crm in self.crms if (w := await due_in(self.app.db, crm.connection.id)) is not None]
        soon = [w.total_seconds() for w in waits if w.total_seconds() < 30]
        if soon:
            await rest(min(soon))
        return bool(soon)

    def _add(self, counts: Counts) -> None:
        self.counts.update(counts)


async def _patiently(step: Callable[[Crm], Awaitable[Counts]], crm: Crm) -> Counts:
    """Take a step, and take it again after each pause that the CRM asks for, as the worker does."""
    for _ in range(_ROUNDS):
        try:
            return await step(crm)
        except Halted as halt:
            if halt.delay is None:
                raise
            await rest(halt.delay.total_seconds())
        except RemoteError as error:
            verdict = what_next(error, attempts=1)
            if verdict.step != "retry":
                raise
            await rest(verdict.delay.total_seconds())
    raise RuntimeError(f"{crm.name} never let the hub through.")


async def rest(seconds: float) -> None:
    """The pause that a remote system asked for."""
    await asyncio.sleep(seconds)


@asynccontextmanager
async def open_stage(app: App, sandboxes: dict[str, Sandbox], *, mappings: Path | None = None) -> AsyncIterator[Stage]:
    """Serve both sandboxes, connect them as an operator would, and open the connections."""
    own = {"mappings": str(mappings)} if mappings else {}
    async with AsyncExitStack() as stack:
        crms = {}
        for name, sandbox in sandboxes.items():
            server = stack.enter_context(SandboxServer(sandbox))
            stored, _ = await add_connection(
                app.shop,
                name=name,
                system=name,
                settings=sandbox.settings(server.url),
                options={"allow_private": True, "guards": _FREE_TO_CREATE, **own},
                actor="demo",
            )
            opened = await stack.enter_async_context(await open_connection(app.shop, stored))
            crms[name] = Crm(name, sandbox, opened)
        yield Stage(app, crms["salesforce"], crms["hubspot"])


def make_sandboxes(seed: int) -> dict[str, Sandbox]:
    """A fresh org and a fresh account."""
    return {name: connector(name).load_sandbox().make(seed=seed) for name in OBJECTS}
