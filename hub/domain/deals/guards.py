"""When a transition may be taken: the guards, and the one function that takes a transition or says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.domain.deals.states import BY_ACTION, Action, Guard, Status, Transition, actions_in


class NotAllowed(Exception):
    """An action that cannot be taken; the message is a sentence that says why or what is missing."""

    def __init__(self, detail: str, *, guard: Guard | None = None) -> None:
        super().__init__(detail)
        self.detail, self.guard = detail, guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the guards look at. `interested`: sellers who would gain or lose by the decision.

    `missing` are required fields without a value; `asked` those that a request for information lists and `edited`
    those that the answer changes. `frozen_by` are registrations under conflict review with this one as a party.
    `extensions_left` and `appeals_left` are counts; `appeal_until` is None while nothing was decided.
    """

    now: datetime
    actor: str
    interested: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()
    reason_code: str | None = None
    text: str | None = None
    frozen_by: tuple[str, ...] = ()
    protection_until: datetime | None = None
    extensions_left: int = 0
    appeals_left: int = 0
    new_evidence: int = 0
    appeal_until: datetime | None = None


def take(status: Status, action: Action, given: Circumstances) -> Transition:
    """The transition that `action` is in this status. Raises NotAllowed where there is none or a guard refuses."""
    transition = BY_ACTION[action]
    if status not in transition.sources:
        possible = ", ".join(actions_in(status)) or "nothing any more"
        raise NotAllowed(f"A registration that is {status} cannot {_words(action)}; possible is: {possible}.")
    for guard in transition.guards:
        if fault := _GUARDS[guard](given):
            raise NotAllowed(fault, guard=guard)
    return transition


def _words(action: Action) -> str:
    return f"take the step {action}"


def _complete(given: Circumstances) -> str | None:
    return f"These fields must be filled first: {', '.join(given.missing)}." if given.missing else None


def _listed_fields_only(given: Circumstances) -> str | None:
    if other := sorted(given.edited - given.asked):
        return f"Only the fields that were asked for can be changed now; not among them: {', '.join(other)}."
    return None


def _reason_given(given: Circumstances) -> str | None:
    if not given.reason_code:
        return "Give a reason code."
    if given.reason_code == "other" and not (given.text or "").strip():
        return "The reason other needs a text that says what it is."
    return None


def _not_interested(given: Circumstances) -> str | None:
    if given.actor in given.interested:
        return f"{given.actor} has an interest in this deal: somebody else must decide."
    return None


def _not_frozen(given: Circumstances) -> str | None:
    if given.frozen_by:
        return f"Rights are frozen while registration {', '.join(given.frozen_by)} is under conflict review."
    return None


def _protection_runs(given: Circumstances) -> str | None:
    if given.protection_until is None or given.now >= given.protection_until:
        return "The protection has ended; an extension must be asked for before."
    return None


def _protection_over(given: Circumstances) -> str | None:
    if given.protection_until is None or given.now < given.protection_until:
        return "The protection still runs."
    return None


def _extensions_left(given: Circumstances) -> str | None:
    return None if given.extensions_left > 0 else "No extension is left."


def _appeal_left(given: Circumstances) -> str | None:
    return None if given.appeals_left > 0 else "There was an appeal already; there is one for each registration."


def _new_evidence(given: Circumstances) -> str | None:
    return None if given.new_evidence > 0 else "An appeal needs evidence that was not there when it was decided."


def _in_appeal_time(given: Circumstances) -> str | None:
    if given.appeal_until is None or given.now > given.appeal_until:
        return "The time for an appeal is over."
    return None


_GUARDS: dict[Guard, Callable[[Circumstances], str | None]] = {
    Guard.COMPLETE: _complete,
    Guard.LISTED_FIELDS_ONLY: _listed_fields_only,
    Guard.REASON_GIVEN: _reason_given,
    Guard.NOT_INTERESTED: _not_interested,
    Guard.NOT_FROZEN: _not_frozen,
    Guard.PROTECTION_RUNS: _protection_runs,
    Guard.PROTECTION_OVER: _protection_over,
    Guard.EXTENSIONS_LEFT: _extensions_left,
    Guard.APPEAL_LEFT: _appeal_left,
    Guard.NEW_EVIDENCE: _new_evidence,
    Guard.IN_APPEAL_TIME: _in_appeal_time,
}

REMIND_BEFORE = (30, 14, 7)
"""Days before the end of a protection on which the partner is reminded."""


def reminder_due(*, now: datetime, protection_until: datetime, sent: frozenset[int]) -> int | None:
    """The reminder to send now: the latest whose day has come. Those missed before it are not made up for."""
    left = protection_until - now
    if left <= timedelta(0):
        return None
    come = [days for days in REMIND_BEFORE if left <= timedelta(days=days)]
    latest = min(come, default=None)
    return None if latest is None or any(days <= latest for days in sent) else latest
