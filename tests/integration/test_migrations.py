"""The schema: migrations make exactly what the code describes, once, whoever starts first."""

import subprocess
import sys
import time
import warnings
from collections.abc import Iterator

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import SAWarning

from hub.cli.errors import Problem, explained
from hub.db import migrate
from hub.db.alembic_commands import alembic_config, sqlalchemy_url
from hub.db.migrate import SchemaUnfit
from hub.db.tables import metadata
from hub.engines import Engines


@pytest.fixture
def empty_database_url(engines: Engines) -> Iterator[str]:
    with psycopg.connect(engines.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        yield engines.database_url.replace("/partnerhub?", "/empty?")
        connection.execute("DROP DATABASE empty WITH (FORCE)")


def test_the_migrations_make_exactly_the_tables_that_the_code_describes(database_url: str) -> None:
    engine = create_engine(sqlalchemy_url(database_url), poolclass=pool.NullPool)
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'xid8'", SAWarning)
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_versions_are_named_by_their_files_in_their_order() -> None:
    scripts = ScriptDirectory.from_config(alembic_config("postgresql://unused"))
    assert [version.revision for version in scripts.walk_revisions()] == sorted(migrate._known(), reverse=True)
    assert scripts.get_heads() == [migrate.newest_version()]


def test_processes_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    program = "import sys; from hub.db import migrate; migrate.upgrade(sys.argv[1])"
    command = [sys.executable, "-c", program, empty_database_url]

    several = [subprocess.Popen(command) for _ in range(3)]

    assert [process.wait() for process in several] == [0, 0, 0]
    assert migrate.is_current(empty_database_url)


def test_a_database_without_the_schema_is_not_current(empty_database_url: str) -> None:
    assert not migrate.is_current(empty_database_url)


def test_migrating_again_changes_nothing(database_url: str) -> None:
    migrate.upgrade(database_url)

    assert migrate.is_current(database_url)


def test_a_program_refuses_a_database_that_a_newer_release_has_changed(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaUnfit, match="has schema version 9999, and this Partner Hub knows only") as refusal:
        migrate.upgrade(database_url)

    assert "start the newer release" in str(refusal.value)
    assert explained(refusal.value) == Problem("schema-unfit", str(refusal.value))


def test_a_migration_gives_way_to_whoever_uses_the_table_and_comes_back(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(alembic_config(empty_database_url), "0002")
    tries = []

    with psycopg.connect(empty_database_url) as reader:
        reader.execute("SELECT FROM conflict")  # 0003 changes this table

        def give_back(_: float) -> None:
            with psycopg.connect(empty_database_url) as other:  # waits for nobody: the migration has let go
                tries.append(other.execute("SELECT FROM conflict").fetchall())
            reader.rollback()

        monkeypatch.setattr(time, "sleep", give_back)
        migrate.upgrade(empty_database_url)

    assert tries == [[]]
    assert migrate.is_current(empty_database_url)


def test_tables_that_stay_busy_are_told_in_one_sentence(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.upgrade(alembic_config(empty_database_url), "0002")
    monkeypatch.setattr(migrate, "_TRIES", 1)
    monkeypatch.setattr(migrate, "_PAUSE_SECONDS", 0)

    with psycopg.connect(empty_database_url) as reader:
        reader.execute("SELECT FROM conflict")
        with pytest.raises(SchemaUnfit, match="end long transactions"):
            migrate.upgrade(empty_database_url)
