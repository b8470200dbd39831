"""Mappings at the doors: which there are, whether they hold against the system, and what they make of one record."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.budget import at_priority
from hub.db import field_policies, links, records
from hub.db.connections import StoredConnection
from hub.db.field_policies import FieldPolicy
from hub.db.session import Database, Tx
from hub.mapping.describe import check_mapping
from hub.mapping.errors import MappingError, MappingIssue
from hub.mapping.model import Mapping
from hub.mapping.preview import PreviewRow, preview
from hub.record.definition import RecordType
from hub.record.values import RemoteRef, Value
from hub.sdk.capabilities import Describes, Reads
from hub.sdk.connector import OpenConnector
from hub.sdk.errors import RecordRejected
from hub.services.connections import Workshop, connected, find_connection, mappings_of, open_connection
from hub.services.custom_fields import record_types
from hub.services.objects import ObjectSync, OpenConnection, policy_for
from hub.services.refusals import NotFound, NotNow


@dataclass(frozen=True, slots=True)
class MappingView:
    """One mapping in use. `inbound` and `outbound` are fields of the record by direction.

    `policies` says by field what people decided once and for all, overriding the mapping's own policy.
    """

    connection: str
    object: str
    record_type: str
    file: str
    digest: str
    inbound: tuple[str, ...]
    outbound: tuple[str, ...]
    policies: dict[str, str]


@dataclass(frozen=True, slots=True)
class MappingPreview:
    """One remote record beside the hub's. `record_id` is None while the hub has none for it."""

    connection: str
    object: str
    remote_id: str
    record_type: str
    record_id: UUID | None
    rows: tuple[PreviewRow, ...]


async def list_mappings(shop: Workshop, *, name: str) -> list[MappingView]:
    """Raises ConnectionUnknown, MappingError."""
    stored = await find_connection(shop, name)
    policies = await _policies(shop)
    return [
        MappingView(
            name, m.object, m.record.name, m.file, m.digest, m.inbound, m.outbound, _decided(policies, stored, m)
        )
        for m in mappings_of(shop, stored, await _types(shop)).values()
    ]


async def check_mappings(shop: Workshop, *, name: str, mappings: Sequence[Mapping] | None = None) -> list[MappingIssue]:
    """Every fault of mappings (default: the connection's own): in the files, and against what the system has now.

    Where people decided otherwise than a mapping says (`policies`), a warning tells so.
    Raises ConnectionUnknown and RemoteErrors.
    """
    stored = await find_connection(shop, name)
    try:
        checked = list(mappings_of(shop, stored, await _types(shop)).values()) if mappings is None else mappings
    except MappingError as exc:
        return list(exc.issues)
    overridden = _overridden(await _policies(shop), stored, checked)
    async with connected(shop, stored) as opened:
        if not isinstance(opened, Describes):
            return overridden
        found = [issue for mapping in checked for issue in await _check(opened, opened, mapping)]
    return found + overridden


async def preview_mapping(shop: Workshop, *, name: str, object_name: str, remote_id: str) -> MappingPreview:
    """What the mapping makes of one remote record, and what it would write back; nothing is stored.

    Raises ConnectionUnknown, MappingError, NotFound, NotNow, RemoteErrors.
    """
    async with await open_connection(shop, await find_connection(shop, name)) as connection:
        sync = _object(connection, object_name)
        if not isinstance(connection.connector, Reads):
            raise NotNow(f"The system of {name} cannot be read.")
        with at_priority("interactive"):
            result = await connection.connector.read_many(sync.remote_object, [remote_id], sync.mapping.read_fields)
        if not result.records:
            raise NotFound(f"{name} has no {object_name} {remote_id}.")
        found = result.records[0]
        record_id, current = await _current(shop.db, sync, found.id)
    rows = preview(sync.mapping, found.fields, current)
    return MappingPreview(name, object_name, found.id, sync.record_type.name, record_id, rows)


async def _types(shop: Workshop) -> dict[str, RecordType]:
    async with shop.db.transaction() as tx:
        return await record_types(tx)


async def _policies(shop: Workshop) -> list[FieldPolicy]:
    async with shop.db.transaction() as tx:
        return await field_policies.in_force(tx)


def _decided(policies: Sequence[FieldPolicy], stored: StoredConnection, mapping: Mapping) -> dict[str, str]:
    found = {name: policy_for(policies, stored.id, mapping, name) for name in mapping.inbound}
    return {name: policy.sentence for name, policy in found.items() if policy}


def _overridden(
    policies: Sequence[FieldPolicy], stored: StoredConnection, mappings: Sequence[Mapping]
) -> list[MappingIssue]:
    return [
        MappingIssue(
            mapping.file,
            mapping.rules[name].line,
            name,
            f"its policy {mapping.rules[name].policy.kind} is overridden by {sentence}.",
            level="warning",
        )
        for mapping in mappings
        for name, sentence in _decided(policies, stored, mapping).items()
    ]


async def _check(opened: OpenConnector, describing: Describes, mapping: Mapping) -> Sequence[MappingIssue]:
    try:
        described = await describing.describe(mapping.remote_object)
    except RecordRejected as exc:
        message = f"{exc.message} Correct object: in the mapping, or the rights of the connection's user."
        return [MappingIssue(mapping.file, 1, "object", message)]
    stamps = opened.capabilities.of(mapping.remote_object).record_stamps
    return check_mapping(mapping, describe=described, record_stamps=stamps)


def _object(connection: OpenConnection, object_name: str) -> ObjectSync:
    if object_name not in connection.mappings:
        raise NotFound(f"{connection.name} maps no {object_name}; it maps {', '.join(sorted(connection.mappings))}.")
    return connection.object(object_name)


async def _current(db: Database, sync: ObjectSync, remote_id: str) -> tuple[UUID | None, dict[str, Value]]:
    """The hub's record behind a remote id, its links in the system's own ids."""
    async with db.transaction() as tx:
        found = await links.records_of(
            tx, connection_id=sync.connection.id, objects=[sync.name], remote_ids=[remote_id]
        )
        record_id = found.get(remote_id)
        if record_id is None:
            return None, {}
        stored = (await records.load(tx, sync.record_type, [record_id])).get(record_id)
        if stored is None:
            return None, {}
        return record_id, await _with_remote_links(tx, sync, stored.values)


async def _with_remote_links(tx: Tx, sync: ObjectSync, values: MappingOf[str, Value]) -> dict[str, Value]:
    translated = dict(values)
    for name, target in sync.mapping.links.items():
        linked = values.get(name)
        if isinstance(linked, UUID):
            remote = await links.remote_ids_of(
                tx,
                connection_id=sync.connection.id,
                objects=sync.connection.objects_of(target),
                record_ids=[linked],
            )
            if linked in remote:
                translated[name] = RemoteRef(remote[linked])
            else:
                del translated[name]
    return translated
