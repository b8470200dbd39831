"""Reconciliation of a large object with planted differences: are all found, and for how many requests?

`python -m benchmarks.agreeing [--records 100000]` starts engines of its own and prints Agreeing as its last line. The
system is the Salesforce emulator in the same process; its records were last changed minute by minute.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
import uvloop

from hub.db import connections, links, migrate
from hub.db.session import Database
from hub.engines import start_engines, stop_engines
from hub.mapping.load import load_system
from hub.record import RECORD_TYPES
from hub.registry import connector
from hub.sdk.sandbox import Sandbox, SandboxClock
from hub.sdk.testing import open_sandboxed
from hub.services.cycle import pull
from hub.services.objects import OpenConnection
from hub.services.reconciling import ObjectReport, list_disagreements, reconcile
from hub.services.records import patch_record

MAPPINGS = Path(__file__).parent.parent / "mappings"
START = datetime(2026, 1, 1, tzinfo=UTC)
# Planted: edited there, deleted there, purged there, created there, edited in the hub.
EDITED, DELETED, PURGED, CREATED, OURS = 10, 6, 3, 9, 9


class Agreeing(msgspec.Struct, frozen=True):
    """`exact`: exactly what was planted was found, nothing else. `ratio`: requests as a share of a full re-read's."""

    records: int
    planted: int
    found: int
    exact: bool
    calls: int
    full_calls: int
    ratio: float
    seconds: float
    full_seconds: float


async def measure(database_url: str, *, records: int) -> Agreeing:
    spec = connector("salesforce")
    sandbox = spec.load_sandbox().make(seed=1, clock=SandboxClock(START, frozen=True))
    ids = []
    for number in range(records):
        ids.append(sandbox.human_create("Account", _account(number)))
        sandbox.clock.advance(timedelta(minutes=1))
    async with Database(database_url) as db, open_sandboxed(spec, sandbox) as opened:
        async with db.transaction() as tx:
            stored = await connections.add(
                tx, name="sf", system="salesforce", account_id="1", settings=b"-", options={}
            )
        mapping = load_system(MAPPINGS, system="salesforce", record_types=RECORD_TYPES)["Account"]
        connection = OpenConnection(stored.id, "sf", "salesforce", "1", opened, {"Account": mapping})
        await pull(db, connection, owner="benchmark")
        planted = await _plant(db, connection, sandbox, ids)
        counted, seconds = await _timed(db, connection, full=False)
        found = await _found(db, connection)
        read, full_seconds = await _timed(db, connection, full=True)
        assert await _found(db, connection) == found, "Counting and reading find different things."
    return Agreeing(
        records, len(planted), len(found), found == planted, counted.calls, read.calls,
        round(counted.calls / read.calls, 3), round(seconds, 1), round(full_seconds, 1),
    )  # fmt: skip


def _account(number: int) -> dict[str, object]:
    return {
        "Name": f"Partner {number}", "Type": "Partner", "BillingCountryCode": "DE", "BillingCity": "Bonn",
        "Program_Number__c": f"N-{number:07}",
    }  # fmt: skip


async def _plant(db: Database, connection: OpenConnection, sandbox: Sandbox, ids: list[str]) -> set[tuple[str, str]]:
    """Differences on either side; returns (kind, remote id) of each."""
    chosen = iter(Random(37).sample(ids, EDITED + DELETED + PURGED + OURS))
    planted = set()
    for _ in range(EDITED):
        planted.add(("value", remote_id := next(chosen)))
        sandbox.human_edit("Account", remote_id, {"BillingCity": "Kiel"})
    for gone, act in ((DELETED, sandbox.human_delete), (PURGED, sandbox.human_purge)):
        for _ in range(gone):
            planted.add(("gone", remote_id := next(chosen)))
            act("Account", remote_id)
    for number in range(CREATED):
        planted.add(("unknown", sandbox.human_create("Account", _account(10_000_000 + number))))
    for _ in range(OURS):
        planted.add(("value", remote_id := next(chosen)))
        await _edit_in_hub(db, connection, remote_id)
    sandbox.clock.advance(timedelta(minutes=1))
    return planted


async def _edit_in_hub(db: Database, connection: OpenConnection, remote_id: str) -> None:
    async with db.transaction() as tx:
        found = await links.records_of(tx, connection_id=connection.id, objects=["Account"], remote_ids=[remote_id])
        await patch_record(
            tx, RECORD_TYPES["partner"], record_id=found[remote_id], values={"city": "Ulm"}, version=None, actor="ann"
        )


async def _timed(db: Database, connection: OpenConnection, *, full: bool) -> tuple[ObjectReport, float]:
    begun = time.perf_counter()
    (report,) = await reconcile(db, connection, owner="benchmark", full=full, listener=lambda _, __: None)
    return report, time.perf_counter() - begun


async def _found(db: Database, connection: OpenConnection) -> set[tuple[str, str]]:
    async with db.transaction() as tx:
        found = await list_disagreements(tx, connection_id=connection.id, limit=10_000)
    return {(one.kind, str(one.remote_id)) for one in found}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=100_000)
    chosen = arguments.parse_args()
    with TemporaryDirectory(prefix="partnerhub-agreeing-") as folder:
        engines = start_engines(home=Path(folder))
        try:
            migrate.upgrade(engines.database_url)
            result = uvloop.run(measure(engines.database_url, records=chosen.records))
        finally:
            stop_engines(engines)
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
