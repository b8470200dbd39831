"""Reading by id and by key: strongly consistent, and with a verdict on every id asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from connectors.hubspot.api import SEARCH_POOL, Api
from connectors.hubspot.records import archive_deletion, asked_properties, merged_ids, to_record
from connectors.hubspot.words import Words
from hub.sdk.errors import RecordGone
from hub.sdk.records import Deletion, ReadResult, RemoteRecord

BATCH = 100

Json = dict[str, Any]


class Lookup:
    """Reads of known records of one account. `searched`: objects whose key property is not unique there."""

    def __init__(self, *, api: Api, words: Words, searched: frozenset[str] = frozenset()) -> None:
        self._api = api
        self._words = words
        self._searched = searched

    async def by_id(self, object_name: str, ids: Sequence[str], fields: tuple[str, ...]) -> ReadResult:
        wanted = list(dict.fromkeys(ids))
        rows = await self._batches(object_name, wanted, fields)
        answered = _by_requested_id(rows, wanted)
        missing = [record_id for record_id in wanted if record_id not in answered]
        archived = await self._batches(object_name, missing, fields, archived=True)
        deletions = {one: _archived(row, one) for one, row in _by_requested_id(archived, missing).items()}
        for record_id in missing:
            if record_id not in deletions:
                found = await self._single(object_name, record_id, fields)
                if found is None:
                    deletions[record_id] = Deletion(record_id, "purged", source="probe")
                else:
                    answered[record_id] = found
        records = [_record(object_name, answered[one], fields, one) for one in wanted if one in answered]
        found_records = await self._words.completed(object_name, records, fields)
        return ReadResult(found_records, [deletions[one] for one in wanted if one not in answered])

    async def by_key(
        self, object_name: str, key_field: str, values: Sequence[str], fields: tuple[str, ...]
    ) -> Sequence[RemoteRecord]:
        wanted = list(dict.fromkeys(values))
        if object_name in self._searched:
            rows = await self._search(object_name, key_field, wanted, fields)
        else:
            rows = await self._batches(object_name, wanted, fields, id_property=key_field)
        asked = list(dict.fromkeys([*fields, key_field]))
        records = [to_record(object_name, row, asked) for row in rows]
        return await self._words.completed(object_name, records, fields)

    async def _search(
        self, object_name: str, key_field: str, values: Sequence[str], fields: Sequence[str]
    ) -> list[Json]:
        """By the index, which takes moments to know a new record."""
        rows: list[Json] = []
        for start in range(0, len(values), BATCH):
            some = [value.lower() for value in values[start : start + BATCH]]
            body: Json = {
                "filterGroups": [{"filters": [{"propertyName": key_field, "operator": "IN", "values": some}]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": asked_properties(object_name, [*fields, key_field]),
                "limit": 2 * BATCH,
            }
            path = f"{self._api.paths.objects}/{object_name}/search"
            rows += (await self._api.read(path, body, pool=SEARCH_POOL)).body["results"]
        return rows

    async def _batches(
        self,
        object_name: str,
        ids: Sequence[str],
        fields: Sequence[str],
        *,
        id_property: str | None = None,
        archived: bool = False,
    ) -> list[Json]:
        """The rows found; ids that are not are told in the errors of a 207, and shown by their absence."""
        rows: list[Json] = []
        asked = asked_properties(object_name, [*fields, *([id_property] if id_property else [])])
        for start in range(0, len(ids), BATCH):
            body: Json = {"inputs": [{"id": one} for one in ids[start : start + BATCH]], "properties": asked}
            if id_property:
                body["idProperty"] = id_property
            params = {"archived": "true" if archived else "false"}
            path = f"{self._api.paths.objects}/{object_name}/batch/read"
            answer = await self._api.read(path, body, params=params)
            rows += answer.body["results"]
        return rows

    async def _single(self, object_name: str, record_id: str, fields: Sequence[str]) -> Json | None:
        """The record that HubSpot answers an old id with, when the batch did not say so."""
        params = {"properties": ",".join(asked_properties(object_name, fields))}
        try:
            answer = await self._api.get(f"{self._api.paths.objects}/{object_name}/{record_id}", params)
        except RecordGone:
            return None
        return answer.body


def _by_requested_id(rows: Sequence[Json], wanted: Sequence[str]) -> dict[str, Json]:
    """Each row under its own id and under the ids of the records that were merged into it, as far as asked for."""
    asked = set(wanted)
    found = {old: row for row in rows for old in merged_ids(row) if old in asked}
    return found | {str(row["id"]): row for row in rows if str(row["id"]) in asked}


def _archived(row: Json, requested: str) -> Deletion:
    """An archived record; one merged into a record that was archived then is still merged first."""
    if str(row["id"]) == requested:
        return archive_deletion(row, probed=True)
    return Deletion(requested, "merged", merged_into=str(row["id"]), source="probe")


def _record(object_name: str, row: Json, fields: Sequence[str], requested: str) -> RemoteRecord:
    record = to_record(object_name, row, fields)
    if record.id == requested:
        return record
    return replace(record, requested_id=requested)
