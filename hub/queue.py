"""The queue of wake-ups in Redis: it says that a connection has work; what the work is stands in PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal
from uuid import uuid4

import msgspec
import structlog
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from redis.exceptions import RedisError

log = structlog.get_logger()

JobName = Literal["pull", "reread", "push", "reconcile", "plan"]

# Reads of whole systems take long; they must not keep the short jobs waiting, so they have a queue of their own.
QUEUES: dict[JobName, str] = {
    "pull": "partnerhub:jobs:long",
    "plan": "partnerhub:jobs:long",
    "reread": "partnerhub:jobs",
    "push": "partnerhub:jobs",
    "reconcile": "partnerhub:jobs:long",
}

encode_job = msgspec.json.encode
decode_job = msgspec.json.decode

_EXPIRES = timedelta(hours=1)  # of a wake-up nobody took; the sweep has made a new one long since
_RUNNING = timedelta(seconds=15)  # a running job says so again well within this time
_REDIS_AGAIN = 1.0  # seconds in which nobody tries after a try that failed

# `waiting` holds the id of the one wake-up that has not begun. If it is there, it is moved forward; one that a worker
# took and never began (it died in between) is replaced.
_WAKE = """
local waiting, queue = KEYS[1], KEYS[2]
local id, job, score, expires, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local present = redis.call('get', waiting)
if present and redis.call('zscore', queue, present) and redis.call('exists', ARGV[6] .. present) == 0 then
    redis.call('zadd', queue, 'xx', 'lt', score, present)
    return 0
end
redis.call('set', waiting, id, 'px', expires)
redis.call('psetex', ARGV[7] .. id, expires, job)
redis.call('zadd', queue, score, id)
return 1
"""

# From here on a wake-up makes a new job. Only one job of a kind runs for a connection; the other leaves word.
_BEGIN = """
local waiting, queue, running, again = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, ttl = ARGV[1], ARGV[2]
if redis.call('get', waiting) == id then redis.call('del', waiting) end
redis.call('zrem', queue, id)
if redis.call('set', running, id, 'nx', 'px', ttl) then
    redis.call('del', again)
    return 1
end
redis.call('set', again, '1', 'px', ttl)
return 0
"""

_RENEW = """
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('pexpire', KEYS[1], ARGV[2]) end
if redis.call('exists', KEYS[2]) == 1 then redis.call('pexpire', KEYS[2], ARGV[2]) end
"""

_END = """
if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end
return redis.call('del', KEYS[2])
"""


class Queue:
    """Wakes workers. Nothing here decides correctness: a lost, doubled or late wake-up is harmless.

    When Redis does not answer, every call returns as if nothing were wrong, and the log says so once: the sweep of
    the workers finds all work in PostgreSQL when Redis is back.
    """

    def __init__(self, redis: ArqRedis) -> None:
        self.redis = redis
        self._away_until = 0.0
        self._wake, self._begin = redis.register_script(_WAKE), redis.register_script(_BEGIN)
        self._renew, self._end = redis.register_script(_RENEW), redis.register_script(_END)

    async def wake(self, name: JobName, connection_id: int, *, delay: timedelta = timedelta(0)) -> None:
        """Have this job run for the connection after `delay`. Call it after the commit of what it is to find.

        Asked twice before it begins, it runs once, at the earlier moment. Asked while it runs, it runs again.
        """
        job_id, now = f"{name}:{connection_id}:{uuid4().hex}", timestamp_ms()
        job = serialize_job(name, (connection_id,), {}, None, now, serializer=encode_job)
        later = max(int(delay.total_seconds() * 1000), 0)
        expires = later + int(_EXPIRES.total_seconds() * 1000)
        await self._try(
            self._wake(
                keys=[_key("waiting", name, connection_id), QUEUES[name]],
                args=[job_id, job, now + later, expires, now, in_progress_key_prefix, job_key_prefix],
            )
        )

    async def begin(self, name: JobName, connection_id: int, *, job_id: str) -> bool:
        """Whether this job may run now; False when one of its kind runs already and will be asked to run again."""
        answer = await self._try(
            self._begin(
                keys=[
                    _key("waiting", name, connection_id),
                    QUEUES[name],
                    _key("running", name, connection_id),
                    _key("again", name, connection_id),
                ],
                args=[job_id, _milliseconds(_RUNNING)],
            )
        )
        return answer != 0

    async def renew(self, name: JobName, connection_id: int, *, job_id: str) -> None:
        """Heartbeat of a running job, due every few seconds."""
        await self._try(self._renew(keys=self._ends(name, connection_id), args=[job_id, _milliseconds(_RUNNING)]))

    async def end(self, name: JobName, connection_id: int, *, job_id: str) -> None:
        """The job is over; if it was asked for meanwhile, it is woken again."""
        if await self._try(self._end(keys=self._ends(name, connection_id), args=[job_id])):
            await self.wake(name, connection_id)

    def _ends(self, name: JobName, connection_id: int) -> list[str]:
        return [_key("running", name, connection_id), _key("again", name, connection_id)]

    async def _try(self, call: Coroutine[object, object, object]) -> object:
        """The answer. A Redis that says nothing keeps one caller waiting, and others only after a while again."""
        if time.monotonic() < self._away_until:
            call.close()
            return None
        try:
            answer = await call
        except (RedisError, OSError) as exc:
            if not self._away_until:
                log.warning("queue_unreachable", error=type(exc).__name__, verdict="the sweep wakes the work later")
            self._away_until = time.monotonic() + _REDIS_AGAIN
            return None
        if self._away_until:
            log.info("queue_is_back")
            self._away_until = 0.0
        return answer


def _key(role: str, name: JobName, connection_id: int) -> str:
    return f"partnerhub:{role}:{name}:{connection_id}"


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


@asynccontextmanager
async def open_queue(redis_url: str) -> AsyncIterator[Queue]:
    """The queue in this Redis (redis://, rediss://, unix://). Two hubs need two database numbers."""
    redis = ArqRedis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=5)
    try:
        yield Queue(redis)
    finally:
        await redis.aclose()
