"""What the way to the vendor can do to a request, and how a connector names it."""

from __future__ import annotations

import pytest

from hub.sdk.errors import OutcomeUnknown, RateLimited, RemoteError, Unavailable
from hub.sdk.sandbox import Fault
from hub.sdk.testing import update
from tests.contract.trial import Trial

EDGE = [(fault, status) for fault in ("html_error", "empty_error") for status in (502, 503, 504)]


@pytest.mark.parametrize("fault", ["throttle", "throttle_with_retry_after"])
async def test_throttled_read_is_rate_limited_and_waits_as_told(system: Trial, fault: str) -> None:
    options = {"seconds": 7}
    await system.warm_up()
    system.sandbox.faults.arm(fault, options=options)
    told = system.sandbox.fault_answer(Fault(fault, 1, options=options)).headers
    said = {name.lower(): value for name, value in told.items()}.get("retry-after")

    with pytest.raises(RateLimited) as pause:
        await system.reads.read_page(system.query, None)

    if said is not None:
        assert pause.value.retry_after == float(said)
    assert (await system.read()).ids


@pytest.mark.parametrize("scope", ["burst", "daily", "concurrency"])
async def test_spent_quota_is_rate_limited_whatever_its_status(system: Trial, scope: str) -> None:
    await system.warm_up()
    system.sandbox.faults.arm("throttle", options={"scope": scope})

    with pytest.raises(RateLimited):
        await system.reads.read_page(system.query, None)


async def test_throttled_write_wrote_nothing(trial: Trial) -> None:
    writes, [record_id] = trial.writes, trial.seed(1)
    await trial.warm_up()
    trial.sandbox.faults.arm("throttle")

    with pytest.raises(RateLimited):
        await writes.write(trial.object.name, [update(record_id, {trial.object.text_field: "throttled"})])

    assert trial.text(record_id) != "throttled"


@pytest.mark.parametrize(("fault", "status"), EDGE)
async def test_edge_error_on_a_read_is_unavailable(system: Trial, fault: str, status: int) -> None:
    await system.warm_up()
    system.sandbox.faults.arm(fault, options={"status": status})

    with pytest.raises(Unavailable):
        await system.reads.read_page(system.query, None)


@pytest.mark.parametrize(("fault", "status"), EDGE)
async def test_edge_error_on_a_write_is_not_taken_for_a_rejection(system: Trial, fault: str, status: int) -> None:
    writes, [record_id] = system.writes, system.seed(1)
    await system.warm_up()
    system.sandbox.faults.arm(fault, options={"status": status})

    with pytest.raises((Unavailable, OutcomeUnknown)):
        await writes.write(system.object.name, [update(record_id, {system.object.text_field: "x"})])


async def test_vendor_that_is_down_is_unavailable(system: Trial) -> None:
    await system.warm_up()
    system.sandbox.faults.arm("unavailable")

    with pytest.raises(Unavailable):
        await system.reads.read_page(system.query, None)


async def test_broken_read_is_repeated_at_once(system: Trial) -> None:
    seeded = system.seed(3)
    await system.warm_up()
    system.sandbox.faults.arm("drop_connection", times=2)

    assert set(seeded) <= set((await system.read()).ids)


async def test_connection_that_stays_broken_is_unavailable(system: Trial) -> None:
    await system.warm_up()
    system.sandbox.faults.arm("drop_connection", times=20)

    with pytest.raises(Unavailable):
        await system.reads.read_page(system.query, None)


async def test_malformed_answer_to_a_read_is_a_remote_error(system: Trial) -> None:
    await system.warm_up()
    system.sandbox.faults.arm("malformed_json")

    with pytest.raises(RemoteError):
        await system.reads.read_page(system.query, None)


async def test_nothing_at_the_address_is_unavailable(system: Trial) -> None:
    await system.warm_up()
    system.sandbox.faults.arm("html_error", times=20, options={"status": 521})

    with pytest.raises(Unavailable):
        await system.reads.read_page(system.query, None)
