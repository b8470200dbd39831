"""API requests that 1,000 changes take from one CRM into the other, beside the least that the vendors' APIs allow.

`python -m benchmarks.calls DATABASE_URL` prints a list of Calls as its last line.
"""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from math import ceil

import msgspec
import uvloop

from benchmarks.crms import Crms, connected_hub, running_crms
from hub.app import App
from hub.db import connections
from hub.services.connections import open_connection
from hub.services.cycle import pull, push
from hub.services.objects import OpenConnection

CHANGES = 1000

# Salesforce: rows of a query page, ids of a retrieve, rows of a write.
_SF_PAGE, _SF_READ, _SF_WRITE = 2000, 2000, 200
# HubSpot: results of a search page, ids of a batch read, rows of a batch update.
_HS_PAGE, _HS_READ, _HS_WRITE = 200, 100, 100


class Calls(msgspec.Struct, frozen=True):
    """Requests of one direction: taken by the hub, the least with each write guarded, the least without; and of one
    look at all objects of both systems when nothing has changed."""

    direction: str
    taken: int
    guarded: int
    unguarded: int
    quiet: int


def count_calls(*, database_url: str) -> list[Calls]:
    """Both directions."""
    return uvloop.run(_count_calls(database_url))


@dataclass(frozen=True)
class _Stage:
    crms: Crms
    app: App
    salesforce: OpenConnection
    hubspot: OpenConnection

    async def turn(self) -> None:
        """One turn of everything: both are read, and written what is due."""
        for connection in (self.salesforce, self.hubspot):
            await pull(self.app.db, connection, owner="benchmark")
        for connection in (self.salesforce, self.hubspot):
            await push(self.app.db, connection, owner="benchmark")

    async def carry(self, *, of: str, source: OpenConnection, target: OpenConnection) -> int:
        """The requests that it takes to read this object of one and to write what has changed to the other."""
        before = self.crms.calls()
        await pull(self.app.db, source, owner="benchmark", objects=[of])
        await push(self.app.db, target, owner="benchmark")
        return self.crms.calls() - before


async def _count_calls(database_url: str) -> list[Calls]:
    with running_crms(partners=CHANGES) as crms:
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(connected_hub(crms, database_url=database_url))
            salesforce, hubspot = [await _open(stack, app, name) for name in ("salesforce", "hubspot")]
            stage = _Stage(crms, app, salesforce, hubspot)
            await stage.turn()
            # In this order: what search shows of a record within a minute of the hub's own write is read once more.
            back = await _from_hubspot(stage, await _settled(stage))
            forth = await _from_salesforce(stage, await _settled(stage))
    return [forth, back]


async def _open(stack: AsyncExitStack, app: App, name: str) -> OpenConnection:
    async with app.db.transaction() as tx:
        stored = await connections.by_name(tx, name)
    assert stored is not None
    return await stack.enter_async_context(await open_connection(app.shop, stored))


async def _settled(stage: _Stage) -> int:
    """Let the hub see its own writes; then the requests of a turn in which nothing happens."""
    await stage.turn()
    before = stage.crms.calls()
    await stage.turn()
    return stage.crms.calls() - before


async def _from_salesforce(stage: _Stage, quiet: int) -> Calls:
    for account, _ in stage.crms.partners:
        stage.crms.salesforce.human_edit("Account", account, {"BillingCity": f"City of {account}"})
    taken = await stage.carry(of="Account", source=stage.salesforce, target=stage.hubspot)
    _agree(stage.crms)
    unguarded = ceil(CHANGES / _SF_PAGE) + ceil(CHANGES / _HS_WRITE)
    return Calls("salesforce_to_hubspot", taken, unguarded + ceil(CHANGES / _HS_READ), unguarded, quiet)


async def _from_hubspot(stage: _Stage, quiet: int) -> Calls:
    for _, company in stage.crms.partners:
        stage.crms.hubspot.human_edit("companies", company, {"city": f"City of {company}"})
    taken = await stage.carry(of="companies", source=stage.hubspot, target=stage.salesforce)
    _agree(stage.crms)
    unguarded = ceil(CHANGES / _HS_PAGE) + ceil(CHANGES / _SF_WRITE)
    return Calls("hubspot_to_salesforce", taken, unguarded + ceil(CHANGES / _SF_READ), unguarded, quiet)


def _agree(crms: Crms) -> None:
    here, there = crms.cities_in_salesforce(), crms.cities_in_hubspot()
    if here != there or not all(city.startswith("City of") for city in here):
        raise RuntimeError("the edits have not come into the other system")


if __name__ == "__main__":
    print(msgspec.json.encode(count_calls(database_url=sys.argv[1])).decode())
