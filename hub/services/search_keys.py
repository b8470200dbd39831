"""What records are found by, kept in step with them: blocking keys, and of organisations the names however spelt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from hub.db import changes, log_readers, match_keys, name_index, records
from hub.db.name_index import IndexedName
from hub.db.session import Database, Tx
from hub.domain.matching import (
    Features,
    OrganizationFeatures,
    organization_features,
    person_features,
    spelling_keys,
    spelt,
)
from hub.domain.matching import match_keys as keys_of
from hub.record import RECORD_TYPES
from hub.record.definition import RecordType
from hub.record.identity import ORGANIZATION
from hub.record.values import Values

_FEATURES: Mapping[str, Callable[[Values], Features]] = {
    "organization": organization_features,
    "person": person_features,
}
_ORGANIZATIONS = [name for name, kind in RECORD_TYPES.items() if kind.root is ORGANIZATION]
_CHANGES_A_STEP = 500  # others read the log only up to transactions that still run: these are short
_READER = "name_index"


class Version(NamedTuple):
    """A record's values as of one of its versions."""

    record_id: UUID
    version: int
    values: Values


async def store_search_keys(tx: Tx, record_type: RecordType, rows: Sequence[Version]) -> None:
    """From now on these records are found by these values, and by the keys they had. Other types are not searched."""
    kind = record_type.root.name
    if kind not in _FEATURES:
        return
    found_by = [(row, _FEATURES[kind](row.values)) for row in rows]
    await match_keys.add(
        tx, record_type=kind, rows=[(row.record_id, list(keys_of(features))) for row, features in found_by]
    )
    await name_index.put(
        tx, [_indexed(row, features) for row, features in found_by if isinstance(features, OrganizationFeatures)]
    )


async def index_changes(db: Database) -> int:
    """Index the organisations among the next changes of the log; returns how many changes were read.

    Who writes single records, or needs them for the next match, has indexed them already: those are passed over.
    A first call begins with the first change ever made. One process at a time; the others get 0.
    """
    async with db.transaction() as tx:
        began = await log_readers.take(tx, name=_READER)
        if began is None:
            return 0
        changed, after = await changes.changed_records(
            tx, after=began, record_types=_ORGANIZATIONS, limit=_CHANGES_A_STEP
        )
        if after == began:
            return 0
        await index_records(tx, sorted({record_id for record_id, _ in changed}))
        await log_readers.move(tx, name=_READER, position=after)
    return len(changed) or 1


async def index_records(tx: Tx, ids: Sequence[UUID]) -> None:
    """Index these organisations where they have moved on; one that was deleted or merged away is no longer found."""
    indexed = await name_index.versions(tx, ids)
    current = await records.versions(tx, ORGANIZATION, ids)
    behind = [i for i in ids if indexed.get(i, 0) < current.get(i, 0)]
    stored = await records.load(tx, ORGANIZATION, behind)
    await store_search_keys(tx, ORGANIZATION, [Version(r.id, r.version, r.values) for r in stored.values() if r.alive])
    await name_index.remove(tx, [r.id for r in stored.values() if not r.alive])


def _indexed(row: Version, features: OrganizationFeatures) -> IndexedName:
    names = spelt(features)
    return IndexedName(row.record_id, row.version, [" ".join(words) for words in names], spelling_keys(names))
