"""The circuit breaker: an account that fails again and again is left alone by all, and probed by one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hub.db import circuits, connections
from hub.db.session import Database
from hub.sdk.errors import AuthFailed, RateLimited, Unavailable
from hub.services.circuit import BREAKS_AFTER, Halted, answered, halt, pass_circuit
from hub.services.objects import OpenConnection
from tests.integration.jobs.prober import Probed

DOWN = Unavailable("It is down.")


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


async def connect(
    db: Database, log: Path, *, name: str = "crm", account: str = "1", answers: bool = True
) -> OpenConnection:
    async with db.transaction() as tx:
        stored = await connections.add(tx, name=name, system="acme", account_id=account, settings=b"-", options={})
    return OpenConnection(stored.id, name, "acme", account, Probed(log, answers=answers), {})


async def fail(db: Database, connection: OpenConnection, *, times: int = BREAKS_AFTER) -> None:
    for _ in range(times):
        await halt(db, connection, DOWN)


async def rest_is_over(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.run("update connection set rest_until = clock_timestamp()")


async def resting(db: Database, connection: OpenConnection) -> timedelta | None:
    async with db.transaction() as tx:
        return await circuits.resting_for(tx, connection_id=connection.id)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "probes"
    path.touch()
    return path


def probes(log: Path) -> int:
    return len(log.read_text().splitlines())


def two_processes(database_url: str, connection: OpenConnection, log: Path, *, answers: str) -> int:
    """Forty jobs in two processes at once; how many went through."""
    command = [
        sys.executable,
        "-m",
        "tests.integration.jobs.prober",
        database_url,
        str(connection.id),
        str(log),
        answers,
    ]
    root = Path(__file__).parents[3]
    started = [
        subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate(timeout=60)[0] for process in started]
    return sum(int(output.splitlines()[-1]) for output in outputs)


async def test_one_probe_goes_out_of_two_processes_and_opens_the_way_for_all(
    db: Database, database_url: str, log: Path
) -> None:
    connection = await connect(db, log)
    await fail(db, connection)
    await rest_is_over(db)

    went = two_processes(database_url, connection, log, answers="yes")

    assert probes(log) == 1
    assert 1 <= went <= 40
    assert await resting(db, connection) is None
    await pass_circuit(db, connection)
    assert probes(log) == 1, "the circuit is closed: nobody is asked"


async def test_a_probe_without_an_answer_keeps_everybody_away(db: Database, database_url: str, log: Path) -> None:
    connection = await connect(db, log)
    await fail(db, connection)
    await rest_is_over(db)

    assert two_processes(database_url, connection, log, answers="no") == 0

    assert probes(log) == 1
    left = await resting(db, connection)
    assert left is not None
    assert timedelta(seconds=3) < left <= timedelta(seconds=30)


async def test_few_failures_do_not_open_the_circuit(db: Database, log: Path) -> None:
    connection = await connect(db, log)
    await fail(db, connection, times=BREAKS_AFTER - 1)
    await rest_is_over(db)
    await pass_circuit(db, connection)
    assert probes(log) == 0


async def test_an_answer_in_between_begins_the_count_anew(db: Database, log: Path) -> None:
    connection = await connect(db, log)
    await fail(db, connection, times=BREAKS_AFTER - 1)
    await answered(db, connection)
    await fail(db, connection, times=BREAKS_AFTER - 1)
    await rest_is_over(db)
    await pass_circuit(db, connection)
    assert probes(log) == 0


async def test_all_connections_of_an_account_rest_and_come_back_together(db: Database, log: Path) -> None:
    one, two = await connect(db, log), await connect(db, log, name="crm2")
    other = await connect(db, log, name="elsewhere", account="2")
    await fail(db, one)
    assert await resting(db, two) is not None
    assert await resting(db, other) is None

    await rest_is_over(db)
    await pass_circuit(db, two)
    assert probes(log) == 1
    await pass_circuit(db, one)
    assert probes(log) == 1


async def test_a_probe_whose_process_died_is_made_up_for(db: Database, log: Path) -> None:
    connection = await connect(db, log)
    await fail(db, connection)
    await rest_is_over(db)
    async with db.transaction() as tx:
        assert await circuits.take_probe(
            tx, connection_id=connection.id, breaks_after=BREAKS_AFTER, within=timedelta(seconds=30)
        )
    with pytest.raises(Halted) as kept_out:
        await pass_circuit(db, connection)
    assert kept_out.value.delay is not None

    async with db.transaction() as tx:
        await tx.run("update connection set probe_until = clock_timestamp()")
    await pass_circuit(db, connection)
    assert probes(log) == 1


async def test_the_log_says_once_that_a_system_went_away_and_once_that_it_is_back(db: Database, log: Path) -> None:
    connection = await connect(db, log)
    with capture_logs() as logs:
        await fail(db, connection, times=5)
        await answered(db, connection)
        await answered(db, connection)
    assert [entry["event"] for entry in logs] == ["connection_is_away", "connection_is_back"]


async def test_a_system_that_asks_for_a_pause_is_not_away(db: Database, log: Path) -> None:
    connection = await connect(db, log)
    with capture_logs() as logs:
        for _ in range(5):
            await halt(db, connection, RateLimited("Too fast.", retry_after=40))
        await answered(db, connection)
    assert [entry["event"] for entry in logs] == ["connection_rests"]
    assert await resting(db, connection) is not None
    await rest_is_over(db)
    await pass_circuit(db, connection)
    assert probes(log) == 0


async def test_a_probe_that_is_refused_pauses_the_connection(
    db: Database, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = await connect(db, log)
    await fail(db, connection)
    await rest_is_over(db)

    async def refuse(self: Probed) -> None:
        raise AuthFailed("The key was revoked.")

    monkeypatch.setattr(Probed, "check", refuse)
    with pytest.raises(AuthFailed):
        await pass_circuit(db, connection)
    async with db.transaction() as tx:
        stored = await connections.by_id(tx, connection.id)
    assert stored is not None
    assert stored.state == "paused"
