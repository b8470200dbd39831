"""What Alembic does for us, without an ini file."""

from pathlib import Path

from alembic import command
from alembic.config import Config

_SCRIPTS = Path(__file__).parent / "migrations"


def apply_missing(database_url: str) -> None:
    """All versions that the database has not; raises what SQLAlchemy raises."""
    command.upgrade(alembic_config(database_url), "head")


def draft_version(database_url: str, *, message: str) -> None:
    """Write a new version file from the difference between the tables in the code and an up-to-date database."""
    command.revision(alembic_config(database_url), message=message, autogenerate=True)


def sqlalchemy_url(database_url: str) -> str:
    """The libpq URL with SQLAlchemy's name of the driver, which serves both blocking and asyncio engines."""
    return "postgresql+psycopg://" + database_url.partition("://")[2]


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["database_url"] = sqlalchemy_url(database_url)
    return config
