"""What will happen in a world, drawn from its seed beforehand: taking parts out of it leaves the others as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from hub.simulation.turns import Fate, Kind

Work = Literal["pull", "push", "reread", "sweep", "time"]
Theme = Literal["anything", "lost_answers", "late_stamps", "slow_processes", "late_commits"]
Disaster = Literal["connections_cut", "postgres_restarted", "redis_flushed"]

_DEEDS = (
    "create", "create", "edit", "edit", "edit", "edit", "clear", "move", "edit_hub", "edit_hub", "clear_hub",
    "create_hub", "delete", "undelete", "merge", "twin", "decide", "review",
)  # fmt: skip
_FATES: tuple[Kind, ...] = (
    "before", "during", "during", "after", "after", "commit_lost", "commit_failed", "lingers", "lingers",
    "sleeps", "sleeps",
)  # fmt: skip
_THEMES: tuple[Theme, ...] = (
    "anything", "anything", "lost_answers", "lost_answers", "late_stamps", "slow_processes", "slow_processes",
    "late_commits", "late_commits",
)  # fmt: skip
_WORK: tuple[Work, ...] = ("pull", "pull", "push", "push", "push", "reread", "sweep", "time")
_OFTEN: dict[Theme, Kind] = {"slow_processes": "sleeps", "late_commits": "lingers"}


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that a person does; `luck` decides what with."""

    kind: str
    luck: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at work, one deed after the other. Only a connection to the hub can fail a person."""

    deeds: tuple[Deed, ...]
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """One piece of a worker's work."""

    work: Work
    luck: int
    fate: Fate | None = None


@dataclass(frozen=True, slots=True)
class Mishap:
    """A fault of a remote system, armed when the round begins."""

    luck: int
    theme: Theme = "anything"


@dataclass(frozen=True, slots=True)
class Round:
    """People, workers and faults of some moments; then time passes: at the remote systems, and in the hub."""

    number: int
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    disaster: Disaster | None = None
    remote_seconds: int = 0
    hub_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """One world's life. `theme`: the kind of trouble that it has most of."""

    seed: int
    rounds: tuple[Round, ...]
    theme: Theme = "anything"

    @property
    def size(self) -> tuple[int, int, int, int]:
        """Rounds, deeds, shifts, and what goes wrong."""
        people = [person for r in self.rounds for person in r.people]
        shifts = [shift for r in self.rounds for shift in r.shifts]
        wrong = sum(len(r.mishaps) + (r.disaster is not None) for r in self.rounds)
        wrong += sum(person.fate is not None for person in people) + sum(shift.fate is not None for shift in shifts)
        return len(self.rounds), sum(len(p.deeds) for p in people), len(shifts), wrong


def write_script(seed: int) -> Script:
    """The same for the same seed. A world has a theme: one kind of trouble often, or all kinds once in a while."""
    chance = Random(f"script {seed}")
    theme: Theme = chance.choice(_THEMES)
    faulty = theme in ("lost_answers", "late_stamps") or chance.random() < 0.7
    deadly = theme in ("slow_processes", "late_commits") or chance.random() < 0.7
    number = chance.randint(6, 14)
    rounds = [_round(n, chance, theme, faulty=faulty, deadly=deadly) for n in range(number)]
    for _ in range(2 if theme in _SCENES else 0):
        at = chance.randint(3, len(rounds))
        rounds[at:at] = chance.choice(_SCENES[theme])(chance)
    return Script(seed, tuple(replace(each, number=n) for n, each in enumerate(rounds)), theme)


def _round(number: int, chance: Random, theme: Theme, *, faulty: bool, deadly: bool) -> Round:
    mishaps = tuple(Mishap(_luck(chance), theme) for _ in range(chance.choice([0, 1, 1, 2]) if faulty else 0))
    crowd = theme == "late_commits"
    people = tuple(_person(chance, number, deadly, theme) for _ in range(chance.choice([2, 3] if crowd else [1, 1, 2])))
    shifts = tuple(_shift(chance, deadly, theme) for _ in range(chance.choice([0, 1, 2, 3, 4])))
    return Round(
        number,
        people,
        shifts,
        mishaps,
        _disaster(chance) if deadly and chance.random() < 0.04 else None,
        remote_seconds=chance.choice([0, 0, 1, 20, 300, 900]),
        hub_seconds=3600 if chance.random() < 0.4 else 0,
    )


