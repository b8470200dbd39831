"""Run by Alembic: applies versions in one transaction, one process at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from hub.db.tables import metadata

_MIGRATION_LOCK = 0x70617274  # "part": any number that nothing else in this database locks


def _run() -> None:
    engine = create_engine(context.config.attributes["database_url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata)
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            context.run_migrations()


_run()
