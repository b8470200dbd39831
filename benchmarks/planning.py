"""A plan over a large object that is linked already, and applying it after people went on editing.

`python -m benchmarks.planning [--records 100000]` starts engines of its own and prints Planning as its last line. The
system is the Salesforce emulator behind HTTP in this process; the hub's steps are processes of their own, so that peak
memory is theirs alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop

from benchmarks.measure import Stopwatch, peak_rss_mb
from hub.db import connections, links, migrate, plans
from hub.db.connections import StoredConnection
from hub.db.session import Database
from hub.engines import start_engines, stop_engines
from hub.garbage import collect_rarely
from hub.mapping.load import load_mapping
from hub.record import RECORD_TYPES
from hub.registry import connector
from hub.sdk.auth import MemoryTokenStore
from hub.sdk.clock import SystemClock
from hub.sdk.connector import ConnectorContext
from hub.sdk.http import open_http
from hub.sdk.sandbox import Sandbox, SandboxClock
from hub.sdk.sandbox.serve import SandboxServer
from hub.services.counts import Counts
from hub.services.cycle import pull, push
from hub.services.objects import OpenConnection
from hub.services.plans.applying import apply_plan, begin_apply
from hub.services.plans.building import build_plan, request_plan
from hub.services.plans.deciding import approve_plan
from hub.services.records import patch_record

MAPPINGS = Path(__file__).parent.parent / "mappings"
START = datetime(2026, 1, 1, tzinfo=UTC)
# Of all records: changed before the plan, and of those edited again between the plan and its applying.
CHANGED, EDITED = 0.10, 0.01


class Step(msgspec.Struct, frozen=True):
    """What one process of the hub took (processor time without PostgreSQL's), and what it has to say."""

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    told: dict[str, Any]


class Planning(msgspec.Struct, frozen=True):
    """`exact`: skipped was exactly what somebody had edited between the plan and its applying."""

    records: int
    items: int
    plan_seconds: float
    plan_cpu_seconds: float
    plan_peak_rss_mb: float
    plan_calls: int
    apply_seconds: float
    apply_peak_rss_mb: float
    edited: int
    skipped: int
    exact: bool


def measure(database_url: str, *, records: int) -> Planning:
    sandbox = connector("salesforce").load_sandbox().make(seed=1, clock=SandboxClock(START, frozen=True))
    ids = [_create(sandbox, number) for number in range(records)]
    with SandboxServer(sandbox) as server:
        url = server.url
        _run("load", database_url, url, {})
        chosen = Random(11).sample(ids, int(records * CHANGED))
        for remote_id in chosen:
            sandbox.human_edit("Account", remote_id, {"BillingCity": "Kiel"})
        sandbox.clock.advance(timedelta(minutes=1))
        planned = _run("plan", database_url, url, {})
        edited = chosen[: int(records * EDITED)]
        there, here = edited[::2], edited[1::2]
        for remote_id in there:
            sandbox.human_edit("Account", remote_id, {"BillingCity": "Ulm"})
        sandbox.clock.advance(timedelta(minutes=1))
        _run("edit", database_url, url, {"ids": here})
        applied = _run("apply", database_url, url, {"plan": planned.told["plan"]})
    skipped = applied.told["skipped"]
    return Planning(
        records=records,
        items=planned.told["items"],
        plan_seconds=round(planned.seconds, 1),
        plan_cpu_seconds=round(planned.cpu_seconds, 1),
        plan_peak_rss_mb=round(planned.peak_rss_mb, 1),
        plan_calls=planned.told["calls"],
        apply_seconds=round(applied.seconds, 1),
        apply_peak_rss_mb=round(applied.peak_rss_mb, 1),
        edited=len(edited),
        skipped=len(skipped),
        exact=sorted(skipped) == sorted(edited),
    )


def _create(sandbox: Sandbox, number: int) -> str:
    sandbox.clock.advance(timedelta(seconds=1))
    return sandbox.human_create(
        "Account",
        {
            "Name": f"Partner {number}", "Type": "Partner", "BillingCountryCode": "DE", "BillingCity": "Bonn",
            "Program_Number__c": f"N-{number:07}", "Website": f"https://partner{number}.example",
        },
    )  # fmt: skip


def _run(step: str, database_url: str, url: str, given: dict[str, Any]) -> Step:
    """One step in a process of its own; it says what it took in its last line."""
    command = [sys.executable, "-m", "benchmarks.planning", "--step", step, database_url, url]
    done = subprocess.run(command, input=msgspec.json.encode(given), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Step)


async def _step(step: str, database_url: str, url: str, given: dict[str, Any]) -> Step:
    collect_rarely()
    async with Database(database_url) as db, _connected(db, url) as (stored, connection):
        begun = time.process_time()
        with Stopwatch() as watch:
            told = await _STEPS[step](db, stored, connection, given)
    return Step(watch.seconds, time.process_time() - begun, peak_rss_mb(), told)


@asynccontextmanager
async def _connected(db: Database, url: str) -> AsyncIterator[tuple[StoredConnection, OpenConnection]]:
    spec = connector("salesforce")
    async with db.transaction() as tx:
        stored = await connections.by_name(tx, "sf") or await connections.add(
            tx, name="sf", system="salesforce", account_id="1", settings=b"-", options={}
        )
    http = open_http(allow_private=True)
    settings = spec.settings.model_validate(spec.load_sandbox().make(seed=1).settings(url))
    opened = spec.open(settings, ConnectorContext(http=http, tokens=MemoryTokenStore(), clock=SystemClock()))
    # Weighing evidence is not what is measured, and all of these records are strangers to each other.
    text = (MAPPINGS / "salesforce" / "account.yaml").read_text().replace("  - scored: true\n", "")
    mapping = load_mapping(text, record_types=RECORD_TYPES, system="salesforce")
    try:
        yield stored, OpenConnection(stored.id, "sf", "salesforce", "1", opened, {"Account": mapping})
    finally:
        await http.close()


async def _load(db: Database, stored: StoredConnection, connection: OpenConnection, _: Any) -> dict[str, Any]:
    """Read everything once, and write what the hub has to say of it (its keys)."""
    await pull(db, connection, owner="benchmark")
    await push(db, connection, owner="benchmark")
    async with db.transaction() as tx:
        await connections.begin(tx, connection_id=stored.id)
        await tx.run("analyze")
    return {}


async def _plan(db: Database, stored: StoredConnection, connection: OpenConnection, _: Any) -> dict[str, Any]:
    """Both sides in full: every record is read, and every record of the hub compared with its shadow."""
    async with db.transaction() as tx:
        plan_id = await request_plan(tx, stored, full=True, actor="benchmark")
    plan = await build_plan(db, connection, plan_id=plan_id, owner="benchmark", budget=None, listener=_nobody)
    actions = [of["actions"] for objects in (plan.counts["in"], plan.counts.get("out", {})) for of in objects.values()]
    seen = plan.counts["seen"]["Account"]
    assert seen["compared"] == seen["read"], seen
    return {"plan": plan_id, "items": sum(sum(a.values()) for a in actions), "calls": plan.cost["plan"]["calls"]}


async def _edit(db: Database, _stored: Any, connection: OpenConnection, given: dict[str, Any]) -> dict[str, Any]:
    """People edit these records in the hub."""
    here: dict[str, Any] = {"connection_id": connection.id, "objects": ["Account"]}
    async with db.transaction() as tx:
        found = await links.records_of(tx, **here, remote_ids=given["ids"])
        for record_id in found.values():
            await patch_record(
                tx, RECORD_TYPES["partner"], record_id=record_id, values={"city": "Essen"}, version=None, actor="ann"
            )
    return {}


async def _apply(db: Database, _stored: Any, connection: OpenConnection, given: dict[str, Any]) -> dict[str, Any]:
    plan_id = given["plan"]
    async with db.transaction() as tx:
        await approve_plan(tx, plan_id=plan_id, actor="ben")
        await begin_apply(tx, plan_id=plan_id, actor="ben")
    await apply_plan(db, connection, plan_id=plan_id, owner="benchmark", listener=_nobody)
    async with db.transaction() as tx:
        skipped = await plans.items(tx, plan_id=plan_id, state="skipped", limit=1_000_000)
    return {"skipped": [item.remote_id for item in skipped]}


_STEPS = {"load": _load, "plan": _plan, "edit": _edit, "apply": _apply}


def _nobody(_what: str, _counts: Counts) -> None:
    """Listens to nothing."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--records", type=int, default=100_000)
    arguments.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.step:
        step, database_url, url = chosen.step
        given = msgspec.json.decode(sys.stdin.buffer.read())
        print(msgspec.json.encode(uvloop.run(_step(step, database_url, url, given))).decode())
        return
    with TemporaryDirectory(prefix="partnerhub-planning-") as folder:
        engines = start_engines(home=Path(folder))
        try:
            migrate.upgrade(engines.database_url)
            result = measure(engines.database_url, records=chosen.records)
        finally:
            stop_engines(engines)
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
