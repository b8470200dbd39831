"""Who may act next: parties run one at a time, from turn to turn, in an order that the seed alone decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from random import Random
from typing import Literal

Fate = Literal["before", "during", "after"]

# More rounds of the event loop than any party needs from the end of one turn to the request for its next.
_TICKS = 60
_MOST_TURNS = 1500


class Killed(BaseException):
    """The process of a party was killed: nothing that it would still have done happens."""


class Endless(AssertionError):
    """A party never comes to an end."""


@dataclass(slots=True)
class Party:
    """One process (or person) of the world. It is killed in turn number `dies_in`, at the point that `fate` says."""

    name: str
    dies_in: int | None = None
    fate: Fate = "before"
    turns: int = 0
    dead: bool = False

    def point(self, at: Fate) -> None:
        """Raises Killed when the party dies here, or has died before."""
        if self.dead or (self.turns == self.dies_in and self.fate == at):
            self.dead = True
            raise Killed(self.name)


PARTY: ContextVar[Party] = ContextVar("party")


class Turns:
    """One token; who holds it acts alone. The next holder is drawn from those who wait."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._held = False
        self._draw: asyncio.Task[None] | None = None
        self.log: list[str] = []

    @asynccontextmanager
    async def turn(self, what: str) -> AsyncIterator[None]:
        """Wait for the token, act, give it back. Parties die at the points of their own turns."""
        party = PARTY.get()
        place = asyncio.get_running_loop().create_future()
        self._waiting.append((party.name, place))
        self._draw_next()
        await place
        try:
            party.turns += 1
            self.log.append(f"{party.name}: {what}{f' †{party.fate}' if party.turns == party.dies_in else ''}")
            if party.turns > _MOST_TURNS:
                raise Endless(f"{party.name} does not come to an end")
            party.point("before")
            yield
            party.point("after")
        finally:
            self._held = False
            self._draw_next()

    def _draw_next(self) -> None:
        if self._draw is None or self._draw.done():
            self._draw = asyncio.get_running_loop().create_task(self._choose())

    async def _choose(self) -> None:
        while True:
            for _ in range(_TICKS):
                await asyncio.sleep(0)
            self._waiting = [(name, place) for name, place in self._waiting if not place.done()]
            if self._held or not self._waiting:
                return
            names = sorted({name for name, _ in self._waiting})
            chosen = self._chance.choice(names)
            position = next(i for i, (name, _) in enumerate(self._waiting) if name == chosen)
            _, place = self._waiting.pop(position)
            self._held = True
            place.set_result(None)
            return
