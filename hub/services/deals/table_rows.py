"""Rows of a table as submissions: every cell is read by its field, and what is wrong is told with line and column."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.db import records
from hub.db.session import Tx
from hub.files.cells import BadCell, day, money, number, truth
from hub.files.table import Row, Table
from hub.mapping.errors import BadValue
from hub.mapping.lenses.countries import find_country
from hub.mapping.lenses.domains import domain_of
from hub.record.definition import Field, RecordType
from hub.record.onboard import PARTNER
from hub.sdk.http import encode_json
from hub.services.deals.columns import CURRENCY, DISTRIBUTOR, PARTNERS, ColumnDoc, Columns
from hub.services.deals.receiving import Sent

_PARTNER_KEYS = ("program_number", "vat_number", "website_domain")


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong in a row: the column as the table calls it, empty for the row as a whole, and what to do."""

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as a submission under its key, or with what is wrong with it."""

    line: int
    sent: Sent | None
    key: str
    faults: tuple[CellFault, ...] = ()


async def read_rows(tx: Tx, table: Table, columns: Columns, *, record_type: RecordType) -> list[ReadRow]:
    """Every row, in order. Partners are looked up for all of them at once."""
    known = await _partners(tx, _named_partners(table, columns))
    rows = [_read(row, columns, record_type, known) for row in table.rows]
    told = f"The row has {{}} cells where the header has {len(table.headers)}."
    rows += [ReadRow(line, None, "", (CellFault("", told.format(count)),)) for line, count in table.ragged]
    return sorted(rows, key=lambda row: row.line)


def _read(row: Row, columns: Columns, record_type: RecordType, known: Mapping[str, list[UUID]]) -> ReadRow:
    said: dict[str, Any] = {}
    faults: list[CellFault] = []
    for target, column in columns.by_target.items():
        cell = _cell(row, column)
        try:
            if cell:
                said[target] = _value(target, cell, column, record_type, known)
        except BadCell as exc:
            faults.append(CellFault(columns.header_of(target), f"{exc}."))
    faults += [
        CellFault(columns.header_of(t), "is empty.") for t in ("name", "partner") if not _filled(row, columns, t)
    ]
    faults += _without_currency(said, columns)
    if faults:
        return ReadRow(row.line, None, "", tuple(faults))
    sent = _sent(said)
    return ReadRow(row.line, sent, _key(sent))


def _filled(row: Row, columns: Columns, target: str) -> bool:
    return bool(_cell(row, columns.by_target[target]))


def _cell(row: Row, column: ColumnDoc) -> str:
    cell = row.cells[column.column] if column.column is not None else column.constant or ""
    return column.values.get(cell, cell)


def _sent(said: Mapping[str, Any]) -> Sent:
    fields = {name: value for name, value in said.items() if name not in (CURRENCY, DISTRIBUTOR)}
    if "amount" in said:
        amount, beside = said["amount"]
        fields["amount"] = {"amount": str(amount), "currency": beside or said[CURRENCY]}
    custom = {name: fields.pop(name) for name in list(fields) if name.startswith("custom.")}
    if custom:
        fields["custom"] = {name.removeprefix("custom."): value for name, value in custom.items()}
    parties = [{"partner": said[DISTRIBUTOR], "role": "distributor"}] if DISTRIBUTOR in said else []
    return Sent(fields={**fields, "channel": "csv"}, parties=parties)


def _key(sent: Sent) -> str:
    """The same row again has the same key: the partner with its own reference, else all that the row says."""
    reference = sent.fields.get("partner_reference")
    if reference:
        return f"csv {sent.fields['partner']} {reference}"
    return f"csv {hashlib.sha256(encode_json(sent.model_dump(mode='json'))).hexdigest()}"


def _without_currency(said: Mapping[str, Any], columns: Columns) -> list[CellFault]:
    if "amount" not in said:
        return []
    beside, apart = said["amount"][1], said.get(CURRENCY)
    if beside is None and apart is None:
        return [CellFault(columns.header_of("amount"), "has no currency: write 20000 EUR, or add a column currency.")]
    if beside and apart and beside != apart:
        return [CellFault(columns.header_of(CURRENCY), f"is {apart}, and the amount says {beside}.")]
    return []


def _value(target: str, cell: str, column: ColumnDoc, record_type: RecordType, known: Mapping[str, list[UUID]]) -> Any:
    """Raises BadCell."""
    if target in PARTNERS:
        return _partner(cell, known)
    if target == CURRENCY:
        return cell.upper()
    if target == "customer_country":
        return _found(find_country(cell), cell, "a country")
    if target == "customer_domain":
        return _found(_domain(cell), cell, "a web address")
    return _READERS[record_type.fields[target].kind](cell, column, record_type.fields[target])


def _partner(cell: str, known: Mapping[str, list[UUID]]) -> str:
    found = known.get(cell, [])
    if len(found) == 1:
        return str(found[0])
    if found:
        raise BadCell(f"{cell!r} names {len(found)} partners: give the hub's id")
    raise BadCell(f"There is no partner {cell!r}: give the hub's id, programme number, VAT number or web domain")


def _found(value: str | None, cell: str, what: str) -> str:
    if value is None:
        raise BadCell(f"{cell!r} is not {what}")
    return value


def _text(cell: str, _: ColumnDoc, __: Field) -> str:
    return cell


def _choice(cell: str, _: ColumnDoc, field: Field) -> str:
    plain = cell.casefold().replace(" ", "_")
    if plain not in field.choices:
        raise BadCell(f"{cell!r} is none of {', '.join(field.choices)}")
    return plain


def _parts(cell: str, column: ColumnDoc) -> list[str]:
    separator = column.separator or next((mark for mark in ";|," if mark in cell), ";")
    return [column.values.get(part, part) for part in map(str.strip, cell.split(separator)) if part]


_READERS: dict[str, Callable[[str, ColumnDoc, Field], Any]] = {
    "text": _text,
    "longtext": _text,
    "link": _text,
    "datetime": _text,
    "int": lambda cell, column, _: int(number(cell, mark=column.decimal)),
    "decimal": lambda cell, column, _: str(number(cell, mark=column.decimal)),
    "money": lambda cell, column, _: money(cell, mark=column.decimal),
    "bool": lambda cell, _, __: truth(cell),
    "date": lambda cell, column, _: day(cell, form=column.format).isoformat(),
    "choice": _choice,
    "choices": lambda cell, column, field: [_choice(part, column, field) for part in _parts(cell, column)],
    "texts": lambda cell, column, _: _parts(cell, column),
}


def _named_partners(table: Table, columns: Columns) -> set[str]:
    wanted = [columns.by_target[target] for target in PARTNERS if target in columns.by_target]
    return {cell for row in table.rows for column in wanted if (cell := _cell(row, column))}


async def _partners(tx: Tx, names: set[str]) -> dict[str, list[UUID]]:
    """By what a cell says: an id, or what identifies a partner."""
    found: dict[str, list[UUID]] = {name: [] for name in names}
    ids = {name: record_id for name in names if (record_id := _uuid(name))}
    living = await records.living(tx, PARTNER, sorted(set(ids.values())))
    for name, record_id in ids.items():
        found[name] += [record_id] if record_id in living else []
    for key, spelt in _spellings(names - ids.keys()):
        rows = await records.find_by_key(tx, PARTNER, (key,), [(text,) for text in sorted(set(spelt.values()))])
        for name, text in spelt.items():
            found[name] += [i for i in rows.get((text,), ()) if i not in found[name]]
    return found


def _spellings(names: set[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """For each identifying field, how each cell would be stored in it."""
    for key in _PARTNER_KEYS:
        if key == "website_domain":
            yield key, {name: domain for name in names if "." in name and (domain := _domain(name))}
        else:
            yield key, {name: name for name in names}


def _domain(text: str) -> str | None:
    try:
        return domain_of(text)
    except BadValue:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
