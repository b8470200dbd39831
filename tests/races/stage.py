"""The hub of a race: what is stored before, and API processes, with the CPU time that each part takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

from hub.db import match_keys, records
from hub.db.session import Database, Tx
from hub.domain.matching import match_keys as keys_of
from hub.domain.matching import organization_features
from hub.record import RECORD_TYPES
from hub.record.values import Value
from hub.services.keys import create_key
from hub.services.matching import new_ids
from tests.races.plan import Customer

_BATCH = 5_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Process:
    """An API process and its port."""

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        return _own_seconds(self.pid)


@contextmanager
def api_processes(count: int, *, home: Path, database_url: str, redis_url: str) -> Iterator[list[Process]]:
    known = {
        "PARTNERHUB_HOME": str(home),
        "PARTNERHUB_DATABASE_URL": database_url,
        "PARTNERHUB_REDIS_URL": redis_url,
        "PARTNERHUB_PORT": "0",
    }
    with ExitStack() as stack:
        started = [stack.enter_context(_running(known)) for _ in range(count)]
        yield [Process(process.pid, _port(process)) for process in started]


@contextmanager
def _running(settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.races.serve"]
    with subprocess.Popen(command, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _port(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"an API process did not start: exit code {process.wait()}")
    return int(line)


async def a_key(db: Database) -> str:
    """An API key that may submit."""
    async with db.transaction() as tx:
        return (await create_key(tx, name="portal", role="operator", actor="race")).secret


async def store_partners(db: Database, *, submitters: int, each: int) -> list[list[UUID]]:
    """Active gold members with a contract: so many for each submitter."""
    program = next(new_ids(1))
    ids = [sorted(new_ids(each)) for _ in range(submitters)]
    flat = [partner for own in ids for partner in own]
    ends = date.today() + timedelta(days=900)  # noqa: DTZ011  # any day far ahead
    async with db.transaction() as tx:
        await records.insert(tx, RECORD_TYPES["program"], [(program, {"code": "reseller", "name": "Resellers"})])
        partners: list[tuple[UUID, dict[str, Value]]] = [
            (i, {"legal_name": f"Partner {n}", "status": "active", "tier": "gold", "contract_end": ends})
            for n, i in enumerate(flat)
        ]
        await records.insert(tx, RECORD_TYPES["partner"], partners)
        members: list[tuple[UUID, dict[str, Value]]] = [
            (i, {"partner": partner, "program": program, "valid_from": date(2020, 1, 1)})
            for i, partner in zip(new_ids(len(flat)), flat, strict=True)
        ]
        await records.insert(tx, RECORD_TYPES["program_membership"], members)
    return ids


async def store_customers(db: Database, customers: Sequence[Customer]) -> None:
    """Organisations with their keys; every 20th has an open opportunity of direct sales. A CRM was read just now."""
    for begin in range(0, len(customers), _BATCH):
        batch = customers[begin : begin + _BATCH]
        ids = sorted(new_ids(len(batch)))
        rows: list[tuple[UUID, dict[str, Value]]] = [
            (i, {"legal_name": f"{c.name} AG", "website_domain": c.domain, "country": "DE", "city": "Ulm"})
            for i, c in zip(ids, batch, strict=True)
        ]
        async with db.transaction() as tx:
            await records.insert(tx, RECORD_TYPES["organization"], rows)
            keys = [(i, list(keys_of(organization_features(values)))) for i, values in rows]
            await match_keys.add(tx, record_type="organization", rows=keys)
            await _store_opportunities(tx, ids[::20])
    async with db.transaction() as tx:
        await tx.run(
            "insert into connection (name, system, settings, state) values ('crm', 'salesforce', '-', 'active')"
        )
        await tx.run(
            "insert into run (connection_id, object, kind, state, started_at, finished_at)"
            " select id, 'Account', 'pull', 'done', now(), now() + interval '1 hour' from connection"
        )
        await tx.run("analyze")


async def _store_opportunities(tx: Tx, accounts: Sequence[UUID]) -> None:
    rows: list[tuple[UUID, dict[str, Value]]] = [
        (i, {"name": "Renewal", "account": account, "stage": "Negotiation", "owner_name": "Petra", "is_direct": True})
        for i, account in zip(new_ids(len(accounts)), accounts, strict=True)
    ]
    await records.insert(tx, RECORD_TYPES["opportunity"], rows)


async def postgres_seconds(db: Database) -> float:
    """CPU time of the server's processes, those that have ended included."""
    async with db.transaction() as tx:
        row = await tx.one("select pg_backend_pid() as pid")
    assert row is not None
    server = int(_stat(row["pid"])[1])
    fields = _stat(server)
    ended = (int(fields[13]) + int(fields[14])) / _TICKS
    return ended + _own_seconds(server) + sum(map(_own_seconds, _children(server)))


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in text.split()]


def _own_seconds(pid: int) -> float:
    try:
        fields = _stat(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
