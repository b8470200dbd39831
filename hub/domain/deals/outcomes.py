"""What a rule says, and what all of them together decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.domain.deals.facts import Feature

Group = Literal["gate", "conflict", "process"]


class Kind(StrEnum):
    """The outcome of a rule, from the gravest to none."""

    BLOCK = "block"
    REVIEW = "review"
    NEEDS_INFO = "needs_info"
    TEAMING = "teaming"
    SPLIT = "split"
    NOTICE = "notice"
    PASS = "pass"  # noqa: S105  # no password

    @property
    def gravity(self) -> int:
        """Grows with gravity; teaming and split weigh the same."""
        return _GRAVITY[self]


_GRAVITY = {
    Kind.BLOCK: 5,
    Kind.REVIEW: 4,
    Kind.NEEDS_INFO: 3,
    Kind.TEAMING: 2,
    Kind.SPLIT: 2,
    Kind.NOTICE: 1,
    Kind.PASS: 0,
}


class Evidence(Struct, frozen=True, kw_only=True):
    """One value that an outcome rests on, with where and when it was read."""

    field: str
    value: str
    system: str = "hub"
    source_id: str = ""
    observed_at: datetime | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What one rule says of one registration.

    `message_internal` is for approvers and may name rivals; `message_partner` never tells a rival's name, price or
    contact. `fields` are those to be filled where information is needed. `auto`: a machine may approve with it.
    `approvals`: how many people have to approve, where more than one.
    """

    rule: str
    version: str
    outcome: Kind
    group: Group
    subjects: tuple[str, ...] = ()
    counterparts: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    score: float | None = None
    features: tuple[Feature, ...] = ()
    message_internal: str = ""
    message_partner: str = ""
    next_actions: tuple[str, ...] = ()
    deadline: datetime | None = None
    reason_code: str | None = None
    fields: tuple[str, ...] = ()
    auto: bool = True
    approvals: int = 1


class Decision(Struct, frozen=True, kw_only=True):
    """All outcomes, the gravest first, and what follows from them."""

    edition: str
    verdict: Kind
    outcomes: tuple[Outcome, ...]
    auto_approve: bool
    approvals: int
    fields: tuple[str, ...]
    counterparts: tuple[str, ...]
    reason_code: str | None
    eligible: bool
    """Complete, and no gate blocks: its place among the registrations of this customer counts from now."""

    def fired(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.outcome is not Kind.PASS)

    def of(self, rule: str) -> Outcome:
        return next(outcome for outcome in self.outcomes if outcome.rule == rule)


class _Silent(Struct, frozen=True):
    """What is kept of an outcome that says nothing."""

    rule: str
    version: str
    outcome: Kind
    group: Group


def encode_decision(decision: Decision) -> bytes:
    """JSON that decodes to the same decision; of rules that found nothing, it leaves out all that is empty.

    They are most of it: a third of the size, and of the time to store it.
    """
    outcomes: Any = tuple(
        o if o.subjects else _Silent(o.rule, o.version, o.outcome, o.group) for o in decision.outcomes
    )
    return msgspec.json.encode(replace(decision, outcomes=outcomes))


def combine(edition: str, outcomes: Iterable[Outcome]) -> Decision:
    """The gravest outcome is the verdict; a machine approves only when every single one lets it."""
    ordered = tuple(sorted(outcomes, key=lambda o: -o.outcome.gravity))
    verdict = ordered[0].outcome if ordered else Kind.PASS
    gates = [o for o in ordered if o.group == "gate"]
    fields = tuple(dict.fromkeys(name for o in ordered for name in o.fields))
    conflicts = [o for o in ordered if o.group == "conflict" and o.outcome in (Kind.BLOCK, Kind.REVIEW)]
    return Decision(
        edition=edition,
        verdict=verdict,
        outcomes=ordered,
        auto_approve=verdict in (Kind.PASS, Kind.NOTICE) and all(o.auto for o in ordered),
        approvals=max((o.approvals for o in ordered), default=1),
        fields=fields,
        counterparts=tuple(dict.fromkeys(c for o in conflicts for c in o.counterparts)),
        reason_code=next((o.reason_code for o in ordered if o.outcome is verdict and o.reason_code), None),
        eligible=not fields and all(o.outcome not in (Kind.BLOCK, Kind.NEEDS_INFO) for o in gates),
    )
