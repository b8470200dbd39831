"""The record tables on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors, sql

from hub.db import records
from hub.db.alembic_commands import sqlalchemy_url
from hub.db.record_tables import record_tables
from hub.db.session import Database
from hub.engines import Engines
from hub.record import RECORD_TYPES, customised
from hub.record.codec import TableCodec, codec_of
from hub.record.definition import Field, RecordType
from hub.record.values import Values
from tests.unit.record.strategies import values_of_type

_NAME = "record_tables"
_CUSTOM = (Field("score", "decimal", "A score."), Field("tags", "texts", "Tags."))
_every_type = pytest.mark.parametrize("kind", RECORD_TYPES.values(), ids=lambda kind: kind.name)
_TYPES = [*RECORD_TYPES.values(), customised({"organization": _CUSTOM, "partner": _CUSTOM})["partner"]]


@pytest.fixture(scope="module")
def tables_url(engines: Engines) -> str:
    """A database that has the record tables and nothing else."""
    with psycopg.connect(engines.database_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_NAME}")
    url = urlunsplit(urlsplit(engines.database_url)._replace(path=f"/{_NAME}"))
    engine = sa.create_engine(sqlalchemy_url(url), poolclass=sa.NullPool)
    metadata = sa.MetaData()
    record_tables(metadata)
    metadata.create_all(engine)
    engine.dispose()
    return url


@pytest.fixture
def connection(tables_url: str) -> Iterator[psycopg.Connection]:
    """A transaction that is rolled back after the test."""
    with psycopg.connect(tables_url) as connection:
        yield connection
        connection.rollback()


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_stored_is_what_is_read(tables_url: str, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(_TYPES))
    values = data.draw(values_of_type(kind))
    with psycopg.connect(tables_url) as connection:
        connection.execute("SET session_replication_role = replica")  # drawn links lead nowhere
        record_id = _insert(connection, kind, values)

        row = [value for table in codec_of(kind).tables for value in _read(connection, table, record_id)]
        connection.rollback()

    assert codec_of(kind).values_from_row(row) == {**dict.fromkeys(kind.fields), **values}


def test_an_amount_needs_its_currency(connection: psycopg.Connection) -> None:
    with pytest.raises(errors.CheckViolation):
        connection.execute("INSERT INTO opportunity (id, name, amount) VALUES (gen_random_uuid(), 'Renewal', 10)")


@pytest.mark.parametrize(
    "assignment", ["status = 'lapsed'", "roles = '{reseller,florist}'"], ids=["one choice", "several choices"]
)
def test_a_value_outside_the_choices_is_refused(connection: psycopg.Connection, assignment: str) -> None:
    _partner(connection)

    with pytest.raises(errors.CheckViolation):
        connection.execute(f"UPDATE partner SET {assignment}".encode())


def test_a_validity_ends_after_it_began(connection: psycopg.Connection) -> None:
    partner = _partner(connection)

    with pytest.raises(errors.CheckViolation):
        _role(connection, partner, begin=date(2026, 2, 1), end=date(2026, 2, 1))


def test_a_partner_holds_a_role_openly_only_once(connection: psycopg.Connection) -> None:
    partner = _partner(connection)
    _role(connection, partner, begin=date(2025, 1, 1), end=date(2026, 1, 1))
    _role(connection, partner, begin=date(2026, 1, 1))

    with pytest.raises(errors.UniqueViolation):
        _role(connection, partner, begin=date(2026, 5, 1))


def test_an_authorisation_everywhere_is_open_only_once(connection: psycopg.Connection) -> None:
    partner, line = _partner(connection), uuid4()
    connection.execute("INSERT INTO product_line (id, code, name) VALUES (%s, 'core', 'Core')", [line])
    grant = (
        "INSERT INTO partner_authorization (id, partner, product_line, valid_from)"
        " VALUES (gen_random_uuid(), %s, %s, %s)"
    )
    connection.execute(grant, [partner, line, date(2026, 1, 1)])

    with pytest.raises(errors.UniqueViolation):
        connection.execute(grant, [partner, line, date(2026, 5, 1)])


def test_a_deleted_row_makes_room_for_its_successor(connection: psycopg.Connection) -> None:
    partner = _partner(connection)
    _role(connection, partner, begin=date(2026, 1, 1))
    connection.execute("UPDATE partner_role SET deleted_at = now()")

    _role(connection, partner, begin=date(2026, 1, 1))


async def test_a_record_of_which_one_row_is_refused_leaves_none(database_url: str) -> None:
    kind, record_id = RECORD_TYPES["partner"], uuid4()
    async with Database(database_url) as db:
        with pytest.raises(errors.CheckViolation):
            async with db.transaction() as tx:
                await records.insert(tx, kind, [(record_id, {"legal_name": "Acme", "tier": "no such tier"})])

        async with db.transaction() as tx:
            assert await records.load(tx, RECORD_TYPES["organization"], [record_id]) == {}


def test_erasing_what_an_optional_link_points_to_empties_the_link(connection: psycopg.Connection) -> None:
    partner = _partner(connection)
    connection.execute(
        "INSERT INTO opportunity (id, name, partner) VALUES (gen_random_uuid(), 'Renewal', %s)", [partner]
    )

    connection.execute("DELETE FROM partner WHERE id = %s", [partner])

    assert connection.execute("SELECT partner FROM opportunity").fetchone() == (None,)


def test_the_migrations_bring_the_same_checks(database_url: str, tables_url: str) -> None:
    assert _checks(database_url) == _checks(tables_url)  # Alembic does not compare checks


def _checks(url: str) -> set[tuple[str, str]]:
    query = (
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'c' AND conrelid::regclass::text = ANY(%s)"
    )
    with psycopg.connect(url) as connection:
        return set(connection.execute(query, [list(RECORD_TYPES)]).fetchall())


@_every_type
def test_every_natural_key_is_found_by_an_index(connection: psycopg.Connection, kind: RecordType) -> None:
    own = {f.name for f in kind.column_fields}

    for key in kind.natural_keys:
        assert _is_found_by_index(connection, kind, [name for name in key if name in own])


@_every_type
def test_every_link_can_be_followed_backwards_by_an_index(connection: psycopg.Connection, kind: RecordType) -> None:
    for field in kind.column_fields:
        if field.kind == "link":
            assert _is_found_by_index(connection, kind, [field.name])


def _is_found_by_index(connection: psycopg.Connection, kind: RecordType, names: list[str]) -> bool:
    """Whether an index that starts with one of the fields finds the living records that have given values in them."""
    table = sql.Identifier(kind.name)
    wanted = [sql.SQL("{0} = (SELECT {0} FROM {1} LIMIT 1)").format(sql.Identifier(name), table) for name in names]
    living = [sql.SQL("deleted_at IS NULL"), sql.SQL("merged_into IS NULL")] if kind.root is kind else []
    query = sql.SQL("EXPLAIN (FORMAT JSON) SELECT id FROM {} WHERE {}")
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL enable_seqscan = off")
        _drop_other_indexes(connection, kind.name, names)
        row = connection.execute(query.format(table, sql.SQL(" AND ").join([*wanted, *living]))).fetchone()
    assert row is not None
    return any(f"({name} = " in _conditions(row[0]) for name in names)


def _drop_other_indexes(connection: psycopg.Connection, table: str, names: list[str]) -> None:
    """On an empty table any index costs the same; only those that start with one of the fields may be chosen."""
    others = connection.execute(
        "SELECT i.indexrelid::regclass::text FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = %s::regclass AND NOT i.indisprimary AND NOT a.attname = ANY(%s)",
        [table, names],
    ).fetchall()
    for (index,) in others:
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))


def _conditions(plan: Any) -> str:
    """The index conditions of all steps of a plan."""
    if isinstance(plan, list):
        return " ".join(map(_conditions, plan))
    if isinstance(plan, dict):
        return " ".join([str(plan.get("Index Cond", "")), *map(_conditions, plan.values())])
    return ""


def _insert(connection: psycopg.Connection, kind: RecordType, values: Values) -> UUID:
    record_id = uuid4()
    for table in codec_of(kind).tables:
        columns = sql.SQL(", ").join(map(sql.Identifier, ("id", *table.columns)))
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.table), columns)
        with connection.cursor() as cursor, cursor.copy(copy) as rows:
            rows.write_row((record_id, *table.to_row(values)))
    return record_id


def _read(connection: psycopg.Connection, table: TableCodec, record_id: UUID) -> tuple[object, ...]:
    columns = [sql.SQL("custom::text") if c == "custom" else sql.Identifier(c) for c in table.columns]
    select = sql.SQL("SELECT {} FROM {} WHERE id = %s").format(sql.SQL(", ").join(columns), sql.Identifier(table.table))
    row = connection.execute(select, [record_id]).fetchone()
    assert row is not None
    return row


def _partner(connection: psycopg.Connection) -> UUID:
    return _insert(connection, RECORD_TYPES["partner"], {"legal_name": "Delta BV", "status": "active"})


def _role(connection: psycopg.Connection, partner: UUID, *, begin: date, end: date | None = None) -> None:
    values: Values = {"partner": partner, "role": "reseller", "valid_from": begin, "valid_to": end}
    _insert(connection, RECORD_TYPES["partner_role"], values)
