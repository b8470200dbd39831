"""The tables of the Unified Partner Record, one a record type, derived from the types' definitions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
    and_,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from hub.record import RECORD_TYPES
from hub.record.definition import Field, Kind, RecordType

_COLUMN_TYPES: dict[Kind, TypeEngine[Any]] = {
    "text": Text(),
    "longtext": Text(),
    "int": BigInteger(),
    "decimal": Numeric(),
    "bool": Boolean(),
    "date": Date(),
    "datetime": DateTime(timezone=True),
    "choice": Text(),
    "choices": ARRAY(Text()),
    "texts": ARRAY(Text()),
    "link": Uuid(),
}


def record_tables(metadata: MetaData) -> dict[str, Table]:
    """One table a record type, by the type's name, added to `metadata`.

    The root's table carries version, stamps, deletion and merge; the table of a type that extends another shares the
    id of the base row. An empty `merged_into` and `deleted_at` mean that the record lives.
    """
    return {name: _record_table(metadata, record_type) for name, record_type in RECORD_TYPES.items()}


def _record_table(metadata: MetaData, record_type: RecordType) -> Table:
    table = Table(
        record_type.name,
        metadata,
        *_identity_columns(record_type),
        *(item for f in record_type.column_fields for item in _columns_of(f)),
        Column("custom", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
        comment=record_type.doc,
    )
    if record_type.effective_dated:
        table.append_constraint(CheckConstraint("valid_to > valid_from", name="validity"))
    _add_indexes(table, record_type)
    return table


def _identity_columns(record_type: RecordType) -> Iterable[Column[Any]]:
    if record_type.extends:
        # No foreign key to the base row: `records.insert` makes both or none (docs/decisions/0008).
        return (Column("id", Uuid, primary_key=True),)
    now = func.now()
    return (
        Column("id", Uuid, primary_key=True),
        Column("version", Integer, nullable=False, server_default=text("1")),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=now),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=now),
        Column("deleted_at", DateTime(timezone=True)),
        Column("merged_into", Uuid),
    )


def _columns_of(field: Field) -> Iterable[SchemaItem]:
    name, null = field.name, not field.required
    if field.kind == "money":
        yield Column(name, Numeric, nullable=null, comment=field.doc)
        yield Column(f"{name}_currency", Text, nullable=null)
        both = f"({_quoted(name)} IS NULL) = ({name}_currency IS NULL)"
        yield CheckConstraint(both, name=f"{name}_has_currency")
        return
    reference = _reference(field)
    yield Column(name, _COLUMN_TYPES[field.kind], *reference, nullable=null, comment=field.doc)
    if field.choices:
        yield CheckConstraint(_within_choices(field), name=f"{name}_choice")


def _reference(field: Field) -> tuple[ForeignKey, ...]:
    if field.link is None:
        return ()
    # Records are marked as deleted and stay; rows go only on erasure, which must decide about what requires them.
    return (ForeignKey(f"{field.link}.id", ondelete=None if field.required else "SET NULL"),)


def _within_choices(field: Field) -> str:
    allowed = ", ".join(f"'{choice}'" for choice in field.choices)
    operator = "<@" if field.kind == "choices" else "= ANY"
    return f"{_quoted(field.name)} {operator} (ARRAY[{allowed}])"


def _add_indexes(table: Table, record_type: RecordType) -> None:
    own = {f.name for f in record_type.column_fields}
    keys = [tuple(n for n in key if n in own) for key in record_type.natural_keys]
    for key in keys:
        if record_type.effective_dated:
            _index_validity(table, key)
        else:
            _index(table, key)
    # An index on a natural key serves its first field alone only if it leaves no row out.
    led = {key[0] for key in keys if record_type.effective_dated or not any(table.c[n].nullable for n in key[1:])}
    for field in record_type.column_fields:
        if field.link and field.name not in led:
            _index(table, (field.name,))


def _index(table: Table, names: tuple[str, ...]) -> None:
    """Only rows that have all of the names are indexed: most rows of a hot table have few of them."""
    columns = [table.c[n] for n in names]
    nullable = [c.is_not(None) for c in columns if c.nullable]
    Index(f"{table.name}_{'_'.join(names)}_idx", *columns, postgresql_where=and_(*nullable) if nullable else None)


def _index_validity(table: Table, names: tuple[str, ...]) -> None:
    """Of one key, no two living rows begin on the same day and at most one is open; an empty part of a key counts."""
    columns = [table.c[n] for n in names]
    living = and_(table.c.deleted_at.is_(None), table.c.merged_into.is_(None))
    open_ended = and_(living, table.c.valid_to.is_(None))
    name = f"{table.name}_{'_'.join(names)}"
    _unique(f"{name}_from_key", *columns, table.c.valid_from, where=living)
    _unique(f"{name}_open_key", *columns, where=open_ended)


def _unique(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> None:
    Index(name, *columns, unique=True, postgresql_where=where, postgresql_nulls_not_distinct=True)


def _quoted(name: str) -> str:
    return f'"{name}"'
