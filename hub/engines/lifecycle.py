"""Start, share and stop the engines of a home.

Every process that uses the engines holds a shared lock on one file of the home. Who leaves and then gets that file
exclusively was the last one, and stops what is embedded. The kernel drops the lock of a process that was killed, so no
count can go stale; servers that such a process leaves behind are adopted by the next start.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from hub.engines.home import Home
from hub.engines.postgres import check_postgres, postgres_lives, start_postgres, stop_postgres
from hub.engines.redis import check_redis, redis_lives, start_redis, stop_redis


@dataclass(frozen=True)
class Engines:
    """Two servers that answered: `database_url` is a libpq URL, `redis_url` one for redis-py and arq."""

    database_url: str
    redis_url: str
    embedded_postgres: bool
    embedded_redis: bool
    durable: bool
    home: Home = field(repr=False)
    membership: IO[str] = field(repr=False, compare=False)


def start_engines(
    *, home: Path, database_url: str | None = None, redis_url: str | None = None, durable: bool = True
) -> Engines:
    """Check the external servers and start or adopt the embedded ones, which live in `home`.

    Blocking; several processes may call it at once. Raises EngineUnavailable. `durable=False` gives up safety for
    speed and is for data that nobody will miss; a server that already runs keeps what it was started with.
    """
    if database_url is not None:
        check_postgres(database_url)
    if redis_url is not None:
        check_redis(redis_url)
    place = Home.open(home)
    with place.locked():
        membership = place.join()
        try:
            return Engines(
                database_url=database_url or start_postgres(place, durable=durable),
                redis_url=redis_url or start_redis(place, durable=durable),
                embedded_postgres=database_url is None,
                embedded_redis=redis_url is None,
                durable=durable,
                home=place,
                membership=membership,
            )
        except BaseException:
            membership.close()
            _stop_unused(place)
            raise


def revive_engines(engines: Engines) -> list[str]:
    """Start what is embedded and has died since, and name it. Blocking.

    Raises EngineUnavailable when it cannot be started. Which of the processes that use the engines does it, is theirs
    to race for.
    """
    revived = []
    if engines.embedded_postgres and not postgres_lives(engines.home):
        with engines.home.locked():
            if not postgres_lives(engines.home):
                start_postgres(engines.home, durable=engines.durable)
                revived.append("PostgreSQL")
    if engines.embedded_redis and not redis_lives(engines.home):
        with engines.home.locked():
            if not redis_lives(engines.home):
                start_redis(engines.home, durable=engines.durable)
                revived.append("Redis")
    return revived


def stop_engines(engines: Engines, *, keep_running: bool = False) -> bool:
    """Leave the engines; the last process to leave stops the embedded ones, unless told to keep them running.

    Returns whether they were stopped. External servers are never stopped.
    """
    with engines.home.locked():
        engines.membership.close()
        return not keep_running and _stop_unused(engines.home)


def _stop_unused(home: Home) -> bool:
    if home.has_users():
        return False
    stop_redis(home)
    stop_postgres(home)
    home.remove_socket_folder()
    return True
