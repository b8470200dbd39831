"""What happens next after each error."""

import random
from datetime import timedelta

import pytest

from hub.domain.outcomes import MOST_ATTEMPTS, Step, what_next
from hub.sdk.errors import (
    AuthFailed,
    Conflict,
    LockContention,
    OutcomeUnknown,
    RateLimited,
    RecordGone,
    RecordRejected,
    RemoteError,
    Unavailable,
)


@pytest.mark.parametrize(
    ("error", "step", "counts", "whole_connection"),
    [
        (AuthFailed("no"), "pause", False, True),
        (RateLimited("slow"), "retry", False, True),
        (Unavailable("down"), "retry", False, True),
        (LockContention("locked"), "retry", True, False),
        (RecordRejected("bad"), "dead", True, False),
        (Conflict("changed"), "merge_again", True, False),
        (RecordGone("gone"), "gone", True, False),
        (OutcomeUnknown("?"), "verify", True, False),
        (RemoteError("odd"), "retry", True, False),
    ],
)
def test_each_error_has_its_next_step(error: RemoteError, step: Step, counts: bool, whole_connection: bool) -> None:
    verdict = what_next(error, attempts=1)
    assert (verdict.step, verdict.counts, verdict.whole_connection) == (step, counts, whole_connection)
    assert verdict.hint


@pytest.mark.parametrize("error", [RateLimited("slow", retry_after=42), Unavailable("down", retry_after=42)])
def test_the_remote_is_given_the_pause_it_asked_for(error: RemoteError) -> None:
    assert what_next(error, attempts=7).delay == timedelta(seconds=42)


def test_waits_grow_and_never_exceed_an_hour() -> None:
    chance = random.Random(1)
    waits = [what_next(RemoteError("odd"), attempts=n, chance=chance).delay for n in range(1, MOST_ATTEMPTS)]
    assert waits[0] <= timedelta(seconds=2)
    assert waits[0] < waits[3] < waits[6]
    assert max(waits) <= timedelta(hours=1)


def test_what_fails_too_often_waits_for_a_person() -> None:
    assert what_next(LockContention("locked"), attempts=MOST_ATTEMPTS).step == "dead"


def test_a_remote_that_is_away_never_uses_up_the_attempts() -> None:
    assert what_next(Unavailable("down"), attempts=MOST_ATTEMPTS * 10).step == "retry"


def test_locked_rows_are_tried_again_within_half_a_minute() -> None:
    assert what_next(LockContention("locked"), attempts=MOST_ATTEMPTS - 1).delay <= timedelta(seconds=30)
