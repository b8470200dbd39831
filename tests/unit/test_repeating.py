"""What a worker does again and again: nothing that fails ends it, and a hint does not wait."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from structlog.testing import capture_logs

from hub.policy import PolicyError
from sync_jobs.repeating import repeat


@pytest.mark.parametrize("failure", [psycopg.OperationalError("away"), PolicyError(()), RuntimeError("a fault")])
async def test_what_fails_is_said_and_done_again(failure: Exception) -> None:
    stop, acts = asyncio.Event(), 0

    async def act() -> None:
        nonlocal acts
        acts += 1
        if acts == 1:
            raise failure
        stop.set()

    with capture_logs() as logs:
        await repeat(act, name="noticing", every=timedelta(0), stop=stop)

    assert acts == 2
    expected = "deal_policy_broken" if isinstance(failure, PolicyError) else "noticing_failed"
    assert [entry["event"] for entry in logs] == [expected]


async def test_a_hint_during_the_act_is_not_missed_and_the_end_does_not_wait() -> None:
    stop, hint, acts = asyncio.Event(), asyncio.Event(), 0

    async def act() -> None:
        nonlocal acts
        acts += 1
        (hint if acts == 1 else stop).set()

    async with asyncio.timeout(30):
        await repeat(act, name="noticing", every=timedelta(hours=1), stop=stop, hint=hint)

    assert acts == 2
