"""The life of a registration: which steps there are, and which the guards refuse."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.deals.guards import Circumstances, NotAllowed, reminder_due, take
from hub.domain.deals.states import (
    BY_ACTION,
    ENDED,
    IN_REVIEW,
    PROTECTED,
    TRANSITIONS,
    Action,
    Guard,
    Status,
    actions_in,
)
from hub.record.deals import DEAL_REGISTRATION, REVIEW_STATES

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
GOOD = Circumstances(
    now=NOW,
    actor="key approver",
    reason_code="direct_active",
    protection_until=NOW + timedelta(days=5),
    extensions_left=1,
    appeals_left=1,
    new_evidence=1,
    appeal_until=NOW + timedelta(days=1),
)


def test_the_statuses_are_those_of_the_record_and_every_one_can_be_reached() -> None:
    assert {*Status} == {*REVIEW_STATES}
    assert {t.target for t in TRANSITIONS} == {*Status} - {Status.DRAFT}


def test_each_action_is_one_transition_and_its_stage_is_one_that_the_record_knows() -> None:
    stages = DEAL_REGISTRATION.fields["stage"].choices

    assert len(BY_ACTION) == len(TRANSITIONS) == len(Action)
    assert all(t.stage is None or t.stage in stages for t in TRANSITIONS)


def test_every_status_is_draft_in_review_protected_or_ended() -> None:
    parts = [{Status.DRAFT}, IN_REVIEW, PROTECTED, ENDED]

    assert sum(map(len, parts)) == len(Status)
    # Only an appeal and the undoing of a merge go on from an end.
    assert {s for s in ENDED if actions_in(s)} == {Status.REJECTED, Status.MERGED}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", Action)
def test_a_step_is_taken_exactly_from_its_sources(status: Status, action: Action) -> None:
    given = replace(GOOD, protection_until=NOW) if action is Action.EXPIRE else GOOD

    if status in BY_ACTION[action].sources:
        assert take(status, action, given).target is BY_ACTION[action].target
    else:
        with pytest.raises(NotAllowed, match=f"that is {status} cannot"):
            take(status, action, given)


@pytest.mark.parametrize(
    ("action", "status", "given", "guard"),
    [
        (Action.SUBMIT, Status.DRAFT, {"missing": ("amount",)}, Guard.COMPLETE),
        (Action.ANSWER_INFO, Status.NEEDS_INFO, {"edited": frozenset({"amount"})}, Guard.LISTED_FIELDS_ONLY),
        (Action.REJECT, Status.PENDING_APPROVAL, {"reason_code": None}, Guard.REASON_GIVEN),
        (Action.REJECT, Status.PENDING_APPROVAL, {"reason_code": "other", "text": " "}, Guard.REASON_GIVEN),
        (
            Action.APPROVE,
            Status.PENDING_APPROVAL,
            {"interested": frozenset({"key approver"})},
            Guard.NOT_INTERESTED,
        ),
        (Action.EXTEND, Status.APPROVED, {"frozen_by": ("7",)}, Guard.NOT_FROZEN),
        (Action.AMEND, Status.APPROVED, {"frozen_by": ("7",)}, Guard.NOT_FROZEN),
        (Action.EXTEND, Status.APPROVED, {"protection_until": NOW}, Guard.PROTECTION_RUNS),
        (Action.EXTEND, Status.EXTENDED, {"extensions_left": 0}, Guard.EXTENSIONS_LEFT),
        (Action.EXPIRE, Status.APPROVED, {}, Guard.PROTECTION_OVER),
        (Action.APPEAL, Status.REJECTED, {"appeals_left": 0}, Guard.APPEAL_LEFT),
        (Action.APPEAL, Status.REJECTED, {"new_evidence": 0}, Guard.NEW_EVIDENCE),
        (Action.APPEAL, Status.REJECTED, {"appeal_until": NOW - timedelta(seconds=1)}, Guard.IN_APPEAL_TIME),
    ],
)
def test_a_guard_refuses_with_a_sentence(
    action: Action, status: Status, given: dict[str, object], guard: Guard
) -> None:
    with pytest.raises(NotAllowed) as refused:
        take(status, action, replace(GOOD, **given))  # type: ignore[arg-type]

    assert refused.value.guard is guard
    assert refused.value.detail.endswith(".")


def test_only_a_request_for_information_pauses_the_clock_and_only_its_answer_resumes_it() -> None:
    effects = {t.action: t.clock for t in TRANSITIONS if t.clock in ("pause", "resume")}

    assert effects == {Action.ASK_INFO: "pause", Action.ANSWER_INFO: "resume"}


@pytest.mark.parametrize(
    ("left", "sent", "expected"),
    [(31, (), None), (30, (), 30), (29, (30,), None), (14, (30,), 14), (10, (), 14), (7, (30, 14), 7), (3, (7,), None)],
)
def test_reminders_come_once_each_and_a_missed_one_is_not_made_up_for(
    left: int, sent: tuple[int, ...], expected: int | None
) -> None:
    until = NOW + timedelta(days=left)

    assert reminder_due(now=NOW, protection_until=until, sent=frozenset(sent)) == expected


def test_nobody_is_reminded_of_a_protection_that_is_over() -> None:
    assert reminder_due(now=NOW, protection_until=NOW, sent=frozenset()) is None
