"""Bring a database's schema to the newest version.

Alembic, and SQLAlchemy with it, are loaded only when there is something to do: that takes longer than all else a
program does before it begins.
"""

import time
from pathlib import Path

import psycopg

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
# A version that waits for a table makes everybody else wait behind it: it lets go (env.py) and tries again.
_TRIES, _PAUSE_SECONDS = 30, 2.0
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


class SchemaUnfit(Exception):
    """This program must not run on the database as it is; the message says in one sentence what to do."""


def upgrade(database_url: str) -> None:
    """Apply what is missing. Blocking; processes that call it at once wait for each other.

    Programs of the release before go on working meanwhile. Raises SchemaUnfit when a newer release has been at work
    on the database, or when its tables are too busy to be changed.
    """
    found = _found(database_url)
    _refuse_newer(found)
    if found == {newest_version()}:
        return None
    from sqlalchemy.exc import OperationalError

    from hub.db.alembic_commands import apply_missing

    for _ in range(_TRIES):
        try:
            return apply_missing(database_url)
        except OperationalError as exc:
            if not isinstance(exc.orig, _BUSY):
                raise
            time.sleep(_PAUSE_SECONDS)
    raise SchemaUnfit(
        "The database's tables were too busy to be changed for this release: end long transactions (pg_stat_activity "
        "shows them) and start again."
    )


def is_current(database_url: str) -> bool:
    """True when the schema has every version that this release brings."""
    return _found(database_url) == {newest_version()}


def newest_version() -> str:
    """The schema that this release brings."""
    return max(_known())


def _refuse_newer(found: set[str]) -> None:
    if newer := found - _known():
        raise SchemaUnfit(
            f"The database has schema version {', '.join(sorted(newer))}, and this Partner Hub knows only "
            f"{newest_version()} and older: start the newer release that changed it, or restore a backup from "
            "before."
        )


def _found(database_url: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        there = connection.execute("select to_regclass('alembic_version')").fetchone()
        if there is None or there[0] is None:
            return set()
        return {row[0] for row in connection.execute("select version_num from alembic_version")}


def _known() -> set[str]:
    """Versions by the beginnings of their files' names: one after the other, in this order."""
    return {path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py")}
