"""What happens next after each error of a remote system: decided here, once."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

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

Step = Literal["retry", "verify", "merge_again", "gone", "dead", "pause"]

MOST_ATTEMPTS = 12
_FIRST_DELAY = timedelta(seconds=2)
_LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`retry` after `delay`; `verify` before any second write; `merge_again` after a re-read; `gone`: unlink or
    redirect; `dead`: a person decides; `pause`: the whole connection waits for a person.

    `counts`: this try is one of MOST_ATTEMPTS. `whole_connection`: nobody else of the connection tries before `delay`
    is over. `hint` tells the operator what to do.
    """

    step: Step
    delay: timedelta
    hint: str
    counts: bool = True
    whole_connection: bool = False


def what_next(error: RemoteError, *, attempts: int, chance: random.Random | None = None) -> Verdict:
    """The verdict on `error` after `attempts` tries (this one included)."""
    verdict = _verdict(error, attempts, chance or random.Random())  # noqa: S311 - jitter, not a secret
    if verdict.counts and verdict.step == "retry" and attempts >= MOST_ATTEMPTS:
        return Verdict("dead", timedelta(0), f"Gave up after {attempts} tries. Replay it when the cause is gone.")
    return verdict


def _verdict(error: RemoteError, attempts: int, chance: random.Random) -> Verdict:
    backoff = _backoff(attempts, chance)
    match error:
        case AuthFailed():
            return Verdict(
                "pause", timedelta(0), "Correct the connection's credentials or permissions, then resume it.",
                counts=False, whole_connection=True,
            )  # fmt: skip
        case RateLimited():
            wait = backoff if error.retry_after is None else timedelta(seconds=error.retry_after)
            return Verdict(
                "retry", wait, "The remote system asked for a pause; nothing to do.",
                counts=False, whole_connection=True,
            )  # fmt: skip
        case Unavailable():
            wait = backoff if error.retry_after is None else timedelta(seconds=error.retry_after)
            return Verdict(
                "retry", wait, "The remote system cannot be reached; it is tried again by itself.",
                counts=False, whole_connection=True,
            )  # fmt: skip
        case LockContention():
            wait = min(backoff, timedelta(seconds=30))
            return Verdict("retry", wait, "Rows were locked; tried again in small steps.")
        case RecordRejected():
            return Verdict("dead", timedelta(0), "Correct the value named in the message, then replay the delivery.")
        case Conflict():
            return Verdict("merge_again", timedelta(0), "The remote record changed; it is read and merged again.")
        case RecordGone():
            return Verdict("gone", timedelta(0), "The remote record is gone.")
        case OutcomeUnknown():
            return Verdict("verify", timedelta(seconds=1), "No answer came; whether it was written is being checked.")
        case _:
            return Verdict("retry", backoff, "Unexpected answer; it is tried again by itself.")


def _backoff(attempts: int, chance: random.Random) -> timedelta:
    """Exponential, with full jitter above half, never longer than an hour."""
    ceiling = min(_FIRST_DELAY * (1 << min(max(attempts - 1, 0), 20)), _LONGEST_DELAY)
    return ceiling * (0.5 + chance.random() / 2)
