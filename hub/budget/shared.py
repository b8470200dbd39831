"""The limits of a remote account as all workers keep them together, counted in Redis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from redis.asyncio import Redis

from hub.budget.pace import BELIEVED_SECONDS, Ask, Refusal, Standing
from hub.sdk.capabilities import Limit
from hub.sdk.http import Usage

# A request under way is counted for this long unless its process says again that it is.
HELD_SECONDS = 15.0

# Checks every limit before it counts in any. Burst: what was sent in the last window, one member a request. Daily: one
# number that ends with the window, or when the vendor's word grows old. Concurrency: who runs, and until when believed.
# Once a minute a daily limit's count is noted, so that one can tell how fast it is used up.
_NOTE = """
local function note(key, now, used)
    local last = redis.call('lindex', key .. ':noted', 0)
    if last and now - tonumber(string.match(last, '^%d+')) < 60000 then return end
    redis.call('lpush', key .. ':noted', now .. ':' .. used)
    redis.call('ltrim', key .. ':noted', 0, 179)
    redis.call('expire', key .. ':noted', 86400)
end
"""

_TAKE = (
    _NOTE
    + """
local clock = redis.call('time')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local token, cost, share, held = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local paced = ARGV[5] == '1'
local function limit(i) return ARGV[3 + i * 3], tonumber(ARGV[4 + i * 3]), tonumber(ARGV[5 + i * 3]) end
for i, key in ipairs(KEYS) do
    local kind, amount, span = limit(i)
    amount = tonumber(redis.call('get', key .. ':amount')) or amount
    local most = math.max(math.floor(amount * share), cost, 1)
    if kind == 'burst' then
        redis.call('zremrangebyscore', key, '-inf', now - span)
        local excess = redis.call('zcard', key) + cost - most
        if excess > 0 then
            local last = redis.call('zrange', key, excess - 1, excess - 1, 'withscores')
            return {i, math.max(tonumber(last[2]) + span - now, 1)}
        end
        local gap = paced and tonumber(redis.call('get', key .. ':gap'))
        local newest = gap and redis.call('zrange', key, -1, -1, 'withscores')[2]
        if newest and tonumber(newest) + gap > now then return {i, tonumber(newest) + gap - now} end
    elseif kind == 'concurrency' then
        redis.call('zremrangebyscore', key, '-inf', now)
        if redis.call('zcard', key) + 1 > most then return {i, -1} end
    elseif (tonumber(redis.call('get', key)) or 0) + cost > most then
        return {i, math.max(redis.call('pttl', key), 1)}
    end
end
for i, key in ipairs(KEYS) do
    local kind, amount, span = limit(i)
    if kind == 'burst' then
        for n = 1, cost do redis.call('zadd', key, now, token .. ':' .. n) end
        redis.call('pexpire', key, span)
    elseif kind == 'concurrency' then
        redis.call('zadd', key, now + held, token)
        redis.call('pexpire', key, held)
    else
        note(key, now, redis.call('incrby', key, cost))
        if redis.call('pttl', key) < 0 then redis.call('pexpire', key, span - now % span) end
    end
end
return {0, 0}
"""
)

_RENEW = """
local clock = redis.call('time')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
for i = 2, #ARGV do redis.call('zadd', KEYS[1], now + ARGV[1], ARGV[i]) end
redis.call('pexpire', KEYS[1], ARGV[1])
"""

# Requests of others are counted where the vendor counts more than we do; when they were sent nobody knows. When they
# have used up half of the window, what is left is spread over it (`gap`), so that the limit is not run into.
_OBSERVE = (
    _NOTE
    + """
local clock = redis.call('time')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local kind, believed, token = ARGV[1], ARGV[5], ARGV[6]
local amount, remaining, span = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('set', KEYS[1] .. ':amount', amount, 'px', believed)
if kind == 'daily' then
    redis.call('set', KEYS[1], amount - remaining, 'px', believed)
    note(KEYS[1], now, amount - remaining)
