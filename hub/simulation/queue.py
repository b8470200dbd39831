"""The queue of wake-ups as a world keeps it: it can be flushed, and its time is the world's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from hub.queue import JobName
from hub.simulation.turns import PARTY

_AT_ONCE = timedelta(seconds=3)  # the world's time moves in leaps: a wake-up this early would never come in between


@dataclass(frozen=True, slots=True)
class WakeUp:
    name: JobName
    connection_id: int
    due: timedelta


class SimQueue:
    """What `hub.queue.Queue` offers to the jobs, in memory. A dead process asks for nothing."""

    def __init__(self) -> None:
        self._waiting: list[WakeUp] = []
        self._passed = timedelta(0)
        self._number = 0

    async def wake(self, name: JobName, connection_id: int, *, delay: timedelta = timedelta(0)) -> None:
        if PARTY.get().dead:
            return
        due = self._passed + (delay if delay > _AT_ONCE else timedelta(0))
        present = [w for w in self._waiting if (w.name, w.connection_id) == (name, connection_id)]
        for each in present:
            self._waiting.remove(each)
        self._waiting.append(WakeUp(name, connection_id, min([due, *(w.due for w in present)])))

    async def begin(self, name: JobName, connection_id: int, *, job_id: str) -> bool:  # noqa: ARG002
        """Two jobs of a kind may run at once, as they may after a flush."""
        return True

    async def renew(self, name: JobName, connection_id: int, *, job_id: str) -> None:
        """Nobody looks at who runs."""

    async def end(self, name: JobName, connection_id: int, *, job_id: str) -> None:
        """Nobody looks at who runs."""

    def pass_time(self, by: timedelta) -> None:
        self._passed += by

    def flush(self) -> None:
        self._waiting.clear()

    def take(self, chance: Random) -> tuple[WakeUp, str] | None:
        """A wake-up that is due, and an id for its job; None when there is none."""
        due = [w for w in self._waiting if w.due <= self._passed]
        if not due:
            return None
        chosen = chance.choice(due)
        self._waiting.remove(chosen)
        self._number += 1
        return chosen, f"job-{self._number}"
