"""Plays one world and says what it broke."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

from hub.simulation.laws import violations
from hub.simulation.world import World


@dataclass(frozen=True)
class Played:
    """One world's end. `story` is everything that happened, in order."""

    seed: int
    violations: list[str]
    story: list[str]

    def __str__(self) -> str:
        return "\n".join([f"World {self.seed}:", *self.story, "", *(f"VIOLATION {v}" for v in self.violations)])


async def play(seed: int, database_url: str) -> Played:
    """The world of this seed, from its first day to rest, on a database of its own."""
    async with World.open(seed, database_url) as world:
        broken: list[str] = []
        try:
            await world.live(Random(seed).randint(6, 14))
            await world.come_to_rest()
            broken = await violations(world)
        except Exception as exc:  # whatever the engine raises is the finding
            world.steps += [f"    {line}" for line in world.turns.log[-40:]]
            broken = [f"{type(exc).__name__}: {exc}", *_trace(exc)]
        return Played(seed, broken, world.steps)


def _trace(exc: BaseException) -> list[str]:
    import traceback

    return [line.rstrip() for line in traceback.format_exception(exc)[-6:]]


def play_alone(seed: int, database_url: str) -> Played:
    return asyncio.run(play(seed, database_url))
