"""Makes a broken world small: everything that is not needed for the same law to break is taken out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

from hub.simulation.play import Played
from hub.simulation.script import Person, Round, Script

T = TypeVar("T")

_MOST_TRIES = 150


def shrink(broken: Played, play: Callable[[Script], Played]) -> Played:
    """The smallest world found that breaks one of the same laws. The same broken world shrinks to the same."""
    laws = {violation.law for violation in broken.violations}
    best, tries = broken, 0
    progress = True
    while progress:
        progress = False
        for script in _smaller(best.script):
            if tries >= _MOST_TRIES:
                return best
            tries += 1
            played = play(script)
            if laws & {violation.law for violation in played.violations}:
                best, progress = played, True
                break
    return best


def _smaller(script: Script) -> Iterator[Script]:
    """From bold to timid: half of the rounds, one round, all mishaps, then single things."""
    rounds = script.rounds
    for keep in (len(rounds) // 2, len(rounds) - 1):
        if 0 < keep < len(rounds):
            yield replace(script, rounds=rounds[:keep])
    for i in range(len(rounds)):
        if len(rounds) > 1:
            yield replace(script, rounds=rounds[:i] + rounds[i + 1 :])
    for plainer in (_without_mishaps, _without_fates, _without_shifts):
        changed = tuple(plainer(each) for each in rounds)
        if changed != rounds:
            yield replace(script, rounds=changed)
    for i, each in enumerate(rounds):
        for smaller in _smaller_rounds(each):
            yield replace(script, rounds=(*rounds[:i], smaller, *rounds[i + 1 :]))


def _smaller_rounds(each: Round) -> Iterator[Round]:
    for plainer in (_without_shifts, _without_mishaps):
        if (changed := plainer(each)) != each:
            yield changed
    for i, person in enumerate(each.people):
        yield replace(each, people=_without(each.people, i))
        for smaller in _smaller_people(person):
            yield replace(each, people=(*each.people[:i], smaller, *each.people[i + 1 :]))
    for i, shift in enumerate(each.shifts):
        yield replace(each, shifts=_without(each.shifts, i))
        if shift.fate:
            calm = replace(shift, fate=None)
            yield replace(each, shifts=(*each.shifts[:i], calm, *each.shifts[i + 1 :]))
    for i in range(len(each.mishaps)):
        yield replace(each, mishaps=_without(each.mishaps, i))
    if each.disaster:
        yield replace(each, disaster=None)
    if each.remote_seconds or each.hub_seconds or each.hub_days:
        yield replace(each, remote_seconds=0, hub_seconds=0, hub_days=0)


def _smaller_people(person: Person) -> Iterator[Person]:
    if person.fate:
        yield replace(person, fate=None)
    for i in range(len(person.deeds)):
        if len(person.deeds) > 1:
            yield replace(person, deeds=_without(person.deeds, i))


def _without_mishaps(each: Round) -> Round:
    return replace(each, mishaps=(), disaster=None)


def _without_shifts(each: Round) -> Round:
    return replace(each, shifts=())


def _without_fates(each: Round) -> Round:
    return replace(
        each,
        people=tuple(replace(person, fate=None) for person in each.people),
        shifts=tuple(replace(shift, fate=None) for shift in each.shifts),
    )


def _without(things: tuple[T, ...], index: int) -> tuple[T, ...]:
    return things[:index] + things[index + 1 :]
