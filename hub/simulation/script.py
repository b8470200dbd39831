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
REGISTRATIONS = ("register", "register_many", "register_again", "decide_deal", "end_deal", "keep_deadlines")
_REGISTERED = (*REGISTRATIONS, "register", "register", "decide_deal", "decide_deal")
_REGISTERING: tuple[Kind, ...] = ("lingers", "lingers", "commit_lost", "commit_lost", "commit_failed", "during")
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

    @property
    def registers(self) -> bool:
        return any(deed.kind in REGISTRATIONS for deed in self.deeds)


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
    """People, workers and faults of some moments; then time passes: at the remote systems, and in the hub.

    `hub_days`: so long that protections of registrations end.
    """

    number: int
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    disaster: Disaster | None = None
    remote_seconds: int = 0
    hub_seconds: int = 0
    hub_days: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """One world's life. `theme`: the kind of trouble that it has most of."""

    seed: int
    rounds: tuple[Round, ...]
    theme: Theme = "anything"

    @property
    def registers(self) -> bool:
        """Whether partners register deals in it."""
        return any(person.registers for r in self.rounds for person in r.people)

    def without_registrations(self) -> Script:
        """The same life, without those who register deals or decide on them."""
        rounds = (
            replace(r, people=tuple(person for person in r.people if not person.registers), hub_days=0)
            for r in self.rounds
        )
        return replace(self, rounds=tuple(rounds))

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
    rounds = _with_registrations([replace(each, number=n) for n, each in enumerate(rounds)], seed, theme)
    return Script(seed, tuple(rounds), theme)


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


# Registrations of deals: in some worlds only, and drawn apart, so that nothing else in the world moves.


def _with_registrations(rounds: list[Round], seed: int, theme: Theme) -> list[Round]:
    """Some partners and reviewers join the people of most rounds; in two of them they get in each other's way."""
    chance = Random(f"registrations {seed}")
    if chance.random() >= (0.5 if theme == "late_commits" else 0.25):
        return rounds
    joined = [replace(each, people=(*each.people, *_partners(chance))) for each in rounds]
    for at in chance.sample(range(len(rounds) // 3, len(rounds)), 2):
        crossing = chance.choice((_claim_the_same, _claim_the_same, _send_again, _end_meanwhile))
        joined[at] = replace(joined[at], people=(*joined[at].people, *crossing(chance)))
    late = chance.randrange(len(rounds) // 2, len(rounds))
    if chance.random() < 0.5:
        joined[late] = replace(joined[late], hub_days=2)
    return joined


def _partners(chance: Random) -> tuple[Person, ...]:
    return tuple(
        Person(
            tuple(Deed(chance.choice(_REGISTERED), _luck(chance)) for _ in range(chance.choice((1, 1, 2)))),
            _fate_of_a_partner(chance) if chance.random() < 0.4 else None,
        )
        for _ in range(chance.choice((0, 1, 1, 2)))
    )


def _fate_of_a_partner(chance: Random) -> Fate:
    return Fate(chance.choice(_REGISTERING), 1, chance.choice(("DealDesk._submit", "DealDesk.")))


def _claim_the_same(chance: Random) -> tuple[Person, ...]:
    """Partners at the same time: who is first commits late."""
    same = Deed("register", _luck(chance))
    return Person((same,), Fate("lingers", 1)), Person((same, same))


def _send_again(chance: Random) -> tuple[Person, ...]:
    """Nobody has answered yet when the same comes again."""
    return Person((Deed("register", _luck(chance)),), Fate("lingers", 1)), _at_work(chance, "register_again")


def _end_meanwhile(chance: Random) -> tuple[Person, ...]:
    """That a registration has ended others of its customer do not see yet."""
    luck = _luck(chance)
    same, end = Deed("register", luck), Deed("end_deal", luck)
    return Person((same, end), Fate("lingers", 1, "DealDesk._change")), Person((end, same, same))


def _luck(chance: Random) -> int:
    return chance.randrange(1 << 32)
