"""The life of a deal registration: every status, every transition and the guards on it, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    """Where the review stands. The sales stage and the state of the CRM's copy are fields of their own."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCREENING = "screening"
    NEEDS_INFO = "needs_info"
    CONFLICT_REVIEW = "conflict_review"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    APPROVED_TEAMING = "approved_teaming"
    REJECTED = "rejected"
    EXTENDED = "extended"
    AMENDED = "amended"
    WON = "won"
    LOST = "lost"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    APPEALED = "appealed"
    MERGED = "merged"


class SyncState(StrEnum):
    """Where the copies in other systems stand: nothing sent yet, on the way, the same, or refused there."""

    NOT_SENT = "not_sent"
    WAITING = "waiting"
    IN_STEP = "in_step"
    REFUSED = "refused"


class Action(StrEnum):
    """What can be done to a registration."""

    SUBMIT = "submit"
    SCREEN = "screen"
    ASK_INFO = "ask_info"
    ANSWER_INFO = "answer_info"
    HOLD = "hold"
    QUEUE = "queue"
    APPROVE = "approve"
    APPROVE_TEAMING = "approve_teaming"
    REJECT = "reject"
    EXTEND = "extend"
    AMEND = "amend"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    REVOKE = "revoke"
    WIN = "win"
    LOSE = "lose"
    MERGE = "merge"
    UNMERGE = "unmerge"


class Guard(StrEnum):
    """What must hold for a transition; `hub.domain.deals.guards` says when it does."""

    COMPLETE = "complete"
    LISTED_FIELDS_ONLY = "listed_fields_only"
    REASON_GIVEN = "reason_given"
    NOT_INTERESTED = "not_interested"
    NOT_FROZEN = "not_frozen"
    PROTECTION_RUNS = "protection_runs"
    PROTECTION_OVER = "protection_over"
    EXTENSIONS_LEFT = "extensions_left"
    APPEAL_LEFT = "appeal_left"
    NEW_EVIDENCE = "new_evidence"
    IN_APPEAL_TIME = "in_appeal_time"


ClockEffect = Literal["start", "pause", "resume", "stop"]


@dataclass(frozen=True, slots=True)
class Transition:
    """From any of `sources`, `action` leads to `target` when all `guards` hold.

    `stage` is what the sales stage becomes, None where it stays; `clock` is what happens to the deadline of the review.
    """

    action: Action
    sources: frozenset[Status]
    target: Status
    guards: tuple[Guard, ...] = ()
    stage: str | None = None
    clock: ClockEffect | None = None


PROTECTED = frozenset({Status.APPROVED, Status.APPROVED_TEAMING, Status.EXTENDED, Status.AMENDED})
IN_REVIEW = frozenset(
    {
        Status.SUBMITTED,
        Status.SCREENING,
        Status.NEEDS_INFO,
        Status.CONFLICT_REVIEW,
        Status.PENDING_APPROVAL,
        Status.APPEALED,
    }
)
ENDED = frozenset(Status) - PROTECTED - IN_REVIEW - {Status.DRAFT}
DECIDABLE = frozenset({Status.CONFLICT_REVIEW, Status.PENDING_APPROVAL, Status.APPEALED})
"""Where a person may approve or reject."""

_S, _A, _G = Status, Action, Guard
_SCREENED = frozenset({Status.SCREENING})
_DECISION = (Guard.REASON_GIVEN, Guard.NOT_INTERESTED)

TRANSITIONS: tuple[Transition, ...] = (
    Transition(_A.SUBMIT, frozenset({_S.DRAFT}), _S.SUBMITTED, (_G.COMPLETE,), stage="submitted", clock="start"),
    Transition(_A.SCREEN, frozenset({_S.SUBMITTED, _S.NEEDS_INFO}), _S.SCREENING, stage="in_review"),
    Transition(
        _A.ASK_INFO,
        frozenset({_S.SCREENING, _S.CONFLICT_REVIEW, _S.PENDING_APPROVAL}),
        _S.NEEDS_INFO,
        stage="in_review",
        clock="pause",
    ),
    Transition(
        _A.ANSWER_INFO, frozenset({_S.NEEDS_INFO}), _S.SCREENING, (_G.LISTED_FIELDS_ONLY, _G.COMPLETE), clock="resume"
    ),
    Transition(_A.HOLD, _SCREENED | PROTECTED | {_S.PENDING_APPROVAL}, _S.CONFLICT_REVIEW, stage="in_review"),
    Transition(_A.QUEUE, _SCREENED | {_S.CONFLICT_REVIEW}, _S.PENDING_APPROVAL, stage="in_review"),
    Transition(_A.APPROVE, _SCREENED | DECIDABLE, _S.APPROVED, (_G.NOT_INTERESTED,), stage="approved", clock="stop"),
    Transition(
        _A.APPROVE_TEAMING, DECIDABLE, _S.APPROVED_TEAMING, (_G.NOT_INTERESTED,), stage="approved", clock="stop"
    ),
    Transition(_A.REJECT, _SCREENED | DECIDABLE, _S.REJECTED, _DECISION, stage="rejected", clock="stop"),
    Transition(_A.EXTEND, PROTECTED, _S.EXTENDED, (_G.PROTECTION_RUNS, _G.EXTENSIONS_LEFT, _G.NOT_FROZEN)),
    Transition(_A.AMEND, PROTECTED, _S.AMENDED, (_G.PROTECTION_RUNS, _G.NOT_FROZEN)),
    Transition(
        _A.APPEAL,
        frozenset({_S.REJECTED}),
        _S.APPEALED,
        (_G.APPEAL_LEFT, _G.NEW_EVIDENCE, _G.IN_APPEAL_TIME),
        stage="in_review",
        clock="start",
    ),
    Transition(
        _A.WITHDRAW, frozenset({_S.DRAFT}) | IN_REVIEW | PROTECTED, _S.WITHDRAWN, stage="withdrawn", clock="stop"
    ),
    Transition(_A.EXPIRE, PROTECTED, _S.EXPIRED, (_G.PROTECTION_OVER,), stage="expired"),
    Transition(_A.REVOKE, PROTECTED, _S.REVOKED, _DECISION, stage="rejected"),
    Transition(_A.WIN, PROTECTED, _S.WON, (_G.NOT_FROZEN,), stage="won"),
    Transition(_A.LOSE, PROTECTED, _S.LOST, stage="lost"),
    Transition(_A.MERGE, IN_REVIEW, _S.MERGED, clock="stop", stage="withdrawn"),
    Transition(_A.UNMERGE, frozenset({_S.MERGED}), _S.SCREENING, clock="start", stage="in_review"),
)

BY_ACTION: dict[Action, Transition] = {transition.action: transition for transition in TRANSITIONS}


def actions_in(status: Status) -> tuple[Action, ...]:
    """What can be done in this status, guards aside."""
    return tuple(transition.action for transition in TRANSITIONS if status in transition.sources)
