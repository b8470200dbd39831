"""Guards at the doors: the limits as they stand now, what is stopped, and reading that is taken up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.db import audit, connections, guards
from hub.db.connections import StoredConnection
from hub.db.session import Tx
from hub.domain.guards import EFFECTS, Effect
from hub.domain.plan import DIRECTIONS, Direction, PlanState
from hub.mapping.errors import MappingError
from hub.services.connections import Workshop, mappings_of
from hub.services.custom_fields import record_types
from hub.services.guards.policy import guards_of
from hub.services.refusals import NotFound, NotNow


@dataclass(frozen=True, slots=True)
class LimitView:
    """What is too much of an effect on one object now: `limit` records within an hour, of which some have `passed`.

    `limit` is None where nothing is limited.
    """

    connection: str
    object: str
    direction: Direction
    effect: Effect
    floor: int | None
    share: str | None
    linked: int
    limit: int | None
    passed: int
    needs_second: bool


@dataclass(frozen=True, slots=True)
class StopView:
    """A run that was stopped and waits: for a word on its plan, or (rejected) until it is repaired or resumed."""

    plan_id: int
    connection: str
    object: str
    direction: Direction
    state: PlanState
    reason: str
    decided_by: str | None
    stopped_at: datetime


@dataclass(frozen=True, slots=True)
class GuardsView:
    """`unknown` are connections whose mappings cannot be used, and why: their objects are not listed."""

    limits: list[LimitView]
    stops: list[StopView]
    unknown: dict[str, str]


async def show_guards(tx: Tx, shop: Workshop, *, connection_id: int | None = None) -> GuardsView:
    """Of one connection, or of all."""
    limits: list[LimitView] = []
    unknown: dict[str, str] = {}
    types = await record_types(tx)
    for stored in await connections.all_of(tx):
        if stored.state == "retired" or connection_id not in (None, stored.id):
            continue
        try:
            names = sorted(mappings_of(shop, stored, types))
        except MappingError as exc:
            unknown[stored.name] = str(exc.issues[0])
            continue
        for name in names:
            limits += await _limits(tx, stored, name)
    stops = [StopView(**row) for row in await guards.open_stops(tx, connection_id=connection_id)]
    return GuardsView(limits, stops, unknown)


async def _limits(tx: Tx, stored: StoredConnection, name: str) -> Sequence[LimitView]:
    policy = guards_of(stored.options)
    linked = await guards.linked(tx, connection_id=stored.id, object_name=name)
    found: list[LimitView] = []
    for direction in DIRECTIONS:
        thresholds = policy.of(name, direction)
        passed: Mapping[Effect, int] = await guards.passed_lately(
            tx, connection_id=stored.id, object_name=name, direction=direction
        )
        for effect in EFFECTS:
            one = thresholds.get(effect)
            found.append(
                LimitView(
                    connection=stored.name,
                    object=name,
                    direction=direction,
                    effect=effect,
                    floor=one.floor if one else None,
                    share=f"{(one.share * 100).normalize():f} %" if one else None,
                    linked=linked,
                    limit=one.limit(linked) if one else None,
                    passed=passed[effect],
                    needs_second=effect in policy.second_person,
                )
            )
    return found


async def resume_reading(tx: Tx, *, connection_id: int, connection: str, object_name: str, actor: str) -> int:
    """Read an object again whose plan was rejected: what is still a mass change then is asked about once more.

    Returns the plan. Raises NotFound (nothing is stopped), NotNow (its plan waits for a word).
    """
    stop = await guards.open_stop(tx, connection_id=connection_id, object_name=object_name, direction="in")
    if stop is None:
        raise NotFound(f"Reading of {connection} {object_name} is not stopped.")
    if stop.state != "rejected":
        raise NotNow(
            f"Reading of {connection} {object_name} waits for plan {stop.plan_id}: partnerhub apply {stop.plan_id} or"
            f" partnerhub plans reject {stop.plan_id}."
        )
    await guards.lift(tx, plan_id=stop.plan_id, reason=f"Rejected; {actor} resumed the reading.")
    await audit.note(
        tx,
        actor=actor,
        action="reading_resumed",
        subject=connection,
        detail={"object": object_name, "plan": stop.plan_id},
    )
    return stop.plan_id
