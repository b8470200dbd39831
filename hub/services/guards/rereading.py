"""Rereads that may be too much: all of an object's are looked through before the first is taken over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from hub.db import rereads
from hub.db.rereads import WEBHOOK, Reread
from hub.db.session import Database, Tx
from hub.domain.guards import Effect
from hub.sdk.capabilities import Reads
from hub.services.counts import Counts
from hub.services.departures import apply_deletions
from hub.services.guards.classifying import classify
from hub.services.guards.holding import Held, HeldPage
from hub.services.guards.stops import Incoming, lift_stop, stop_incoming
from hub.services.guards.watch import Watch, note_passed
from hub.services.inbound import prepare, sift_page
from hub.services.reading import moved, read_by_id
from hub.services.sieving import apply_page

_A_STEP = 500
_SOON = timedelta(minutes=1)


async def puts_off(tx: Tx, watch: Watch) -> bool:
    """Whether the object is stopped, and it is not yet time to look again; its rereads are put off until then."""
    stop, sync = watch.stop, watch.sync
    if stop is None:
        return False
    if stop.options.get("by") == "reread" and stop.state in ("proposed", "rejected"):
        left = sync.connection.guards.look_again - stop.looked
        if left <= timedelta(0):
            return False
    else:  # a pull looks again, or the plan is being applied
        left = _SOON
    await rereads.put_off(tx, connection_id=sync.connection.id, object_name=sync.name, delay=max(left, _SOON))
    return True


async def serve_all(db: Database, watch: Watch, *, run_id: int) -> Counts:
    """Read all that is asked for, and take it over, or ask a person."""
    sync = watch.sync
    held = Held(sync)
    try:
        served = await _look(db, watch, held)
        effects: Counter[Effect] = Counter()
        for page in held.pages():
            async with db.transaction() as tx:
                effects += await classify(tx, sync, incoming=page.incoming, deletions=page.deletions)
        async with db.transaction() as tx:
            found = await watch.excesses(tx, effects)
        if found:
            incoming = Incoming(held, effects, found, by="reread", run_id=run_id)
            await stop_incoming(db, watch, incoming, renew=_nothing_to_renew)
            async with db.transaction() as tx:
                delay = max(sync.connection.guards.look_again, _SOON)
                await rereads.put_off(tx, connection_id=sync.connection.id, object_name=sync.name, delay=delay)
            return Counts(stopped=1)
        await lift_stop(db, watch)
        return await _take_over(db, watch, held, served, run_id)
    finally:
        held.close()


async def _look(db: Database, watch: Watch, held: Held) -> list[Reread]:
    sync = watch.sync
    connector = sync.connection.connector
    assert isinstance(connector, Reads)
    served: list[Reread] = []
    while True:
        async with db.transaction() as tx:
            after = served[-1].request if served else 0
            step = await rereads.of_object(
                tx, connection_id=sync.connection.id, object_name=sync.name, after=after, limit=_A_STEP
            )
        if not step:
            return served
        announced = {r.remote_id for r in step if r.reason == WEBHOOK}
        seen = await read_by_id(db, sync, connector, ids=[r.remote_id for r in step], announced=announced)
        counts = Counts()
        async with db.transaction() as tx:
            differing = await sift_page(tx, sync, prepare(sync, seen.records), counts)
        counts["read"] = counts["unchanged"]
        deletions = [*seen.deletions, *moved(seen.records)]
        held.add(as_of=seen.as_of, incoming=differing, deletions=deletions, counts=counts)
        served += step


async def _take_over(db: Database, watch: Watch, held: Held, served: Sequence[Reread], run_id: int) -> Counts:
    counts = Counts(reread=len(served))
    for page in held.pages():
        counts += await _store(db, watch, page, run_id)
    async with db.transaction() as tx:
        sync = watch.sync
        await rereads.done(tx, connection_id=sync.connection.id, object_name=sync.name, rereads=served)
    return counts


async def _store(db: Database, watch: Watch, page: HeldPage, run_id: int) -> Counts:
    sync = watch.sync
    async with db.transaction() as tx:
        gone = await apply_deletions(tx, sync, deletions=page.deletions, as_of=page.as_of, run_id=run_id)
        came = await apply_page(tx, sync, incoming=page.incoming, as_of=page.as_of, run_id=run_id)
        await note_passed(tx, sync, "in", gone.effects, came.effects)
    return page.counts + gone.counts + came.counts


async def _nothing_to_renew(_tx: Tx) -> None:
    """Rereads have no lease."""
