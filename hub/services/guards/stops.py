"""Stops: a run that was ended before its first write, and the plan that asks a person what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog

from hub.db import guards, plans, runs
from hub.db.guards import Stop
from hub.db.session import Database, Tx
from hub.domain.guards import Effect, Excess, needs_second
from hub.domain.plan import PlanItem
from hub.services.guards.classifying import emptied
from hub.services.guards.holding import Held
from hub.services.guards.watch import Watch
from hub.services.objects import OpenConnection
from hub.services.plans.foreseeing import take_over

log = structlog.get_logger()

By = Literal["pull", "reread", "push"]
CREATED_BY = "guard"

# A stop whose effects differ by no more is asked about no second time: applying its plan looks at each record again.
_THE_SAME = 0.1


@dataclass(frozen=True, slots=True)
class Incoming:
    """What was read and is too much. `began`: the cursor from which the read began."""

    held: Held
    effects: Mapping[Effect, int]
    found: tuple[Excess, ...]
    by: By
    run_id: int
    began: str | None = None


class _Enough(Exception):
    """Rolls the transaction back."""


async def stop_incoming(
    db: Database, watch: Watch, incoming: Incoming, *, renew: Callable[[Tx], Awaitable[None]]
) -> str:
    """Ask about it, unless the open stop does so already; returns the sentence for the run."""
    if known := await still_asked(db, watch, incoming.effects):
        return known
    plan_id = await begin_stop(db, watch, incoming.found, incoming.effects, by=incoming.by)
    ended = await _rehearse(db, watch, incoming.held, plan_id, renew)
    way = {"in": {watch.sync.name: [incoming.began, ended]}} if incoming.by == "pull" else {}
    return await propose_stop(
        db, watch, incoming.found, plan_id=plan_id, run_id=incoming.run_id, cursors=way, read=incoming.held.read
    )


async def still_asked(db: Database, watch: Watch, effects: Mapping[Effect, int]) -> str | None:
    """The open stop's sentence, where nothing new is to be asked."""
    stop = watch.stop
    if stop is None or (stop.state == "proposed" and _differ(stop.options.get("effects", {}), effects)):
        return None
    async with db.transaction() as tx:
        await guards.looked(tx, plan_id=stop.plan_id)
    return standing(watch, stop)


def standing(watch: Watch, stop: Stop) -> str:
    """Why the object stands still."""
    name = f"{watch.sync.connection.name} {watch.sync.name}"
    if stop.state == "rejected":
        return (
            f"Plan {stop.plan_id} was rejected by {stop.decided_by}: {name} is not read until that is repaired there,"
            f" or somebody says partnerhub guards {watch.sync.connection.name} --resume {watch.sync.name}."
        )
    if stop.state in ("approved", "applying"):
        return f"{name} waits until plan {stop.plan_id} is applied: partnerhub apply {stop.plan_id}."
    return stop.reason


def _differ(before: Mapping[str, int], now: Mapping[Effect, int]) -> bool:
    had, have = sum(before.values()), sum(now.values())
    return before.keys() != {e for e, n in now.items() if n} or abs(have - had) > _THE_SAME * had


async def begin_stop(
    db: Database, watch: Watch, found: tuple[Excess, ...], effects: Mapping[Effect, int], *, by: By
) -> int:
    """An empty plan that nobody sees yet."""
    options: dict[str, Any] = {
        "object": watch.sync.name,
        "direction": watch.direction,
        "by": by,
        "effects": {effect: n for effect, n in effects.items() if n},
        "passed": dict(watch.passed),
        "excess": [e.sentence for e in found],
        "mappings": {watch.sync.name: watch.sync.connection.mappings[watch.sync.name].digest},
    }
    async with db.transaction() as tx:
        return await plans.start(
            tx,
            connection_id=watch.sync.connection.id,
            kind="guard",
            created_by=CREATED_BY,
            options=options,
            needs_second=needs_second(watch.sync.connection.guards, found),
        )


async def add_items(db: Database, plan_id: int, items: list[PlanItem]) -> None:
    async with db.transaction() as tx:
        await plans.add_items(tx, plan_id=plan_id, items=items)


async def propose_stop(
    db: Database,
    watch: Watch,
    found: tuple[Excess, ...],
    *,
    plan_id: int,
    run_id: int | None,
    cursors: Mapping[str, Mapping[str, list[str | None]]],
    read: int,
) -> str:
    """The plan is whole and takes the place of older ones; returns its sentence."""
    sync = watch.sync
    reason = (
        f"{sync.connection.name} {sync.name}{'' if watch.direction == 'in' else ' (to be written)'}:"
        f" {'; '.join(e.sentence for e in found)}. Nothing was written: look at it with partnerhub plans show"
        f" {plan_id}, then partnerhub apply {plan_id} or partnerhub plans reject {plan_id}."
    )
    seen = {sync.name: {"read" if watch.direction == "in" else "compared": read}}
    async with db.transaction() as tx:
        await guards.supersede(
            tx,
            connection_id=sync.connection.id,
            object_name=sync.name,
            direction=watch.direction,
            by=plan_id,
            reason=f"Plan {plan_id} has taken its place.",
        )
        await plans.propose(tx, plan_id=plan_id, cursors=cursors, seen=seen, options={"run": run_id})
        await plans.change_state(tx, plan_id=plan_id, state="proposed", reason=reason)
        await guards.looked(tx, plan_id=plan_id)
    log.warning("run_stopped", connection=sync.connection.name, object=sync.name, plan=plan_id, reason=reason)
    return reason


async def stands_still(db: Database, connection: OpenConnection, object_name: str) -> bool:
    """Whether reading the object is stopped, and was looked at so lately that it would cost calls for nothing."""
    async with db.transaction() as tx:
        stop = await guards.open_stop(tx, connection_id=connection.id, object_name=object_name, direction="in")
    return stop is not None and stop.looked < connection.guards.look_again


async def lift_stop(db: Database, watch: Watch) -> None:
    """What was too much is no longer there: the object goes on by itself."""
    if watch.stop is None:
        return
    reason = "It was repaired meanwhile: what is left stays below the limits."
    async with db.transaction() as tx:
        await guards.lift(tx, plan_id=watch.stop.plan_id, reason=reason)
    log.info("stop_lifted", connection=watch.sync.connection.name, object=watch.sync.name, plan=watch.stop.plan_id)


async def _rehearse(
    db: Database, watch: Watch, held: Held, plan_id: int, renew: Callable[[Tx], Awaitable[None]]
) -> str | None:
    """Everything for real, in one transaction that is rolled back; returns the cursor after it."""
    ended: str | None = None
    try:
        async with db.transaction() as tx:
            await tx.look_up_by_index()
            run_id = await runs.start(tx, connection_id=watch.sync.connection.id, kind="plan")
            for page in held.pages():
                lost = await emptied(tx, watch.sync, page.incoming)
                items = await take_over(
                    tx,
                    watch.sync,
                    remote=[i.record for i in page.incoming],
                    deletions=page.deletions,
                    as_of=page.as_of,
                    run_id=run_id,
                )
                items = [_telling(item, lost) for item in items]
                ended = page.cursor or ended
                async with db.transaction() as outside:
                    await renew(outside)
                    await plans.add_items(outside, plan_id=plan_id, items=items)
            raise _Enough
    except _Enough:
        return ended


def _telling(item: PlanItem, lost: Mapping[str, list[str]]) -> PlanItem:
    """What is emptied there is told also where the mapping would keep it, and write it back."""
    names = lost.get(item.remote_id or "")
    return replace(item, detail={**item.detail, "emptied": names}) if names else item
