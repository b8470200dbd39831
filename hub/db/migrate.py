"""Bring a database's schema to the newest version, with Alembic and without an ini file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database_url: str) -> None:
    """Apply what is missing. Blocking; processes that call it at once wait for each other."""
    command.upgrade(_config(database_url), "head")


def is_current(database_url: str) -> bool:
    """True when the schema has every version that this release brings."""
    engine = create_engine(sqlalchemy_url(database_url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(_config(database_url)).get_heads())


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