else
    redis.call('zremrangebyscore', KEYS[1], '-inf', now - span)
    local others = math.min(amount - remaining, amount) - redis.call('zcard', KEYS[1])
    for n = 1, others do redis.call('zadd', KEYS[1], now - span / 2, token .. ':' .. n) end
    if others > 0 and remaining < amount / 2 then
        redis.call('set', KEYS[1] .. ':gap', math.floor(span / math.max(remaining, 1)), 'px', span)
    end
    redis.call('pexpire', KEYS[1], span)
end
"""
)

# Of each limit: used, amount as the vendor says it, and what was noted, the newest first.
_STANDING = """
local clock = redis.call('time')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local found = {}
for i, key in ipairs(KEYS) do
    local used
    if ARGV[i] ~= 'daily' then
        used = redis.call('zcount', key, now - tonumber(ARGV[#KEYS + i]), '+inf')
    else
        used = tonumber(redis.call('get', key)) or -1
    end
    local amount = tonumber(redis.call('get', key .. ':amount')) or -1
    found[i] = {used, amount, redis.call('lrange', key .. ':noted', 0, -1)}
end
return found
"""


class SharedPace:
    """One account's counters. Every call may raise redis.RedisError."""

    def __init__(self, redis: Redis, account: str) -> None:
        self._redis, self._account = redis, account
        self._take = redis.register_script(_TAKE)
        self._renew = redis.register_script(_RENEW)
        self._observe = redis.register_script(_OBSERVE)
        self._standing = redis.register_script(_STANDING)

    async def take(self, ask: Ask) -> Refusal | None:
        limits = [(limit.kind, limit.amount, int(limit.per_seconds * 1000)) for limit in ask.limits]
        refused, wait = await self._take(
            keys=[self._key(limit) for limit in ask.limits],
            args=[
                *(ask.token, ask.cost, ask.share, int(HELD_SECONDS * 1000), int(ask.paced)),
                *(part for row in limits for part in row),
            ],
        )
        return Refusal(ask.limits[refused - 1], wait / 1000 if wait > 0 else None) if refused else None

    async def give(self, ask: Ask) -> None:
        for limit in ask.limits:
            if limit.kind == "concurrency":
                await self._redis.zrem(self._key(limit), ask.token)

    async def renew(self, limit: Limit, tokens: Iterable[str]) -> None:
        await self._renew(keys=[self._key(limit)], args=[int(HELD_SECONDS * 1000), *tokens])

    async def observe(self, limit: Limit, usage: Usage, *, token: str) -> None:
        spans = [int(limit.per_seconds * 1000), int(BELIEVED_SECONDS * 1000)]
        args = [limit.kind, usage.amount, usage.remaining, *spans, token]
        await self._observe(keys=[self._key(limit)], args=args)

    async def standing(self, limits: Sequence[Limit]) -> list[Standing]:
        """Each limit as the vendor last said it is, how much of it is used right now, and was at earlier moments."""
        if not limits:
            return []
        spans = [int(limit.per_seconds * 1000) if limit.kind == "burst" else 0 for limit in limits]
        found = await self._standing(
            keys=[self._key(limit) for limit in limits], args=[*(limit.kind for limit in limits), *spans]
        )
        return [_standing(limit, *row) for limit, row in zip(limits, found, strict=True)]

    def _key(self, limit: Limit) -> str:
        return f"partnerhub:budget:{self._account}:{limit.kind}:{limit.pool}:{limit.per_seconds:g}"


def _standing(limit: Limit, used: int, amount: int, noted: Sequence[bytes]) -> Standing:
    parts = [note.decode().split(":") for note in reversed(noted)]
    samples = tuple((int(at) / 1000, int(count)) for at, count in parts)
    if used < 0:  # nobody has said anything lately
        used = samples[-1][1] if samples else 0
    return Standing(limit, amount if amount >= 0 else limit.amount, used, samples)
