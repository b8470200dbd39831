"""What is particular to Sample; the promises that all connectors keep are in tests/contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hub.sdk.errors import RateLimited
from hub.sdk.sample import CONNECTOR
from hub.sdk.sample.client import SampleClient
from hub.sdk.sample.sandbox import SampleSandbox
from hub.sdk.testing import open_sandboxed


@pytest.fixture
def sandbox() -> SampleSandbox:
    return SampleSandbox()


@pytest.fixture
async def client(sandbox: SampleSandbox) -> AsyncIterator[SampleClient]:
    async with open_sandboxed(CONNECTOR, sandbox) as connector:
        assert isinstance(connector, SampleClient)
        yield connector


async def test_token_is_replaced_before_it_expires(client: SampleClient, sandbox: SampleSandbox) -> None:
    await client.check()
    sandbox.clock.advance(timedelta(minutes=29))
    await client.check()

    assert sandbox.calls == {"POST /oauth/token": 2, "GET /v1/account": 2}


async def test_retry_after_is_taken_over_in_seconds(client: SampleClient, sandbox: SampleSandbox) -> None:
    await client.check()
    sandbox.faults.arm("throttle_with_retry_after", options={"seconds": 30})

    with pytest.raises(RateLimited) as pause:
        await client.check()

    assert pause.value.retry_after == 30


async def test_unique_value_that_is_taken_names_the_record_that_holds_it(
    client: SampleClient, sandbox: SampleSandbox
) -> None:
    first = sandbox.human_create("partners", {"name": "First", "hub_id": "hub-1"})

    [found] = await client.find_by_key("partners", "hub_id", ["hub-1"], ("name",))

    assert (found.id, found.fields) == (first, {"name": "First", "hub_id": "hub-1"})
