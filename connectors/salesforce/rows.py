"""Salesforce rows as the hub's records and deletions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from connectors.salesforce.stamps import parse_stamp
from hub.sdk.records import Deletion, RemoteRecord

Row = dict[str, Any]


def record_maker(fields: Sequence[str]) -> Callable[[Row], RemoteRecord]:
    """A function from a row to a record that holds `fields` and nothing else."""
    names = tuple(dict.fromkeys(field.partition(".")[0] for field in fields))
    nested = frozenset(field.partition(".")[0] for field in fields if "." in field)

    def make(row: Row) -> RemoteRecord:
        values = {name: row[name] for name in names if name in row}
        for name in nested:
            values[name] = _without_attributes(values.get(name))
        stamp = row.get("SystemModstamp")
        return RemoteRecord(
            id=str(row["Id"]),
            fields=values,
            version=stamp if isinstance(stamp, str) else None,
            modified_at=stamp_of(row),
            modified_by=author_of(row),
        )

    return make


def deletion(row: Row) -> Deletion:
    """The row of a record in the recycle bin: deleted, or merged into another."""
    master = row.get("MasterRecordId")
    return Deletion(
        id=str(row["Id"]),
        kind="merged" if master else "deleted",
        merged_into=str(master) if master else None,
        at=stamp_of(row),
    )


def told_apart(rows: Sequence[Row], make: Callable[[Row], RemoteRecord]) -> tuple[list[RemoteRecord], list[Deletion]]:
    """Rows as what lives and what has come to an end: in the recycle bin, or as a lead that was converted.

    A converted lead is kept, and never changes again.
    """
    records: list[RemoteRecord] = []
    ended: list[Deletion] = []
    for row in rows:
        if row.get("IsDeleted") is True:
            ended.append(deletion(row))
        elif row.get("IsConverted") is True:
            ended.append(_conversion(row, make))
        else:
            records.append(make(row))
    return records, ended


def _conversion(row: Row, make: Callable[[Row], RemoteRecord]) -> Deletion:
    became = [(name, row.get(f"Converted{name}Id")) for name in ("Opportunity", "Account", "Contact")]
    return Deletion(
        id=str(row["Id"]),
        kind="converted",
        at=stamp_of(row),
        became=tuple((name, str(record_id)) for name, record_id in became if record_id),
        last=make(row),
    )


def author_of(row: Row) -> str | None:
    """Who last changed the row: the user's name, the id where the name was not asked for or may not be seen."""
    user = row.get("LastModifiedBy")
    name = user.get("Name") if isinstance(user, dict) else None
    return next((text for text in (name, row.get("LastModifiedById")) if text and isinstance(text, str)), None)


def stamp_of(row: Row) -> datetime | None:
    """SystemModstamp; None when the row has none that can be read."""
    stamp = row.get("SystemModstamp")
    if not isinstance(stamp, str):
        return None
    try:
        return parse_stamp(stamp)
    except ValueError:
        return None


def _without_attributes(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_attributes(inner) for name, inner in value.items() if name != "attributes"}
