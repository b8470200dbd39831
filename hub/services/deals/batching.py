"""Judges together what comes while others are being judged: one transaction, one set of queries, one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass

import psycopg
from psycopg_pool import PoolTimeout

from hub.db.session import Database
from hub.services.deals.desk import Desk
from hub.services.deals.receiving import Answer, Handed, Refused, submit_each_once
from hub.services.deals.submitting import MOST_AT_ONCE
from hub.services.waking import Wakes, wake_outbound


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    handed: Handed
    answer: asyncio.Future[Answer]


class Batcher:
    """The way in of one process. Nobody is made to wait for company: who comes alone is judged alone, at once."""

    def __init__(self, db: Database, *, desk: Callable[[], Desk], queue: Wakes) -> None:
        self._db, self._desk, self._queue = db, desk, queue
        self._waiting: list[_Waiting] = []
        self._work: asyncio.Task[None] | None = None

    async def submit(self, handed: Handed) -> Answer:
        """The committed answer. Raises ValidationError, Invalid, Duplicate, and what the database raises.

        A caller that is cancelled may have submitted or not: its key tells, when it comes again.
        """
        waiting = _Waiting(handed, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._work is None or self._work.done():
            # One at a time: two would halve the batches, and what a batch costs by itself is most of a small one.
            # A context of its own: what is logged for a batch is of no single request.
            self._work = asyncio.create_task(self._settle_all(), context=Context())
        return await waiting.answer

    async def _settle_all(self) -> None:
        while batch := self._take():
            await self._settle(batch)

    def _take(self) -> list[_Waiting]:
        """Those that waited longest. Of submissions with one key each waits for the answer of the one before."""
        batch: dict[tuple[str, str], _Waiting] = {}
        later: list[_Waiting] = []
        for waiting in self._waiting:
            if waiting.answer.done():
                continue  # its caller has gone
            if len(batch) < MOST_AT_ONCE and waiting.handed.name not in batch:
                batch[waiting.handed.name] = waiting
            else:
                later.append(waiting)
        self._waiting = later
        return list(batch.values())

    async def _settle(self, batch: Sequence[_Waiting]) -> None:
        try:
            results: Sequence[Answer | Exception] = await self._submit([waiting.handed for waiting in batch])
        except (psycopg.OperationalError, PoolTimeout) as exc:
            results = [exc] * len(batch)  # the database is away: it is for all of them
        except Exception as exc:
            if len(batch) > 1:
                # One of them cannot be stored; the others must not suffer for it.
                for waiting in batch:
                    await self._settle([waiting])
                return
            results = [exc]
        for waiting, result in zip(batch, results, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(result, Answer):
                waiting.answer.set_result(result)
            else:
                waiting.answer.set_exception(result)

    async def _submit(self, handed: Sequence[Handed]) -> list[Answer | Refused]:
        async with self._db.transaction() as tx:
            results = await submit_each_once(tx, self._desk(), handed)
            if any(isinstance(result, Answer) and result.new for result in results):
                await wake_outbound(tx, self._queue)
        return results
