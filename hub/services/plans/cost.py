"""What a plan costs: calls that were made for it, calls that applying it takes, and whether the budget has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.budget import RANKS, Standing
from hub.sdk.capabilities import Writes
from hub.services.objects import ObjectSync, OpenConnection

# Reading and writing for a plan leaves this part of every limit to more urgent work.
_SHARE = RANKS["backfill"].share


def cost_of(
    connection: OpenConnection,
    *,
    counts: Mapping[str, Any],
    pages: int,
    seconds: float,
    standings: Sequence[Standing],
) -> dict[str, Any]:
    """`pages` and `seconds` are what reading for the plan took; `counts` are the plan's."""
    reads = guards = writes = 0
    for sync in connection.objects:
        incoming, outgoing = _actions(counts, "in", sync), _actions(counts, "out", sync)
        reads += _calls(_sum(incoming, but=("out_of_scope",)), sync.capabilities.read_batch)
        linked = _sum(outgoing, but=("create", "quarantine"))
        guards += _calls(linked, sync.capabilities.read_batch) + _guard_reads(sync, outgoing)
        writes += _write_calls(sync, outgoing)
    calls = reads + guards + writes
    return {
        "plan": {"calls": pages, "seconds": round(seconds, 1)},
        "apply": {
            "reads": reads,
            "guard_reads": guards,
            "writes": writes,
            "calls": calls,
            "seconds": round(_seconds(calls, pages, seconds, standings), 1),
        },
        "budget": [_budget(s, calls) for s in standings],
    }


def _actions(counts: Mapping[str, Any], direction: str, sync: ObjectSync) -> dict[str, int]:
    found: dict[str, int] = counts.get(direction, {}).get(sync.name, {}).get("actions", {})
    return found


def _sum(actions: Mapping[str, int], *, but: Iterable[str]) -> int:
    return sum(n for action, n in actions.items() if action not in but)


def _calls(rows: int, batch: int) -> int:
    return -(-rows // max(batch, 1))


def _guard_reads(sync: ObjectSync, outgoing: Mapping[str, int]) -> int:
    """Updates that no precondition holds are read once more just before they are written."""
    caps = sync.capabilities
    updates = outgoing.get("change", 0) + outgoing.get("null", 0)
    guarded = caps.precondition != "none" and updates <= caps.precondition_batch
    return 0 if guarded else _calls(updates, caps.read_batch)


def _write_calls(sync: ObjectSync, outgoing: Mapping[str, int]) -> int:
    caps = sync.capabilities
    if not isinstance(sync.connection.connector, Writes):
        return 0
    updates = outgoing.get("change", 0) + outgoing.get("null", 0)
    rows = ((outgoing.get("create", 0), caps.create_batch), (updates, caps.update_batch),
            (outgoing.get("delete", 0), caps.delete_batch))  # fmt: skip
    bulk = caps.bulk_batch if caps.bulk_above is not None else None
    return sum(_calls(n, bulk if bulk and n > (caps.bulk_above or 0) else batch) for n, batch in rows)


def _seconds(calls: int, pages: int, seconds: float, standings: Sequence[Standing]) -> float:
    """As long as the calls themselves take at the pace of the reading, or as the limits make them wait."""
    a_call = seconds / pages if pages else 0.0
    paced = [
        calls * s.limit.per_seconds / max(s.amount * _SHARE, 1)
        for s in standings
        if s.limit.kind == "burst" and not s.limit.pool and calls > s.amount * _SHARE
    ]
    return max([calls * a_call, *paced])


def _budget(standing: Standing, calls: int) -> dict[str, Any]:
    """`left` is what this work may still use; both only of daily limits."""
    limit = standing.limit
    left = max(int(standing.amount * _SHARE) - standing.used, 0)
    found: dict[str, Any] = {
        "kind": limit.kind,
        "pool": limit.pool,
        "amount": standing.amount,
        "per_seconds": limit.per_seconds,
        "used": standing.used,
    }
    if limit.kind == "daily":
        found |= {"left": left, "enough": calls <= left}
    return found
