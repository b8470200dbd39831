"""How the hub stands: each connection's health, the totals for metrics, and whether this process can work."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import psycopg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hub.db import audit, decisions, health, migrate, runs, usage
from hub.db.session import Database, Tx
from hub.services.refusals import NotFound


@dataclass(frozen=True, slots=True)
class ObjectHealth:
    """When an object was last read to its end, and what the last try came to."""

    object: str
    last_read_at: datetime | None
    last_run_id: int | None
    last_run_state: str | None
    last_error: str | None


Verdict = Literal["good", "busy", "needs attention", "needs a plan", "down", "paused"]


@dataclass(frozen=True, slots=True)
class ConnectionHealth:
    """What an operator looks at first. `deliveries` counts open ones by state; lag is in seconds.

    `begun_at`: when its first plan was applied. `creates`: where syncs make new records (see ConnectionOptions).
    `drifted` counts fields that are stopped because they do not fit the mapping; `drift` is the first of them.
    `stops` counts runs that guards have stopped, `stopped` says what the first of them asks.
    """

    connection: str
    system: str
    state: str
    state_reason: str | None
    resting_until: datetime | None
    rest_reason: str | None
    down_since: datetime | None
    begun_at: datetime | None
    creates: str
    deliveries: dict[str, int]
    oldest_delivery_seconds: float | None
    rereads: int
    oldest_reread_seconds: float | None
    conflicts_open: int
    reviews_open: int
    quarantined: int
    drifted: int
    drift: str | None
    stops: int
    stopped: str | None
    plans_waiting: int
    objects: tuple[ObjectHealth, ...]
    verdict: Verdict


async def health_of(tx: Tx, *, connection_id: int | None = None) -> list[ConnectionHealth]:
    """Of one connection, or of all of them, in four queries."""
    objects: dict[int, list[ObjectHealth]] = {}
    for row in await health.last_pulls(tx, connection_id=connection_id):
        objects.setdefault(row.pop("connection_id"), []).append(ObjectHealth(**row))
    states: dict[int, dict[str, int]] = {}
    for row in await health.open_deliveries(tx, connection_id=connection_id):
        states.setdefault(row["connection_id"], {})[row["state"]] = row["count"]
    return [
        _health(row, states.get(row["id"], {}), tuple(objects.get(row["id"], ())))
        for row in await health.connections(tx, connection_id=connection_id)
    ]


def _health(row: Mapping[str, Any], deliveries: dict[str, int], objects: tuple[ObjectHealth, ...]) -> ConnectionHealth:
    known = {name: value for name, value in row.items() if name != "id"}
    return ConnectionHealth(**known, deliveries=deliveries, objects=objects, verdict=_verdict(row, deliveries, objects))


def _verdict(row: Mapping[str, Any], deliveries: dict[str, int], objects: tuple[ObjectHealth, ...]) -> Verdict:
    if row["state"] == "paused":
        return "paused"
    if row["down_since"] or row["resting_until"]:
        return "down"
    if row["begun_at"] is None:
        return "needs a plan"
    if deliveries.get("dead") or row["drifted"] or row["stops"] or any(o.last_run_state == "failed" for o in objects):
        return "needs attention"
    return "busy" if deliveries or row["rereads"] else "good"


@dataclass(frozen=True, slots=True)
class RunView:
    """One execution of a pull, a push or a re-read, with what it did in numbers."""

    id: int
    connection: str
    object: str | None
    kind: str
    state: str
    counts: dict[str, int]
    error: str | None
    started_at: datetime
    finished_at: datetime | None


async def list_runs(
    tx: Tx, *, connection_id: int | None = None, state: str | None = None, before: int | None = None, limit: int = 100
) -> list[RunView]:
    """Newest first, before an id."""
    rows = await runs.page(tx, connection_id=connection_id, state=state, before=before, limit=limit)
    return [_run(row) for row in rows]


async def get_run(tx: Tx, *, run_id: int) -> RunView:
    rows = await runs.page(tx, before=run_id + 1, limit=1)
    if not rows or rows[0]["id"] != run_id:
        raise NotFound(f"There is no run {run_id}.")
    return _run(rows[0])


def _run(row: Mapping[str, Any]) -> RunView:
    return RunView(**{name: row[name] for name in RunView.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """A remote record that could not be taken over as it is: `held` keeps all of it outside, else only the fields."""

    connection: str
    object: str
    remote_id: str
    problems: list[dict[str, Any]]
    fields: dict[str, Any]
    held: bool
    run_id: int | None
    at: datetime
    position: tuple[int, str, str] = field(repr=False)


async def list_quarantine(
    tx: Tx, *, connection_id: int | None = None, after: tuple[int, str, str] | None = None, limit: int = 100
) -> list[QuarantineView]:
    """After a `position`."""
    names = [name for name in QuarantineView.__dataclass_fields__ if name != "position"]
    return [
        QuarantineView(
            **{name: row[name] for name in names}, position=(row["connection_id"], row["object"], row["remote_id"])
        )
        for row in await decisions.quarantined(tx, connection_id=connection_id, after=after, limit=limit)
    ]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who changed a setting or decided something, and when."""

    id: int
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    at: datetime


async def list_audit(tx: Tx, *, before: int | None = None, limit: int = 100) -> list[AuditEntry]:
    """Newest first."""
    return [AuditEntry(**row) for row in await audit.recent(tx, after=before, limit=limit)]  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures for metrics; each row is (labels, value)."""

    runs: list[tuple[str, str, int]]
    records: list[tuple[str, str, int]]
    deliveries: list[tuple[str, str, int]]
    health: list[ConnectionHealth]
    calls: list[tuple[str, str, str, int]]


async def totals(tx: Tx) -> Totals:
    """What the database knows of all work so far: runs by (kind, state), counts by (connection, what), deliveries;
    today's calls by (connection, object, purpose)."""
    return Totals(
        runs=[(r["kind"], r["state"], r["count"]) for r in await health.runs_by_state(tx)],
        records=[(r["connection"], r["what"], r["count"]) for r in await health.counts_by_connection(tx)],
        deliveries=[(r["connection"], r["state"], r["count"]) for r in await health.deliveries_by_state(tx)],
        health=await health_of(tx),
        calls=[(r["connection"], r["object"], r["purpose"], r["calls"]) for r in await usage.today(tx)],
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether each thing that is needed answers; the sentence says what is wrong, None that it is good."""

    database: str | None
    redis: str | None
    migrations: str | None

    @property
    def ready(self) -> bool:
        """Redis only wakes workers: without it the hub still answers, only later."""
        return self.database is None and self.migrations is None


async def readiness(db: Database, *, redis_url: str) -> Readiness:
    database = await _database_fault(db)
    migrations = "The database does not answer." if database else await _migration_fault(db.url)
    return Readiness(database=database, redis=await _redis_fault(redis_url), migrations=migrations)


async def _database_fault(db: Database) -> str | None:
    try:
        async with asyncio.timeout(5), db.transaction() as tx:
            await tx.now()
    except (psycopg.Error, OSError, TimeoutError):
        return "The database does not answer."
    return None


async def _migration_fault(database_url: str) -> str | None:
    if await asyncio.to_thread(migrate.is_current, database_url):
        return None
    return "The database has an older or newer schema than this release: start the hub once with partnerhub up."


async def _redis_fault(redis_url: str) -> str | None:
    client = Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        await client.ping()
    except (RedisError, OSError):
        return "Redis does not answer; work is found by the sweep, a little later."
    finally:
        await client.aclose()
    return None
