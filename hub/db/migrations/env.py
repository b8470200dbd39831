"""Run by Alembic: applies versions in one transaction, one process at a time."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import create_engine, pool, text

from hub.db.tables import metadata

_MIGRATION_LOCK = 0x70617274  # "part": any number that nothing else in this database locks
_MOST_WAIT = "3s"  # for one table, while everybody else waits behind this one


def _run() -> None:
    engine = create_engine(context.config.attributes["database_url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_item=_render)
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = '{_MOST_WAIT}'"))
            context.run_migrations()


def _render(kind: str, item: Any, drafting: Any) -> str | Literal[False]:
    """How a drafted version spells one of our own column types; False leaves it to Alembic."""
    if kind != "type" or not type(item).__module__.startswith("hub."):
        return False
    drafting.imports.add("from hub.db import tables")
    return f"tables.{item!r}"


_run()
