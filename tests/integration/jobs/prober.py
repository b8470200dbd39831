"""A process whose many jobs find an account's circuit open: `python -m tests.integration.jobs.prober`.

Arguments: the database, a connection's id, a file to which a probe adds a line, and whether the system answers.
It says that it is ready, waits for a line on standard input, and prints last how many jobs went through.
"""

import asyncio
import sys
from pathlib import Path
from typing import cast

from hub.db.session import Database
from hub.sdk.capabilities import Account, Capabilities, ObjectCapabilities
from hub.sdk.errors import RemoteError, Unavailable
from hub.services.circuit import Halted, pass_circuit
from hub.services.objects import OpenConnection


class Probed:
    """A system that can only be asked who answers."""

    capabilities = Capabilities(default=ObjectCapabilities())

    def __init__(self, log: Path, *, answers: bool) -> None:
        self._log, self._answers = log, answers

    async def check(self) -> Account:
        with self._log.open("a") as log:
            log.write("asked\n")
        await asyncio.sleep(0.2)
        if not self._answers:
            raise Unavailable("It is down.")
        return Account("1", "One")


async def through(database_url: str, connection_id: int, log: Path, *, answers: bool, jobs: int = 20) -> int:
    """How many of the jobs, all at once, may use the account."""
    connection = OpenConnection(connection_id, "crm", "acme", "1", Probed(log, answers=answers), {})

    async def job(db: Database) -> bool:
        try:
            await pass_circuit(db, connection)
        except (Halted, RemoteError):
            return False
        return True

    async with Database(database_url) as db:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        return sum(await asyncio.gather(*(job(db) for _ in range(jobs))))


if __name__ == "__main__":
    url, number, path, answers = cast("tuple[str, str, str, str]", tuple(sys.argv[1:]))
    went = asyncio.run(through(url, int(number), Path(path), answers=answers == "yes"))
    sys.stdout.write(f"{went}\n")
