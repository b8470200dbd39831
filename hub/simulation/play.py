"""Plays one world and says what it broke."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from hub.simulation.deal_facts import load_deal_facts
from hub.simulation.deal_laws import DealJudge
from hub.simulation.facts import load_facts
from hub.simulation.laws import Judge, Violation, quiet_rounds
from hub.simulation.overheard import overheard
from hub.simulation.script import Script
from hub.simulation.setting import Setting
from hub.simulation.turns import PARTY, Party
from hub.simulation.world import Ground, Restless, World


@dataclass(frozen=True)
class Played:
    """One world's end. `story` is everything that happened, in order."""

    script: Script
    violations: tuple[Violation, ...]
    story: tuple[str, ...]
    api_calls: int = 0
    edits: int = 0

    @property
    def seed(self) -> int:
        return self.script.seed

    def __str__(self) -> str:
        broken = (f"VIOLATION of {violation}" for violation in self.violations)
        return "\n".join([f"World {self.seed}:", *self.story, "", *broken])


async def play(script: Script, setting: Setting, ground: Ground) -> Played:
    """The world of this script, from its first day to rest, on a database of its own."""
    async with World.open(script, setting, ground) as world:
        try:
            with overheard():
                await world.live()
                await world.come_to_rest()
                broken = await _judge(world)
        except Restless as exc:
            broken = [Violation("rest", str(exc))]
        except Exception as exc:  # noqa: BLE001, RUF100 - whatever the engine raises is the finding
            world.steps += [f"    {line}" for line in world.turns.log[-40:]]
            broken = [Violation("no error", "".join(traceback.format_exception(exc)[-6:]))]
        calls = sum(system.calls() for system in world.systems)
        return Played(script, tuple(broken), tuple(world.steps), calls, len(world.ledger.edits))


async def _judge(world: World) -> list[Violation]:
    PARTY.set(Party("judge"))
    types = {m.record.name: m.record for s in world.systems for m in s.objects.values()}
    async with world.db.transaction() as tx:
        facts = await load_facts(tx, list(types.values()))
        deals = DealJudge(world.deals.book, await load_deal_facts(tx)) if world.script.registers else None
    quiet = await quiet_rounds(world.systems, world.one_turn_of_all)
    scope = {(s.name, name): await s.within_scope(name) for s in world.systems for name in s.objects}
    judge = Judge(world.systems, facts, world.ledger, world.people.made, scope, world.turns.unheard)
    return [*judge.violations(), *(deals.violations() if deals else ()), *quiet]
