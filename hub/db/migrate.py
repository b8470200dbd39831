"""Bring a database's schema to the newest version, with Alembic and without an ini file."""

import time
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import OperationalError

_SCRIPTS = Path(__file__).parent / "migrations"
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
    _refuse_newer(database_url)
    for _ in range(_TRIES):
        try:
            return command.upgrade(_config(database_url), "head")
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
    return _found(database_url) == set(_known().get_heads())


def newest_version() -> str:
    """The schema that this release brings."""
    newest = _known().get_current_head()
    assert newest is not None
    return newest


def _refuse_newer(database_url: str) -> None:
    known = _known()
    ours = {version.revision for version in known.walk_revisions()}
    if newer := _found(database_url) - ours:
        raise SchemaUnfit(
            f"The database has schema version {', '.join(sorted(newer))}, and this Partner Hub knows only "
            f"{newest_version()} and older: start the newer release that changed it, or restore a backup from "
            "before."
        )


def _found(database_url: str) -> set[str]:
    engine = create_engine(sqlalchemy_url(database_url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


def _known() -> ScriptDirectory:
    return ScriptDirectory(str(_SCRIPTS))


def draft_version(database_url: str, *, message: str) -> None:
    """Write a new version file from the difference between the tables in the code and an up-to-date database."""
    command.revision(_config(database_url), message=message, autogenerate=True)


def sqlalchemy_url(database_url: str) -> str:
    """The libpq URL with SQLAlchemy's name of the driver, which serves both blocking and asyncio engines."""
    return "postgresql+psycopg://" + database_url.partition("://")[2]


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = sqlalchemy_url(database_url)
    return config
