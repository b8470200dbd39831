"""Who may act next: parties run one at a time, from turn to turn, in an order that the seed alone decides."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Point = Literal["before", "during", "after"]
# What befalls a process: it is killed at a point of a turn; the answer to a commit is lost, which happened or did not;
# it commits late, while others go on; or it stands still until everybody else is done.
Kind = Literal["before", "during", "after", "commit_lost", "commit_failed", "lingers", "sleeps"]

# More rounds of the event loop than any party needs from the end of one turn to the request for its next.
_TICKS = 60
_MOST_TURNS = 1500
_STIRS = 0.05  # how likely one who lingers comes to an end before somebody else acts


class Killed(BaseException):
    """The process of a party was killed: nothing that it would still have done happens."""


class Endless(AssertionError):
    """A party never comes to an end."""


@dataclass(frozen=True, slots=True)
class Fate:
    """`kind` befalls a party in its turn number `at`, or in the first later one in which it can.

    With `where` it is the first turn, from that one on, whose name holds this.
    """

    kind: Kind
    at: int
    where: str = ""


@dataclass(slots=True)
class Party:
    """One process (or person) of the world."""

    name: str
    fate: Fate | None = None
    turns: int = 0
    doing: str = ""
    dead: bool = False
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    # Set when the party has come to its end or stands still: nobody has to wait for it any longer.
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    asleep: bool = False
    # Systems that it has written to.
    touched: set[str] = field(default_factory=set)

    def point(self, at: Point) -> None:
        """Raises Killed when the party dies here, or has died before."""
        if self.dead or (self.fate and self.fate.kind == at and self._dies_here(self.fate)):
            self.dead = True
            raise Killed(self.name)

    def _dies_here(self, fate: Fate) -> bool:
        return (self.turns >= fate.at and fate.where in self.doing) if fate.where else self.turns == fate.at

    def meets(self, kind: Kind) -> bool:
        """Whether this befalls the party here and now; it does once."""
        fate = self.fate
        if fate is None or fate.kind != kind or self.turns < fate.at or fate.where not in self.doing:
            return False
        self.fate = None
        return True

    def wake(self) -> None:
        self.asleep = False
        self.quiet.clear()
        self.awake.set()


PARTY: ContextVar[Party] = ContextVar("party")


@dataclass(slots=True)
class Turn:
    """One turn under way; `held` while its party has the token."""

    held: bool = True


class Turns:
    """One token; who holds it acts alone. The next holder is drawn from those who wait."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._waiting: list[tuple[str, asyncio.Future[bool]]] = []
        # Set while nobody has the token; while nobody acts without it.
        self._free, self._in_order = asyncio.Event(), asyncio.Event()
        self._free.set()
        self._in_order.set()
        self._draw: asyncio.Task[None] | None = None
        self._lingering: tuple[str, asyncio.Future[bool]] | None = None
        self.log: list[str] = []
        # Systems of which the hub may not know what it wrote there.
        self.unheard: set[str] = set()

    @asynccontextmanager
    async def turn(self, what: str) -> AsyncIterator[Turn]:
        """Wait for the token, act, give it back. Parties die at the points of their own turns."""
        party = PARTY.get()
        party.doing = what
        while party.asleep or party.meets("sleeps"):
            await self._sleep(party)
        await self._wait(party.name)
        party.doing = what  # another task of the party may have asked for a turn meanwhile
        turn = Turn()
        try:
            party.turns += 1
            if party.turns > _MOST_TURNS:
                raise Endless(f"{party.name} does not come to an end")
            self.log.append(f"{party.name}: {what}")
            party.point("before")
            yield turn
            party.point("after")
        except BaseException as exc:
            self.unheard |= party.touched
            if isinstance(exc, Killed):
                self.log.append(f"{party.name}: killed in: {what}")
            raise
        finally:
            if turn.held:
                self._free.set()
                self._draw_next()
            else:
                await self._fall_in()

    async def linger(self, turn: Turn) -> None:
        """Let others act in the middle of this turn; comes back after a while, or when somebody waits for its end."""
        party = PARTY.get()
        if self._lingering:
            return
        self.log.append(f"{party.name}: … does not commit yet")
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._lingering = (party.name, place)
        self._waiting.append(self._lingering)
        turn.held = False
        self._free.set()
        self._draw_next()
        try:
            turn.held = await place
        finally:
            self._lingering = None
        if turn.held:
            self.log.append(f"{party.name}: … commits")

    @property
    def lingers(self) -> bool:
        return self._lingering is not None

    def hurry(self) -> None:
        """Whoever acts now waits for the end of the turn in which somebody lingers: let it end at once."""
        if self._lingering and not self._lingering[1].done():
            self.log.append(f"{self._lingering[0]}: … commits, for somebody waits for it")
            self._in_order.clear()
            self._lingering[1].set_result(False)

    async def _fall_in(self) -> None:
        """Out of turn until now: from here on in order again, once whoever has the token is done."""
        await self._free.wait()
        self._in_order.set()

    async def _sleep(self, party: Party) -> None:
        if not party.asleep:
            self.log.append(f"{party.name}: … stands still")
        party.asleep = True
        party.awake.clear()
        party.quiet.set()
        await party.awake.wait()

    async def _wait(self, name: str) -> None:
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, place))
        self._draw_next()
        await place

    def _draw_next(self) -> None:
        if self._draw is None or self._draw.done():
            self._draw = asyncio.get_running_loop().create_task(self._choose())

    async def _choose(self) -> None:
        await self._in_order.wait()
        for _ in range(_TICKS):
            await asyncio.sleep(0)
        self._waiting = [(name, place) for name, place in self._waiting if not place.done()]
        if not self._free.is_set() or not self._waiting:
            return
        position = self._draw_place()
        _, place = self._waiting.pop(position)
        self._free.clear()
        place.set_result(True)

    def _draw_place(self) -> int:
        """One of those who wait; one who lingers only when nobody else does, or once in a while."""
        late = next((i for i, entry in enumerate(self._waiting) if self._lingering and entry == self._lingering), None)
        names = sorted({name for i, (name, _) in enumerate(self._waiting) if i != late})
        if late is not None and (not names or self.chance.random() < _STIRS):
            return late
        chosen = self.chance.choice(names)
        return next(i for i, (name, _) in enumerate(self._waiting) if name == chosen and i != late)
