"""Reading records by id or by unique value, and telling what became of those that are gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from connectors.salesforce.ids import canonical_id
from connectors.salesforce.rest import Rest
from connectors.salesforce.rows import Row, deletion, record_maker, told_apart
from connectors.salesforce.soql import AUTHOR_NAME, by_values, can_be_deleted, columns, in_lists
from hub.sdk.errors import Unavailable
from hub.sdk.records import Deletion, ReadResult, RemoteRecord

RETRIEVE_IDS = 2000


async def read_many(rest: Rest, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
    """Each id in one of the two lists; merged records are told from deleted ones, and those from purged ones."""
    asked = {canonical_id(record_id): record_id for record_id in ids}
    rows = await _rows(rest, object_name, list(asked), fields)
    make = record_maker(fields)
    living, ended = told_apart(rows, make)
    seen = {record.id for record in living} | {end.id for end in ended}
    missing = [record_id for record_id in asked if record_id not in seen]
    fates = {end.id: replace(end, source="probe") for end in ended} | await fates_of(rest, object_name, missing)
    return ReadResult(
        records=[_named_as_asked(record, asked) for record in living],
        deletions=[replace(fate, id=asked[known]) for known, fate in fates.items()],
    )


async def fates_of(rest: Rest, object_name: str, ids: Sequence[str]) -> dict[str, Deletion]:
    """What became of records that cannot be read: merged, deleted, or gone without a trace."""
    fates = {record_id: Deletion(id=record_id, kind="purged", source="probe") for record_id in ids}
    if not can_be_deleted(object_name):
        return fates
    selected = columns(object_name, (), deletions=True)
    for part in in_lists(ids):
        for row in await query_all(rest, "/queryAll", by_values(object_name, selected, "Id", part)):
            fates[str(row["Id"])] = replace(deletion(row), source="probe")
    return fates


async def find_by_key(
    rest: Rest, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
) -> list[RemoteRecord]:
    """Live records whose `key_field` is one of `values`; several of one value are all given."""
    make = record_maker((*fields, key_field))
    selected = columns(object_name, (*fields, key_field), deletions=False)
    found: list[RemoteRecord] = []
    for part in in_lists(values):
        rows = await query_all(rest, "/query", by_values(object_name, selected, key_field, part))
        found += [make(row) for row in rows]
    return found


async def _rows(rest: Rest, object_name: str, ids: Sequence[str], fields: Sequence[str]) -> list[Row]:
    """Rows by id: in one query where it takes them all.

    The collections resource takes longer lists, but no parents' fields: of the author it gives the id alone.
    """
    selected = columns(object_name, fields, deletions=False)
    own = [column for column in selected if column != AUTHOR_NAME or column in fields]
    parts = list(in_lists(ids))
    if len(parts) == 1 or any("." in column for column in own):
        statements = [by_values(object_name, selected, "Id", part) for part in parts]
        return [row for statement in statements for row in await query_all(rest, "/query", statement)]
    rows: list[Row] = []
    for part in _parts(ids):
        body = {"ids": part, "fields": own}
        reply = await rest.post(f"/composite/sobjects/{object_name}", body, writing=False)
        rows += [row for row in _list(reply.body) if isinstance(row, dict)]
    return rows


async def query_all(rest: Rest, path: str, statement: str) -> list[Row]:
    """All rows of a statement that has few."""
    rows: list[Row] = []
    reply = await rest.get(path, params={"q": statement})
    while True:
        rows += reply.rows()
        following = reply.body.get("nextRecordsUrl")
        if not following:
            return rows
        reply = await rest.get(str(following))


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), RETRIEVE_IDS):
        yield list(ids[start : start + RETRIEVE_IDS])


def _list(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise Unavailable("Salesforce's answer holds no rows.")
    return body


def _named_as_asked(record: RemoteRecord, asked: dict[str, str]) -> RemoteRecord:
    requested = asked.get(record.id, record.id)
    return record if requested == record.id else replace(record, requested_id=requested)
