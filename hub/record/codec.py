"""Values of one record type to and from JSON and table rows, compiled once per type for the bulk paths."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypedDict
from uuid import UUID

import msgspec

from hub.record.definition import Field, Kind, RecordType
from hub.record.values import Money, RemoteRef, Value, Values, encode_values

Row = Sequence[Any]

_typed_dict: Any = TypedDict  # called with names that are known at run time only
_TYPES: dict[Kind, Any] = {
    "text": str | None,
    "longtext": str | None,
    "int": int | None,
    "decimal": Decimal | None,
    "money": Money | None,
    "bool": bool | None,
    "date": date | None,
    "datetime": Annotated[datetime, msgspec.Meta(tz=True)] | None,
    "choice": str | None,
    "choices": tuple[str, ...] | None,
    "texts": tuple[str, ...] | None,
    "link": UUID | RemoteRef | None,
}


@dataclass(frozen=True, slots=True)
class TableCodec:
    """The part of a record that lies in one table.

    `columns` leaves out the id and the bookkeeping; it names `custom` only where custom fields are declared.
    `to_row` gives a tuple in the order of `columns`: absent values become NULL, links must be UUIDs, `custom` is JSON
    text. `from_row` takes the same order, with `custom` selected as text, and gives every field, NULL as None.
    """

    table: str
    columns: tuple[str, ...]
    to_row: Callable[[Values], tuple[object, ...]]
    from_row: Callable[[Row], dict[str, Value]]


@dataclass(frozen=True, slots=True)
class RecordCodec:
    """How values of one record type are read and stored.

    `decode` reads what `encode_values` wrote; keys that the type does not have are left out, and msgspec's
    ValidationError names the path of a value of the wrong kind. `tables` follow the lineage, root first.
    """

    decode: Callable[[bytes | str], dict[str, Value]]
    tables: tuple[TableCodec, ...]

    def values_from_row(self, row: Row) -> dict[str, Value]:
        """All values from the columns of all `tables`, one table's after the other's."""
        values: dict[str, Value] = {}
        start = 0
        for table in self.tables:
            end = start + len(table.columns)
            values.update(table.from_row(row[start:end]))
            start = end
        return values


@cache
def codec_of(record_type: RecordType) -> RecordCodec:
    """The codec of a record type, compiled at the first call."""
    return RecordCodec(
        decode=_decoder({name: _TYPES[f.kind] for name, f in record_type.fields.items()}).decode,
        tables=tuple(_table_codec(t) for t in record_type.lineage),
    )


def tables_for(record_type: RecordType, names: Collection[str]) -> tuple[TableCodec, ...]:
    """The codecs of a record type's tables with the columns of these fields only.

    Most systems know few of a type's fields: rows without the empty columns are written in three quarters of the time.
    """
    return tuple(_table_codec(t, names) for t in record_type.lineage)


def decode_values(record_type: RecordType, data: bytes | str) -> dict[str, Value]:
    """The values that `encode_values` wrote, such as a shadow, with their types."""
    return codec_of(record_type).decode(data)


def _decoder(hints: dict[str, Any]) -> msgspec.json.Decoder[dict[str, Value]]:
    return msgspec.json.Decoder(_typed_dict("Values", hints, total=False))


def _table_codec(record_type: RecordType, names: Collection[str] | None = None) -> TableCodec:
    fields = [f for f in record_type.column_fields if names is None or f.name in names]
    plain = tuple(f.name for f in fields if f.kind not in ("money", "choices", "texts"))
    lists = tuple(f.name for f in fields if f.kind in ("choices", "texts"))
    money = tuple(f.name for f in fields if f.kind == "money")
    money_columns = tuple(column for name in money for column in (name, f"{name}_currency"))
    custom = tuple(f for f in record_type.custom_fields if names is None or f.name in names)
    return TableCodec(
        table=record_type.name,
        columns=(*plain, *lists, *money_columns, *(("custom",) if custom else ())),
        to_row=_row_writer(plain, lists, money, custom),
        from_row=_row_reader(plain, lists, money, custom),
    )


def _row_writer(
    plain: tuple[str, ...], lists: tuple[str, ...], money: tuple[str, ...], custom: tuple[Field, ...]
) -> Callable[[Values], tuple[object, ...]]:
    document = _document_writer(custom) if custom else None

    def to_row(values: Values) -> tuple[object, ...]:
        get: Callable[[str], Any] = values.get
        row = list(map(get, plain))
        for name in lists:
            items = get(name)
            row.append(None if items is None else list(items))
        for name in money:
            sum_of_money = get(name)
            row += (None, None) if sum_of_money is None else (sum_of_money.amount, sum_of_money.currency)
        if document:
            row.append(document(values))
        return tuple(row)

    return to_row


def _row_reader(
    plain: tuple[str, ...], lists: tuple[str, ...], money: tuple[str, ...], custom: tuple[Field, ...]
) -> Callable[[Row], dict[str, Value]]:
    first_list, first_money = len(plain), len(plain) + len(lists)
    document = _document_reader(custom) if custom else None

    def from_row(row: Row) -> dict[str, Value]:
        values: dict[str, Value] = dict(zip(plain, row, strict=False))
        for position, name in enumerate(lists, first_list):
            items = row[position]
            values[name] = None if items is None else tuple(items)
        position = first_money
        for name in money:
            amount = row[position]
            values[name] = None if amount is None else Money(amount, row[position + 1])
            position += 2
        if document:
            values.update(document(row[position]))
        return values

    return from_row


def _document_writer(fields: tuple[Field, ...]) -> Callable[[Values], str]:
    keys = {f.name: f.document_key for f in fields}
    return lambda values: encode_values({key: values[n] for n, key in keys.items() if n in values}).decode()


def _document_reader(fields: tuple[Field, ...]) -> Callable[[str], dict[str, Value]]:
    names = {f.document_key: f.name for f in fields}
    decode = _decoder({f.document_key: _TYPES[f.kind] for f in fields}).decode
    return lambda document: {**dict.fromkeys(names.values()), **{names[k]: v for k, v in decode(document).items()}}
