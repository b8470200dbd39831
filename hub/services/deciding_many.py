"""Conflicts decided by a filter or once and for all: chunk by chunk, each chunk a transaction of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hub.db import conflicts
from hub.db.conflicts import Filter
from hub.db.session import Database
from hub.services.custom_fields import record_types
from hub.services.deciding import Decision, Outcome, resolve_conflict, resolve_conflicts
from hub.services.field_policies import PolicyName, adopt_policy
from hub.services.waking import Wakes, wake_outbound

CHUNK = 200

Progress = Callable[[int], Awaitable[None]]


async def decide_matching(
    db: Database,
    queue: Wakes,
    *,
    wanted: Filter,
    decision: Decision,
    actor: str,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Decide every open conflict that fits now; what one chunk did stays done when a later one fails."""
    outcomes: list[Outcome] = []
    after: int | None = None
    while True:
        async with db.transaction() as tx:
            ids = await conflicts.matching(tx, wanted, after=after, limit=CHUNK)
            if not ids:
                return outcomes
            types = await record_types(tx)
            outcomes += await resolve_conflicts(tx, types, ids=ids, decision=decision, actor=actor)
            await wake_outbound(tx, queue)
        after = ids[-1]
        if progress:
            await progress(len(outcomes))


async def decide_always(
    db: Database,
    queue: Wakes,
    *,
    conflict_id: int,
    decision: Decision,
    policy: PolicyName | None,
    actor: str,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Decide one conflict, make the decision the policy of its field, and decide the field's other conflicts alike.

    Returns the outcomes of the others. Raises NotFound, NotNow, Invalid; then nothing was decided.
    """
    async with db.transaction() as tx:
        types = await record_types(tx)
        adopted = await adopt_policy(tx, conflict_id=conflict_id, choice=decision.choice, policy=policy, actor=actor)
        await resolve_conflict(tx, types, conflict_id=conflict_id, decision=decision, actor=actor)
        await wake_outbound(tx, queue, rereads=True)
    wanted = Filter(connection_id=adopted.connection_id, object_name=adopted.object, field=adopted.field)
    return await decide_matching(db, queue, wanted=wanted, decision=decision, actor=actor, progress=progress)
