"""At most one process works on a plan; one that comes back late finds that its lease has passed on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from hub.db import leases
from hub.db.leases import Lease
from hub.db.session import Database
from hub.services.refusals import NotNow

LEASE = timedelta(seconds=30)


@asynccontextmanager
async def plan_leased(db: Database, *, plan_id: int, owner: str) -> AsyncIterator[Lease]:
    """Raises NotNow while another process holds it."""
    async with db.transaction() as tx:
        lease = await leases.acquire(tx, name=f"plan:{plan_id}", owner=owner, ttl=LEASE)
    if lease is None:
        raise NotNow(f"Another process works on plan {plan_id} right now.")
    try:
        yield lease
    finally:
        async with db.transaction() as tx:
            await leases.release(tx, lease=lease)