# Scenes: rounds in which one protection of the engine is all that stands between a mishap and a broken law. Shifts of
# the same luck are at the same system.


def _stands_still_before_it_sends(chance: Random) -> list[Round]:
    """When its lease is over another worker sends, and it wakes up with the same to send."""
    luck = _luck(chance)
    sender = Shift("push", luck, Fate("sleeps", 1, "_Sender._write"))
    return [_somebody_makes(chance, luck), Round(0, shifts=(sender,), hub_seconds=3600), _sent(luck)]


def _stands_still_before_it_stores(chance: Random) -> list[Round]:
    """What it read is changed again and read by another worker, and it wakes up with the old page."""
    luck = _luck(chance)
    reader = Shift("pull", luck, Fate("sleeps", 1, "Pull._store"))
    return [
        Round(0, (_at_work(chance, "edit", "edit"),), (reader,), remote_seconds=20, hub_seconds=3600),
        Round(0, (_at_work(chance, "edit", "edit"),), (Shift("pull", luck),), remote_seconds=20),
    ]


def _dies_after_it_made(chance: Random) -> list[Round]:
    """What it has made in the other system nobody has written down, and another worker has the same to make."""
    luck = _luck(chance)
    sender = Shift("push", luck, Fate(chance.choice(("during", "after")), 1, "create "))
    return [_somebody_makes(chance, luck), Round(0, shifts=(sender,), hub_seconds=3600), _sent(luck)]


def _commits_cross(chance: Random) -> list[Round]:
    """What was written first is committed last; in between somebody looks what is new."""
    late = Person((Deed("create_hub", _luck(chance)),), Fate("lingers", 1))
    luck = _luck(chance)
    pushes = (Shift("push", luck), Shift("push", _luck(chance)))
    return [_somebody_makes(chance, luck), Round(0, (late, _at_work(chance, "edit_hub", "edit_hub")), pushes)]


_SCENES: dict[Theme, tuple[Callable[[Random], list[Round]], ...]] = {
    "slow_processes": (_stands_still_before_it_sends, _stands_still_before_it_sends, _stands_still_before_it_stores),
    "lost_answers": (_dies_after_it_made,),
    "late_commits": (_commits_cross,),
}


def _somebody_makes(chance: Random, luck: int) -> Round:
    """A record at the hub that is to be made everywhere; the system has been read, so that it may be made there."""
    return Round(0, (_at_work(chance, "create_hub"),), (Shift("pull", luck),), remote_seconds=20)


def _sent(luck: int) -> Round:
    return Round(0, shifts=(Shift("push", luck),))


def _at_work(chance: Random, *kinds: str) -> Person:
    return Person(tuple(Deed(kind, _luck(chance)) for kind in kinds))


def _person(chance: Random, number: int, deadly: bool, theme: Theme) -> Person:
    deeds = chance.choice([0, 1, 1, 2, 4]) + (2 if number < 3 else 0)
    done = tuple(Deed(chance.choice(_DEEDS), _luck(chance)) for _ in range(deeds))
    kinds: tuple[Kind, ...] = ("lingers", "lingers", "lingers", "commit_lost", "commit_failed")
    if theme == "late_commits":
        done += (Deed("edit_hub", _luck(chance)),)
        return Person(done, Fate("lingers", 1) if chance.random() < 0.6 else None)
    return Person(done, Fate(chance.choice(kinds), 1) if deadly and chance.random() < 0.4 else None)


def _shift(chance: Random, deadly: bool, theme: Theme) -> Shift:
    work: Work = chance.choice(_WORK)
    if theme in ("lost_answers", "slow_processes") and chance.random() < 0.5:
        work = chance.choice(("push", "push", "time"))
    kinds: tuple[Kind, ...] = _FATES
    if theme in _OFTEN and chance.random() < 0.7:
        kinds = (_OFTEN[theme],)
    at = chance.randint(5, 9) if theme == "slow_processes" else chance.randint(1, 12)
    fate = Fate(chance.choice(kinds), at) if deadly and chance.random() < 0.45 else None
    return Shift(work, _luck(chance), fate if work != "time" else None)


def _disaster(chance: Random) -> Disaster:
    return chance.choice(
        ["connections_cut", "connections_cut", "connections_cut", "postgres_restarted", "redis_flushed"]
    )


def _luck(chance: Random) -> int:
    return chance.randrange(1 << 32)
