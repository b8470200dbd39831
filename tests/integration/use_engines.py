"""A process that uses a home's engines: tells the server's process ids, stays until its input ends, then leaves.

`python -m tests.integration.use_engines HOME [USER_ID]`; with a user id, root becomes that user first.
"""

import json
import os
import sys
from pathlib import Path

import psycopg
import redis

from hub.engines import Engines, start_engines, stop_engines


def server_pids(engines: Engines) -> dict[str, int]:
    """The process ids of the two servers."""
    with redis.Redis.from_url(engines.redis_url) as client:
        redis_pid = int(client.info("server")["process_id"])
    with psycopg.connect(engines.database_url) as connection:
        row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    return {"postgres": int(row[0].split("\n", 1)[0]), "redis": redis_pid}


def main() -> None:
    if len(sys.argv) > 2:
        os.setgroups([])
        os.setgid(int(sys.argv[2]))
        os.setuid(int(sys.argv[2]))
    engines = start_engines(home=Path(sys.argv[1]), durable=False)
    sys.stdout.write(json.dumps(server_pids(engines)) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    stopped = stop_engines(engines)
    sys.stdout.write(json.dumps({"stopped": stopped}) + "\n")


if __name__ == "__main__":
    main()
