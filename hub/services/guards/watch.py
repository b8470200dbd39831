"""What stands between one object and a mass change: its limits, what passed lately, and the stop that is open."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hub.db import guards, plans, runs
from hub.db.guards import Stop
from hub.db.session import Tx
from hub.domain.guards import Effect, Effects, Excess, Thresholds, excesses, passes
from hub.domain.plan import Direction
from hub.services.objects import ObjectSync


@dataclass(slots=True)
class Watch:
    """Asked before a run writes. With an open stop, what passed in the hour before it counts until it is over."""

    sync: ObjectSync
    direction: Direction
    thresholds: Thresholds
    passed: Effects = field(default_factory=dict)
    stop: Stop | None = None
    _linked: int | None = None

    async def lets_through(self, tx: Tx, records: int) -> bool:
        """Whether so many records are too few to be looked at."""
        if passes(self.thresholds, linked=0, records=records, passed=self.passed):
            return True
        linked = await self.linked(tx)
        return passes(self.thresholds, linked=linked, records=records, passed=self.passed)

    async def excesses(self, tx: Tx, effects: Effects) -> tuple[Excess, ...]:
        """What is too much of these effects."""
        linked = await self.linked(tx)
        return excesses(self.thresholds, linked=linked, effects=effects, passed=self.passed)

    async def linked(self, tx: Tx) -> int:
        """Linked records, those that went away lately among them: a share is one of what there was."""
        if self._linked is None:
            here = self.sync.connection.id
            self._linked = await guards.linked(tx, connection_id=here, object_name=self.sync.name)
        return self._linked + self.passed.get("deletes", 0)


async def watch(tx: Tx, sync: ObjectSync, direction: Direction) -> Watch | None:
    """None where nothing is limited, or the object was never read to its end: what comes first is a plan's."""
    here = {"connection_id": sync.connection.id, "object_name": sync.name}
    thresholds = sync.connection.guards.of(sync.name, direction)
    if not thresholds or not await _has_been_read(tx, sync):
        return None
    stop = await guards.open_stop(tx, **here, direction=direction)  # type: ignore[arg-type]
    passed = await guards.passed_lately(tx, **here, direction=direction)  # type: ignore[arg-type]
    if stop:
        passed = {effect: max(n, stop.passed.get(effect, 0)) for effect, n in passed.items()}
    return Watch(sync, direction, thresholds, passed, stop)


async def _has_been_read(tx: Tx, sync: ObjectSync) -> bool:
    if await runs.any_done(tx, connection_id=sync.connection.id, object_name=sync.name, kind="pull"):
        return True
    return bool(await plans.has_been_planned(tx, connection_id=sync.connection.id, objects=[sync.name]))


async def note_passed(
    tx: Tx, sync: ObjectSync, direction: Direction, *touched: Mapping[Effect, Collection[str]]
) -> None:
    """Records to which something was done unasked count for an hour; in the transaction that does it."""
    for some in touched:
        await guards.note_passed(
            tx, connection_id=sync.connection.id, object_name=sync.name, direction=direction, touched=some
        )
