"""The account's limits are the hub's to keep: no request may pass by the budget."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from hub.sdk.capabilities import Checks, Describes, FindsByKey, Reads, Writes
from hub.sdk.http import NoBudget
from hub.sdk.records import ReadQuery
from hub.sdk.testing import create, delete, open_sandboxed, read_to_end, update
from tests.contract.trial import Trial, done


class Ledger(NoBudget):
    """Grants everything and writes down the pool of each request."""

    def __init__(self) -> None:
        self.pools: list[str] = []

    def slot(self, *, pool: str = "", cost: int = 1) -> AbstractAsyncContextManager[None]:
        @asynccontextmanager
        async def place() -> AsyncIterator[None]:
            self.pools += [pool] * cost
            yield

        return place()


async def test_every_request_is_counted_against_a_declared_limit(trial: Trial) -> None:
    ledger, thing = Ledger(), trial.object
    trial.seed(3)

    async with open_sandboxed(trial.spec, trial.server, budget=ledger) as connector:
        if isinstance(connector, Checks):
            await connector.check()
        if isinstance(connector, Describes):
            await connector.describe(thing.name)
        if isinstance(connector, Reads):
            reading = await read_to_end(connector, trial.query)
            await read_to_end(connector, trial.query, reading.cursor)
            await connector.read_many(thing.name, reading.ids, (thing.text_field,))
        if isinstance(connector, FindsByKey):
            await connector.find_by_key(thing.name, thing.key_field, ["hub-1"], ())
        if isinstance(connector, Writes) and trial.can.writable:
            [made] = await connector.write(thing.name, [create((thing.key_field, "hub-1"), trial.valid())])
            await connector.write(thing.name, [update(done(made).remote_id, {thing.text_field: "x"})])
            await connector.write(thing.name, [delete(done(made).remote_id)])

    assert len(ledger.pools) == trial.sandbox.calls.total()
    declared = {limit.pool for limit in trial.connector.capabilities.limits}
    assert set(ledger.pools) <= declared | {""}
    assert trial.connector.capabilities.limits


async def test_quiet_run_costs_few_requests(trial: Trial) -> None:
    trial.seed(50)
    reading = await trial.read()
    trial.later(minutes=60)
    reading = await trial.read(reading.cursor)
    trial.later(minutes=60)
    calls = trial.sandbox.calls.total()

    await trial.read(reading.cursor)

    assert trial.sandbox.calls.total() - calls <= 4


async def test_scan_asks_for_full_pages(trial: Trial) -> None:
    trial.seed(1000)
    await trial.warm_up()
    calls = trial.sandbox.calls.total()

    await read_to_end(trial.reads, ReadQuery(object=trial.object.name, fields=(trial.object.text_field,)))

    assert trial.sandbox.calls.total() - calls <= 1000 / 100 + 3
