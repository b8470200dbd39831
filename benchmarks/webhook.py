"""How long an edit in HubSpot takes, by its signed webhook and the hub, into Salesforce.

`python -m benchmarks.webhook DATABASE_URL EDITS` prints the list of seconds as its last line. The hub is a process as
`partnerhub up` starts it; this process is the two CRMs and the people who edit.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

import psycopg
import uvloop

from benchmarks.crms import Crms, connected_hub, elapsed_until, running_crms
from config.settings import Settings

PARTNERS = 200
_WARM_UP = 20
_PAUSE = 0.001
_OPEN = """
SELECT (SELECT count(*) FROM link) < %s
    OR EXISTS (SELECT FROM delivery WHERE state NOT IN ('done', 'dropped'))
    OR EXISTS (SELECT FROM reread)
"""


def times_of_edits(*, database_url: str, edits: int) -> list[float]:
    """Seconds of each edit, one after the other with small random pauses, on idle systems."""
    return uvloop.run(_times_of_edits(database_url, edits))


async def _times_of_edits(database_url: str, edits: int) -> list[float]:
    with running_crms(partners=PARTNERS) as crms:
        async with connected_hub(crms, database_url=database_url, port=_free_port()) as app:
            with _running_hub(app.settings) as address:
                _wait_for_rest(database_url)
                crms.hubspot.webhook_target = f"{address}/api/v1/webhooks/hubspot"
                taken = [_time_of_edit(crms, number) for number in range(_WARM_UP + edits)]
                _wait_for_rest(database_url)
    if crms.cities_in_salesforce() != crms.cities_in_hubspot():
        raise RuntimeError("the two CRMs differ after the edits")
    return taken[_WARM_UP:]


def _time_of_edit(crms: Crms, number: int) -> float:
    time.sleep(random.uniform(0, 0.25))
    account, company = crms.partners[number % len(crms.partners)]
    city = f"City {number}"
    crms.hubspot.human_edit("companies", company, {"city": city})

    def has_come() -> bool:
        record = crms.salesforce.world.get("Account", account)
        return record is not None and record.fields["BillingCity"] == city

    return elapsed_until(has_come, seconds=30, pause=_PAUSE)


@contextmanager
def _running_hub(settings: Settings) -> Iterator[str]:
    """The address of a hub in a process of its own."""
    known = {
        "PARTNERHUB_HOME": str(settings.home.absolute()),
        "PARTNERHUB_DATABASE_URL": str(settings.database_url),
        "PARTNERHUB_PORT": str(settings.port),
        "PARTNERHUB_LOG_LEVEL": "warning",
    }
    command = [str(Path(sys.executable).with_name("partnerhub")), "up", "--json"]
    with subprocess.Popen(command, env={**os.environ, **known}, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise RuntimeError(f"the hub did not start: exit code {process.wait()}")
            yield settings.base_url
        finally:
            process.terminate()


def _wait_for_rest(database_url: str) -> None:
    """Until every partner is linked in both systems and nothing is on its way."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        elapsed_until(lambda: connection.execute(_OPEN, [2 * PARTNERS]).fetchone() == (False,), seconds=120, pause=0.1)


def _free_port() -> int:
    """The address is part of what HubSpot signs, so it has to be known before the hub starts."""
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


if __name__ == "__main__":
    print(json.dumps(times_of_edits(database_url=sys.argv[1], edits=int(sys.argv[2]))))
