"""The drills: what runs, what breaks, and what it came to."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.drills import disk, faults, partitions, upgrade
from tests.drills.missing import Missing
from tests.drills.stage import RECOVERY_SECONDS, Stage, Unkept, open_stage

Fault = Callable[[Stage], Awaitable[None]]
Setting = Callable[[Path, int], AbstractAsyncContextManager[Stage]]


@dataclass(frozen=True, slots=True)
class Drill:
    """`setting` opens the stage in a folder, from a seed; `fault` breaks something, lets it heal, measures."""

    setting: Setting
    fault: Fault


@dataclass(frozen=True, slots=True)
class Result:
    """What a drill came to; `recovery` is the longest, in seconds from the end of a fault."""

    drill: str
    verdict: Literal["kept", "violated", "skipped"]
    faults: int = 0
    edits: int = 0
    lost: int = 0
    doubled: int = 0
    recovery: float = 0.0
    detail: str = ""

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        if self.verdict == "skipped":
            return (self.drill, "", "", "", "", "", f"skipped: {self.detail}")
        numbers = (str(n) for n in (self.faults, self.edits, self.lost, self.doubled, f"{self.recovery:.1f}"))
        return (self.drill, *numbers, self.verdict)


async def play(name: str, *, folder: Path, seed: int, rounds: int = 3) -> Result:
    """Play one drill and judge it."""
    drill = DRILLS[name]
    try:
        async with drill.setting(folder, seed) as stage:
            stage.rounds = rounds
            return await _judged(name, drill, stage)
    except Missing as exc:
        return Result(name, "skipped", detail=str(exc))


async def _judged(name: str, drill: Drill, stage: Stage) -> Result:
    unkept = []
    try:
        await stage.recover()  # the load runs, and crosses, before anything breaks
        stage.faults, stage.recoveries = 0, []
        await drill.fault(stage)
    except Unkept as exc:
        unkept.append("".join(traceback.format_exception_only(exc)).strip())
    found = await stage.rest()
    slowest = max(stage.recoveries, default=0.0)
    if slowest > RECOVERY_SECONDS:
        unkept.append(f"recovery took {slowest:.0f} s, and {RECOVERY_SECONDS} are promised")
    return Result(
        drill=name,
        verdict="violated" if found or unkept else "kept",
        faults=stage.faults,
        edits=stage.people.ledger.acknowledged(),
        lost=len(found.lost),
        doubled=len(found.doubled),
        recovery=slowest,
        detail="; ".join([*unkept, *([str(found)] if found else [])]),
    )


def _on_this_host(*commands: str) -> Setting:
    @asynccontextmanager
    async def setting(folder: Path, seed: int) -> AsyncIterator[Stage]:
        async with open_stage(folder, seed=seed, commands=tuple((command, ()) for command in commands)) as stage:
            yield stage

    return setting


DRILLS: dict[str, Drill] = {
    "worker": Drill(_on_this_host("worker", "worker"), faults.kill_worker),
    "api": Drill(_on_this_host("up", "worker"), faults.kill_api),
    "postgres": Drill(_on_this_host("up"), faults.kill_postgres),
    "redis": Drill(_on_this_host("up"), faults.kill_redis),
    "full-disk": Drill(disk.small_disk, disk.fill_disk),
    "partition-postgres": Drill(partitions.one_worker, partitions.part_from_postgres),
    "partition-redis": Drill(partitions.one_worker, partitions.part_from_redis),
    "two-hosts": Drill(partitions.two_workers, partitions.lose_a_host),
    "upgrade": Drill(_on_this_host("worker", "worker"), upgrade.roll),
}
