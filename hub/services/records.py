"""Records at the doors: listed, read, created and changed by people and programs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import psycopg

from hub.db import changes, record_lists, records
from hub.db.changes import Change, Origin
from hub.db.record_lists import ListedRecord
from hub.db.records import StoredRecord
from hub.db.session import Tx
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType
from hub.record.registry import UnknownRecordType
from hub.record.values import Value, Values, encode_values
from hub.sdk.http import encode_json
from hub.services.matching import new_ids
from hub.services.refusals import Duplicate, Fault, Gone, Invalid, NotFound, NotNow, Stale, invalid
from hub.services.search_keys import Version, store_search_keys

RULE = "api"


def type_called(types: Mapping[str, RecordType], name: str) -> RecordType:
    """Raises NotFound, which lists the names there are."""
    if name not in types:
        raise NotFound(str(UnknownRecordType(name)))
    return types[name]


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One row of a record's history: what changed, and who or what did it by which rules."""

    id: int
    version: int
    op: str
    at: datetime
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    rules: dict[str, str] | None
    connection: str | None
    system: str | None
    remote_id: str | None
    run_id: int | None
    actor: str | None


async def list_records(
    tx: Tx,
    record_type: RecordType,
    *,
    equal: Mapping[str, Value],
    updated_since: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[ListedRecord]:
    """Living records, the longest unchanged first. `equal` takes fields of natural keys and links."""
    allowed = filters_of(record_type)
    if unknown := [name for name in equal if name not in allowed]:
        raise Invalid([Fault(name, f"cannot be filtered by; there are: {', '.join(allowed)}") for name in unknown])
    return await record_lists.page(tx, record_type, equal=equal, updated_since=updated_since, after=after, limit=limit)


def filters_of(record_type: RecordType) -> tuple[str, ...]:
    """Fields by which records can be found quickly: those of natural keys, and links."""
    keys = [name for key in record_type.all_natural_keys for name in key]
    return tuple(dict.fromkeys([*keys, *record_type.links]))


async def get_record(tx: Tx, record_type: RecordType, *, record_id: UUID) -> ListedRecord:
    """Raises NotFound, and Gone for a record that was deleted or merged."""
    found = await record_lists.by_ids(tx, record_type, [record_id])
    if record_id not in found:
        _refuse(record_type, record_id, await records.load(tx, record_type, [record_id]))
    return found[record_id]


async def create_record(
    tx: Tx, record_type: RecordType, *, values: Values, actor: str, allow_duplicate: bool = False
) -> ListedRecord:
    """Store a new record, with its change.

    Raises Duplicate when a living record has one of the natural keys (unless allowed), Invalid for a link that leads
    nowhere or a period that overlaps another one.
    """
    await records.lock_matching(tx, record_type)
    if not allow_duplicate:
        await refuse_duplicate(tx, record_type, values)
    record_id = await store_new(tx, record_type, values=values, actor=actor)
    return await get_record(tx, record_type, record_id=record_id)


async def store_new(tx: Tx, record_type: RecordType, *, values: Values, actor: str) -> UUID:
    """Store a record of which the caller made sure that it is new, with its change. Raises Invalid."""
    await refuse_dead_links(tx, record_type, values)
    record_id = next(new_ids(1))
    given = {name: value for name, value in values.items() if value is not None}
    with store_faults(record_type):
        await records.insert(tx, record_type, [(record_id, given)])
    await _note(tx, actor, creation(record_type, record_id, given))
    await store_search_keys(tx, record_type, [Version(record_id, 1, given)])
    return record_id


async def patch_record(
    tx: Tx, record_type: RecordType, *, record_id: UUID, values: Values, version: int | None, actor: str
) -> ListedRecord:
    """Write the fields that are in `values` and differ; None clears. Nothing is stored when nothing differs.

    `version`: refuse with Stale when the record has moved on. Raises NotFound, Gone, Stale, Invalid.
    """
    stored = await found_here(tx, record_type, record_id)
    refuse_other_version(stored, version)
    changed = {name: value for name, value in values.items() if value != stored.values[name]}
    if changed:
        await refuse_dead_links(tx, record_type, changed)
        merged = {**stored.values, **changed}
        with store_faults(record_type):
            await records.update(tx, record_type, [(record_id, merged)])
        await _note(tx, actor, alteration(record_type, stored, changed))
        await store_search_keys(tx, record_type, [Version(record_id, stored.version + 1, merged)])
    return await get_record(tx, record_type, record_id=record_id)


async def record_history(tx: Tx, record_type: RecordType, *, record_id: UUID, limit: int) -> list[ChangeView]:
    """Newest first; also of records that were deleted or merged."""
    if record_id not in await records.load(tx, record_type, [record_id]):
        raise NotFound(f"There is no {record_type.name} {record_id}.")
    return [ChangeView(**row) for row in await changes.history(tx, record_id=record_id, limit=limit)]  # type: ignore[arg-type]


async def found_here(tx: Tx, record_type: RecordType, record_id: UUID, *, deleted: bool = False) -> StoredRecord:
    """A living (or a deleted) record, held until the transaction ends. Raises NotFound, Gone, NotNow."""
    found = await records.load(tx, record_type, [record_id], lock=True)
    stored = found.get(record_id)
    if stored is None or stored.merged_into is not None or (stored.deleted and not deleted):
        _refuse(record_type, record_id, found)
    if deleted and not stored.deleted:
        raise NotNow(f"This {record_type.name} is not deleted.")
    return stored


def refuse_other_version(stored: StoredRecord, version: int | None) -> None:
    """Raises Stale when the caller saw another version than the one that is stored; None takes any."""
    if version is not None and version != stored.version:
        raise Stale(f"The record is at version {stored.version} now, not {version}: read it again, then change it.")


def _refuse(record_type: RecordType, record_id: UUID, found: Mapping[UUID, StoredRecord]) -> NoReturn:
    stored = found.get(record_id)
    if stored is None:
        raise NotFound(f"There is no {record_type.name} {record_id}.")
    if stored.merged_into:
        detail = f"This {record_type.name} was merged: ask for {stored.merged_into} instead."
        raise Gone(detail, merged_into=str(stored.merged_into))
    raise Gone(f"This {record_type.name} was deleted.")


async def refuse_duplicate(tx: Tx, record_type: RecordType, values: Values) -> None:
    """Raises Duplicate when a living record has one of the natural keys of these values."""
    if record_type.effective_dated:
        return  # one key has one row a period: the database refuses overlaps
    for names in record_type.all_natural_keys:
        key = tuple(values.get(name) for name in names)
        if any(part is None for part in key):
            continue
        found = await records.find_by_key(tx, record_type, names, [key])
        if existing := found.get(key):
            raise duplicate(record_type, names, existing)


def duplicate(record_type: RecordType, names: Sequence[str], existing: Collection[UUID]) -> Duplicate:
    """The refusal of a record that has the natural key of others."""
    return Duplicate(
        f"There is a {record_type.name} with the same {' and '.join(names)} already: change that one, or"
        " create this one with allow_duplicate=true if they really are two.",
        existing=[str(record_id) for record_id in existing],
    )


async def refuse_dead_links(tx: Tx, record_type: RecordType, values: Values) -> None:
    """Raises Invalid for links that lead to no living record."""
    if faults := (await dead_links(tx, [(record_type, values)]))[0]:
        raise Invalid(faults)


async def dead_links(tx: Tx, rows: Sequence[tuple[RecordType, Values]]) -> list[list[Fault]]:
    """For each row its links that lead to no living record; one query for each type that is pointed to."""
    linked: dict[str, set[UUID]] = {}
    for record_type, values in rows:
        for name, target in record_type.links.items():
            if isinstance(link := values.get(name), UUID):
                linked.setdefault(target, set()).add(link)
    alive = {target: await records.living(tx, RECORD_TYPES[target], list(ids)) for target, ids in linked.items()}
    return [
        [
            Fault(name, f"there is no {target} {link}")
            for name, target in record_type.links.items()
            if isinstance(link := values.get(name), UUID) and link not in alive[target]
        ]
        for record_type, values in rows
    ]


def creation(record_type: RecordType, record_id: UUID, values: Values, *, rule: str = RULE) -> Change:
    """The change that a new record is."""
    rules = encode_json({"*": rule})
    return Change(record_id, record_type.name, 1, "create", None, encode_values(values), rules)


def alteration(record_type: RecordType, stored: StoredRecord, changed: Values) -> Change:
    """The change of some fields of a stored record."""
    old = encode_values({name: stored.values[name] for name in changed})
    rules = encode_json(dict.fromkeys(changed, RULE))
    return Change(stored.id, record_type.name, stored.version + 1, "update", old, encode_values(changed), rules)


async def _note(tx: Tx, actor: str, change: Change) -> None:
    await changes.append(tx, origin=Origin(actor=actor), changes=[change])


@contextmanager
def store_faults(record_type: RecordType) -> Iterator[None]:
    """Turn what the database refuses into faults that name the field; rows of other types may be stored beside."""
    try:
        yield
    except psycopg.errors.ForeignKeyViolation as exc:
        record_type = _refused_type(exc, record_type)
        constraint = exc.diag.constraint_name or ""
        name = next((link for link in record_type.links if constraint.endswith(f"_{link}")), constraint)
        raise invalid(name, "leads to a record that is not there") from exc
    except psycopg.errors.UniqueViolation as exc:
        record_type = _refused_type(exc, record_type)
        raise Duplicate(f"There is a {record_type.name} of this key with the same or an open period.") from exc
    except psycopg.errors.CheckViolation as exc:
        raise invalid("", f"The record would break the rule {exc.diag.constraint_name}.") from exc


def _refused_type(exc: psycopg.errors.IntegrityError, record_type: RecordType) -> RecordType:
    """The one whose table refused; of a type with several tables the type itself."""
    table = exc.diag.table_name or ""
    own = any(parent.name == table for parent in record_type.lineage)
    return record_type if own else RECORD_TYPES.get(table, record_type)


__all__ = [
    "RULE",
    "ChangeView",
    "ListedRecord",
    "create_record",
    "filters_of",
    "found_here",
    "get_record",
    "list_records",
    "patch_record",
    "record_history",
    "refuse_duplicate",
    "refuse_other_version",
    "store_faults",
    "store_new",
    "type_called",
]
