"""A pull that is looked through to its end before its first page is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from hub.db import leases, runs
from hub.db.session import Tx
from hub.domain.guards import Effect, Excess
from hub.sdk.capabilities import Reads
from hub.sdk.errors import CursorExpired, RemoteError
from hub.services.counts import Counts
from hub.services.guards.classifying import classify
from hub.services.guards.holding import Held, HeldPage
from hub.services.guards.stops import Incoming, lift_stop, stop_incoming
from hub.services.guards.watch import Watch, note_passed
from hub.services.inbound import prepare, sift_page
from hub.services.paging import LEASE, Pull, Read


class GuardedPull(Pull):
    """Stores what it read page by page when all of it stays below the limits; else nothing, and a plan asks.

    A single page that is too small to matter is stored at once: looking through costs it nothing. What was read until
    the system broke off is decided on by itself, so that the next pull goes on from there.
    """

    def __init__(self, *args: Any, watch: Watch) -> None:
        super().__init__(*args)
        self.watch = watch
        self.held = Held(self.sync)
        self.began: str | None = None

    async def read_from(self, connector: Reads, cursor: str | None) -> None:
        if self.watch.stop and self.watch.stop.state in ("approved", "applying"):
            self._stop(self.watch.stop.reason)
            return
        self.held.close()
        self.held, self.began = Held(self.sync), cursor
        try:
            await super().read_from(connector, cursor)
        except CursorExpired:
            raise
        except RemoteError:  # so that a read which is longer than what the system gives at once comes to its end
            await self._decide()
            raise
        finally:
            self.held.close()

    async def _store(self, connector: Reads, read: Read) -> None:
        """Hold back what differs, but for a read of one page with little in it."""
        page = read.page
        self.ahead = None if page.done else self._read_ahead(connector, page.cursor)
        counts = Counts(overlap=page.reread)
        async with self.db.transaction() as tx:
            await self._renew(tx)
            await tx.look_up_by_index()
            differing = await sift_page(tx, self.sync, read.incoming, counts)
            counts["read"] += len(page.records) - len(differing)
            if self.scan:
                await self.scan.take(tx, page)
            if stored := await self._is_all_and_little(tx, read, len(differing) + len(page.deletions)):
                await self._take_over(tx, page.deletions, differing, read.as_of, counts)
                await self._save(tx, page.cursor, counts)
        if stored:
            self.counts += counts
            await self._tell(counts)
            return
        self.held.add(as_of=read.as_of, incoming=differing, deletions=page.deletions, cursor=page.cursor, counts=counts)
        await self._tell(Counts(read=len(page.records)))

    async def _is_all_and_little(self, tx: Tx, read: Read, records: int) -> bool:
        if not read.page.done or not self.held.empty or self.scan or self.watch.stop:
            return False
        return await self.watch.lets_through(tx, records)

    async def _conclude(self) -> None:
        if self.scan:
            async for unseen in self.scan.unseen(self.db):
                self.held.add(
                    as_of=unseen.as_of,
                    incoming=prepare(self.sync, unseen.records),
                    deletions=unseen.deletions,
                    counts=Counts(unseen=unseen.asked),
                )
        await self._decide()
        if self.scan:
            await (self.scan.drop(self.db) if self.stopped else self.scan.complete(self.db, Counts()))

    async def _decide(self) -> None:
        if self.held.empty:
            return
        effects, found = await self._effects()
        if found:
            await self._ask(effects, found)
            return
        if self.watch.stop and self.watch.stop.options.get("by") == "pull":
            await lift_stop(self.db, self.watch)
        await self._store_held()

    async def _effects(self) -> tuple[Counter[Effect], tuple[Excess, ...]]:
        effects: Counter[Effect] = Counter()
        async with self.db.transaction() as tx:
            if await self.watch.lets_through(tx, self.held.records):
                return effects, ()
        for page in self.held.pages():
            async with self.db.transaction() as tx:
                await self._renew(tx)
                effects += await classify(tx, self.sync, incoming=page.incoming, deletions=page.deletions)
        async with self.db.transaction() as tx:
            return effects, await self.watch.excesses(tx, effects)

    async def _ask(self, effects: Counter[Effect], found: tuple[Excess, ...]) -> None:
        reason = await stop_incoming(
            self.db,
            self.watch,
            Incoming(self.held, effects, found, by="pull", began=self.began, run_id=self.run_id),
            renew=self._renew,
        )
        async with self.db.transaction() as tx:
            await runs.add_counts(tx, run_id=self.run_id, counts=Counts(read=self.held.read))
        self.counts["read"] += self.held.read
        self._stop(reason)

    def _stop(self, reason: str) -> None:
        self.stopped = reason
        self.counts["stopped"] += 1

    async def _store_held(self) -> None:
        for page in self.held.pages():
            await self._store_page(page)

    async def _store_page(self, page: HeldPage) -> None:
        counts = page.counts
        async with self.db.transaction() as tx:
            await self._renew(tx)
            await tx.look_up_by_index()
            await self._take_over(tx, page.deletions, page.incoming, page.as_of, counts)
            await self._save(tx, page.cursor, counts)
        self.counts += counts
        await self._tell(Counts({what: n for what, n in counts.items() if what != "read"}))

    async def _note(self, tx: Tx, *touched: Mapping[Effect, Collection[str]]) -> None:
        await note_passed(tx, self.sync, "in", *touched)

    async def _renew(self, tx: Tx) -> None:
        await leases.renew(tx, lease=self.lease, ttl=LEASE)
