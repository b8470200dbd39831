"""Deliveries that would be a mass change of a system: worked out before the first of them is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from hub.db import guards
from hub.db.session import Database
from hub.domain.guards import Effect, Excess, effects_of
from hub.domain.plan import PlanItem
from hub.services.guards.stops import add_items, begin_stop, lift_stop, propose_stop, still_asked
from hub.services.guards.watch import Watch, watch
from hub.services.objects import ObjectSync, OpenConnection
from hub.services.plans.outgoing import foresee_writes, takes_writes

_CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Cleared:
    """Deliveries that may leave: those up to `newest`. What is done to the `watched` objects counts as done unasked."""

    newest: int
    watched: frozenset[str] = frozenset()


async def clear_deliveries(db: Database, connection: OpenConnection) -> Cleared:
    """Hold back what is too much, and ask; what a person has approved meanwhile goes its way."""
    async with db.transaction() as tx:
        await guards.release_held(tx, connection_id=connection.id)
        newest = await guards.newest_delivery(tx, connection_id=connection.id)
        leaving = await guards.unasked(tx, connection_id=connection.id)
        stopped = await guards.stopped_objects(tx, connection_id=connection.id, direction="out")
    concerned = [s for s in connection.objects if s.name in {*leaving, *stopped} and takes_writes(s)]
    watched = {sync.name for sync in concerned if await _clear(db, sync, leaving.get(sync.name, 0))}
    return Cleared(newest, frozenset(watched))


async def _clear(db: Database, sync: ObjectSync, leaving: int) -> bool:
    """One object's; whether it is watched at all."""
    async with db.transaction() as tx:
        watched = await watch(tx, sync, "out")
        if watched is None:
            return False
        if not _looks_again(watched) and await watched.lets_through(tx, leaving):
            return True
    effects = await _effects(db, watched)
    async with db.transaction() as tx:
        found = await watched.excesses(tx, effects)
    if not found:
        await lift_stop(db, watched)
    elif await still_asked(db, watched, effects):
        await _hold(db, watched)
    else:
        await _ask(db, watched, found, effects)
    return True


async def _ask(db: Database, watched: Watch, found: tuple[Excess, ...], effects: Counter[Effect]) -> None:
    """The deliveries are held before anybody can say yes; until the plan is proposed, others let them go again."""
    plan_id = await begin_stop(db, watched, found, effects, by="push")
    compared = await _keep_items(db, watched, plan_id)
    await _hold(db, watched, plan_id)
    await propose_stop(db, watched, found, plan_id=plan_id, run_id=None, cursors={}, read=compared)
    async with db.transaction() as tx:  # what an older plan held and this one does not
        await guards.release_held(tx, connection_id=watched.sync.connection.id)


async def _hold(db: Database, watched: Watch, plan_id: int | None = None) -> None:
    """The deliveries of a plan's items wait for it: of this one, or of the open stop."""
    plan_id = plan_id or (watched.stop.plan_id if watched.stop else None)
    if plan_id is None or (watched.stop and watched.stop.state in ("approved", "applying")):
        return
    async with db.transaction() as tx:
        await guards.hold(tx, connection_id=watched.sync.connection.id, object_name=watched.sync.name, plan_id=plan_id)


def _looks_again(watched: Watch) -> bool:
    stop = watched.stop
    return stop is not None and stop.state == "proposed" and stop.looked >= watched.sync.connection.guards.look_again


async def _effects(db: Database, watched: Watch) -> Counter[Effect]:
    effects: Counter[Effect] = Counter()
    async for items in _foreseen(db, watched):
        effects.update(effects_of(Counter(item.action for item in items)))
    return effects


async def _keep_items(db: Database, watched: Watch, plan_id: int) -> int:
    kept = 0
    async for items in _foreseen(db, watched):
        await add_items(db, plan_id, items)
        kept += len(items)
    return kept


async def _foreseen(db: Database, watched: Watch) -> AsyncIterator[list[PlanItem]]:
    """Chunk by chunk, what would be written of what nobody allowed, and of what the open stop holds back."""
    stop, sync, after = watched.stop, watched.sync, 0
    held_by = stop.plan_id if stop and stop.state == "proposed" else None
    while True:
        async with db.transaction() as tx:
            await tx.freeze()
            rows = await guards.unasked_records(
                tx,
                connection_id=sync.connection.id,
                object_name=sync.name,
                held_by=held_by,
                after=after,
                limit=_CHUNK,
            )
            if not rows:
                return
            after = rows[-1][0]
            record_ids: list[UUID] = [record_id for _, record_id in rows]
            foreseen = await foresee_writes(tx, sync, record_ids, run_id=0)
        yield foreseen.items
