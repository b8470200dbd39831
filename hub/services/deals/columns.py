"""Which column of a table is which field of a registration: by a column file, else by the headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.files.cells import DayFormat, DecimalMark
from hub.files.issues import FileError, FileKind, Issue
from hub.files.source import Path_, read_source
from hub.files.table import Encoding, TableError
from hub.files.validation import validated
from hub.record.definition import RecordType
from hub.services.deals.fields import HUB_OWNED

DISTRIBUTOR = "distributor"
CURRENCY = "currency"
PARTNERS = ("partner", "on_behalf_of", DISTRIBUTOR)
"""Targets that name a partner: by the hub's id, programme number, VAT number or web domain."""

_NEEDED = ("name", "partner")
_NOT_HERE = frozenset(HUB_OWNED) | {"customer", "channel"}
_ALIASES = {
    "deal": "name",
    "deal_name": "name",
    "title": "name",
    "project": "name",
    "partner_id": "partner",
    "partner_number": "partner",
    "reseller": "partner",
    "reference": "partner_reference",
    "partner_ref": "partner_reference",
    "customer": "customer_name",
    "end_customer": "customer_name",
    "domain": "customer_domain",
    "website": "customer_domain",
    "country": "customer_country",
    "products": "product_lines",
    "product_line": "product_lines",
    "value": "amount",
    "close": "close_date",
    "expected_close": "close_date",
    "type": "deal_type",
}


class ColumnsError(FileError):
    """A column file that cannot be used."""


COLUMNS = FileKind("column file", ColumnsError)


class ColumnDoc(BaseModel):
    """How one field is read: from a column, or the same for every row."""

    model_config = ConfigDict(extra="forbid")

    column: str | None = Field(default=None, min_length=1, description="Header of the column.")
    constant: str | None = Field(default=None, description="The same for every row.")
    decimal: DecimalMark | None = Field(default=None, description="The decimal mark of numbers.")
    format: DayFormat | None = Field(default=None, description="How days are written.")
    separator: str | None = Field(default=None, min_length=1, max_length=1, description="What parts several values.")
    values: dict[str, str] = Field(default={}, description="What a cell means, where it is not the field's own value.")

    @model_validator(mode="after")
    def _from_one_place(self) -> ColumnDoc:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either a column or a constant")
        return self


class ColumnsDoc(BaseModel):
    """A column file. What it does not name is found by its header."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    encoding: Encoding | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    columns: dict[str, str | ColumnDoc] = {}


@dataclass(frozen=True, slots=True)
class Columns:
    """`by_target`: how each field is read; `unused` are headers that no field is read from."""

    by_target: Mapping[str, ColumnDoc]
    unused: tuple[str, ...]

    def header_of(self, target: str) -> str:
        """Where a person looks for what is wrong with a field."""
        found = self.by_target.get(target)
        return (found.column if found else None) or target


def load_columns(path_or_text: Path | str) -> ColumnsDoc:
    """Raises ColumnsError with every fault that was found."""
    source = read_source(path_or_text, kind=COLUMNS)
    return validated(ColumnsDoc, source, kind=COLUMNS, name_of=_named)


def find_columns(doc: ColumnsDoc, headers: Sequence[str], *, record_type: RecordType, name: str) -> Columns:
    """Raises ColumnsError for a column file that does not fit, and TableError when what every row needs is missing."""
    allowed = targets(record_type)
    chosen = {t: ColumnDoc(column=c) if isinstance(c, str) else c for t, c in doc.columns.items()}
    faults = [f"{t} is no field that a registration is submitted with" for t in chosen if t not in allowed]
    faults += [f"{t}: there is no column {c.column!r}" for t, c in chosen.items() if c.column not in (None, *headers)]
    if faults:
        raise ColumnsError(tuple(Issue("columns", 1, "", f"{fault}.") for fault in faults))
    taken = {column.column for column in chosen.values()}
    for header in headers:
        target = _target(header)
        if header not in taken and target in allowed and target not in chosen:
            chosen[target] = ColumnDoc(column=header)
            taken.add(header)
    if missing := [target for target in _NEEDED if target not in chosen]:
        raise TableError(
            (Issue(name, 1, "", f"There is no column for {' and '.join(missing)}: name it so, or in a column file."),)
        )
    return Columns(chosen, tuple(h for h in headers if h not in taken))


def targets(record_type: RecordType) -> tuple[str, ...]:
    """What a column can be: the fields that partners submit, the amount's currency, and a distributor."""
    fields = (f.name for f in record_type.fields.values() if f.name not in _NOT_HERE)
    return (*fields, CURRENCY, DISTRIBUTOR)


def _target(header: str) -> str:
    plain = re.sub(r"[^a-z0-9.]+", "_", header.casefold()).strip("_")
    return _ALIASES.get(plain, plain)


def _named(path: Path_) -> str:
    return str(path[1] if path[:1] == ("columns",) and len(path) > 1 else path[0]) if path else ""
