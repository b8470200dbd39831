"""Faults of the network: packets between a worker's host and PostgreSQL or Redis are dropped, not refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path

from tests.drills.network import Network, open_network
from tests.drills.servers import open_postgres, open_redis
from tests.drills.stage import Stage, open_stage

# Longer than any lease and any time after which a silent peer is given up: everything that can go wrong has by then.
_LONG = 45.0
_SHORT = 8.0  # shorter than that: connections survive it


def _on_hosts(*workers: str) -> Callable[[Path, int], AbstractAsyncContextManager[Stage]]:
    @asynccontextmanager
    async def setting(folder: Path, seed: int) -> AsyncIterator[Stage]:
        with ExitStack() as stack:
            network = stack.enter_context(open_network("db", "cache", *workers))
            database, cache = (
                stack.enter_context(open_(folder, address=network.address(host), host=network.enter(host)))
                for open_, host in ((open_postgres, "db"), (open_redis, "cache"))
            )
            commands = tuple(("worker", network.enter(worker)) for worker in workers)
            async with open_stage(
                folder, seed=seed, commands=commands, database_url=database, redis_url=cache, address=network.here
            ) as stage:
                stage.network = network
                yield stage

    return setting


one_worker, two_workers = _on_hosts("worker"), _on_hosts("first", "second")


async def part_from_postgres(stage: Stage) -> None:
    """A short and a long partition between the only worker and PostgreSQL."""
    await _part(stage, "worker", "db")


async def part_from_redis(stage: Stage) -> None:
    """A short and a long partition between the only worker and Redis."""
    await _part(stage, "worker", "cache")


async def lose_a_host(stage: Stage) -> None:
    """One of two workers loses PostgreSQL: the other goes on meanwhile. Then it comes back, late."""
    network = _network(stage)
    await stage.any_moment()
    network.part("first", "db")
    await stage.recover()  # by the second one
    network.heal("first", "db")
    await stage.recover()
    await stage.any_moment()
    network.part("second", "db")
    network.part("second", "cache")
    await stage.recover()
    network.heal("second", "db")
    network.heal("second", "cache")
    await stage.recover()


async def _part(stage: Stage, one: str, other: str) -> None:
    for seconds in (_SHORT, _LONG):
        await stage.any_moment()
        _network(stage).part(one, other)
        await asyncio.sleep(seconds)  # this is the fault: it has a length
        _network(stage).heal(one, other)
        await stage.recover()


def _network(stage: Stage) -> Network:
    assert stage.network is not None
    return stage.network
