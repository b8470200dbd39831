"""Wake-ups: never swallowed, never piled up, and Redis may forget all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix

from hub.queue import QUEUES, JobName, Queue, decode_job, open_queue

HERE = 7


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[Queue]:
    async with open_queue(redis_url) as queue:
        yield queue


async def waiting(queue: Queue, name: JobName = "push") -> list[str]:
    """Ids of the jobs that have not begun."""
    return [job.decode() for job in await queue.redis.zrange(QUEUES[name], 0, -1)]


async def test_a_job_asked_for_many_times_before_it_begins_waits_once(queue: Queue) -> None:
    await asyncio.gather(*(queue.wake("push", HERE) for _ in range(20)))
    assert len(await waiting(queue)) == 1


async def test_a_wake_up_while_the_job_runs_leads_to_another_run(queue: Queue) -> None:
    await queue.wake("push", HERE)
    [first] = await waiting(queue)
    assert await queue.begin("push", HERE, job_id=first)
    assert await waiting(queue) == []

    await queue.wake("push", HERE)
    [second] = await waiting(queue)
    await queue.end("push", HERE, job_id=first)

    assert second != first
    assert await queue.begin("push", HERE, job_id=second)


async def test_a_second_job_of_a_kind_gives_way_and_runs_when_the_first_is_over(queue: Queue) -> None:
    assert await queue.begin("push", HERE, job_id="first")
    await queue.wake("push", HERE)
    [second] = await waiting(queue)

    assert not await queue.begin("push", HERE, job_id=second)
    assert await waiting(queue) == []
    await queue.end("push", HERE, job_id="first")

    [third] = await waiting(queue)
    assert await queue.begin("push", HERE, job_id=third)


async def test_a_job_nobody_asked_for_again_is_over_when_it_ends(queue: Queue) -> None:
    assert await queue.begin("push", HERE, job_id="only")
    await queue.end("push", HERE, job_id="only")
    assert await waiting(queue) == []


async def test_a_later_wake_up_does_not_put_off_an_earlier_one(queue: Queue) -> None:
    await queue.wake("push", HERE)
    [job] = await waiting(queue)
    before = await queue.redis.zscore(QUEUES["push"], job)
    await queue.wake("push", HERE, delay=timedelta(hours=1))
    assert await queue.redis.zscore(QUEUES["push"], job) == before


async def test_an_earlier_wake_up_brings_a_later_one_forward(queue: Queue) -> None:
    await queue.wake("push", HERE, delay=timedelta(hours=1))
    [job] = await waiting(queue)
    before = await queue.redis.zscore(QUEUES["push"], job)
    await queue.wake("push", HERE)
    after = await queue.redis.zscore(QUEUES["push"], job)
    assert await waiting(queue) == [job]
    assert before is not None
    assert after is not None
    assert before - after > 3_000_000


async def test_a_job_taken_by_a_worker_that_died_before_it_began_does_not_swallow_the_next_wake_up(
    queue: Queue,
) -> None:
    await queue.wake("push", HERE)
    [taken] = await waiting(queue)
    await queue.redis.set(in_progress_key_prefix + taken, "1")

    await queue.wake("push", HERE)

    assert len(await waiting(queue)) == 2


async def test_a_running_job_whose_process_died_makes_room_for_another(queue: Queue) -> None:
    assert await queue.begin("push", HERE, job_id="dead")
    left = await queue.redis.pttl(f"partnerhub:running:push:{HERE}")
    assert 0 < left <= 15_000
    await queue.redis.delete(f"partnerhub:running:push:{HERE}")  # as Redis does when that time is over
    assert await queue.begin("push", HERE, job_id="next")


async def test_connections_and_kinds_of_jobs_do_not_stand_in_each_others_way(queue: Queue) -> None:
    names: tuple[JobName, ...] = ("push", "reread", "pull")
    for name in names:
        await queue.wake(name, HERE)
    await queue.wake("push", HERE + 1)
    assert len(await waiting(queue, "push")) == 3
    assert len(await waiting(queue, "pull")) == 1


async def test_a_job_is_its_name_and_ids_as_json(queue: Queue) -> None:
    await queue.wake("reread", HERE)
    [job_id] = await waiting(queue)
    stored = await queue.redis.get(job_key_prefix + job_id)
    assert stored is not None
    job = decode_job(stored)
    assert (job["f"], job["a"], job["k"]) == ("reread", [HERE], {})


async def test_without_redis_a_wake_up_is_lost_without_a_word_to_the_caller(tmp_path: object) -> None:
    async with open_queue(f"unix://{tmp_path}/nobody.sock") as queue:
        await queue.wake("push", HERE)
        assert await queue.begin("push", HERE, job_id="any")
        await queue.end("push", HERE, job_id="any")


async def test_a_silent_redis_keeps_one_caller_waiting_not_all(tmp_path: Path) -> None:
    callers = 0

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal callers
        callers += 1
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(say_nothing, tmp_path / "redis.sock"):
        redis = ArqRedis.from_url(f"unix://{tmp_path}/redis.sock", socket_timeout=0.2)
        queue = Queue(redis)
        for connection_id in range(10):
            await queue.wake("push", connection_id)
        await redis.aclose()
    assert callers == 1
