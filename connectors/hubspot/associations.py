"""The one associated record that a field `associations.<type>` stands for: reading it and putting it in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.hubspot.api import Answer, Api
from connectors.hubspot.errors import row_error
from hub.sdk.errors import OutcomeUnknown, RecordRejected, RemoteError

PREFIX = "associations."

# Type id of the primary association; other pairs have none, there the first association counts.
PRIMARY = {("contacts", "companies"): 1, ("deals", "companies"): 5}
_HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
# Sizes that sources disagree on; a batch that is refused is halved down to the size that all agree on.
_READ_BATCH = 1000
_WRITE_BATCH = 1000
_SURE_BATCH = 100

Json = dict[str, Any]


def associated_types(fields: Iterable[str]) -> list[str]:
    """The types that `fields` asks associations of."""
    return [name.removeprefix(PREFIX) for name in fields if name.startswith(PREFIX)]


class Associations:
    """Associations of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def read(self, from_type: str, to_type: str, ids: Sequence[str]) -> dict[str, str | None]:
        """Per id: the associated record's id, None where there is none."""
        rows = await self._rows(from_type, to_type, ids)
        return {record_id: self._chosen(from_type, to_type, rows.get(record_id, [])) for record_id in ids}

    async def put(
        self, from_type: str, to_type: str, wanted: Mapping[str, str | None], *, fresh: frozenset[str] = frozenset()
    ) -> dict[str, RemoteError]:
        """Make each record's association the wanted one; the errors by id. `fresh` are records just created.

        Repeating it is harmless. Other associations of a record, and labels that people gave, stay.
        """
        rows = await self._rows(from_type, to_type, [record_id for record_id in wanted if record_id not in fresh])
        current = {record_id: self._chosen(from_type, to_type, rows.get(record_id, [])) for record_id in wanted}
        changed = {record_id: to_id for record_id, to_id in wanted.items() if current[record_id] != to_id}
        errors = await self._create(from_type, to_type, {id: to_id for id, to_id in changed.items() if to_id})
        stale = {id: str(current[id]) for id in changed if current[id] is not None and id not in errors}
        await self._remove(from_type, to_type, stale, rows)
        return errors

    async def _rows(self, from_type: str, to_type: str, ids: Sequence[str]) -> dict[str, list[Json]]:
        path = f"{self._api.paths.associations}/{from_type}/{to_type}/batch/read"
        inputs: list[Json] = [{"id": record_id} for record_id in ids]
        answers = await _in_batches(inputs, _READ_BATCH, lambda batch: self._api.read(path, {"inputs": batch}))
        # Records without any association come back as errors of a 207, or not at all.
        return {str(row["from"]["id"]): row.get("to") or [] for answer in answers for row in answer.body["results"]}

    async def _create(self, from_type: str, to_type: str, wanted: Mapping[str, str]) -> dict[str, RemoteError]:
        path = f"{self._api.paths.associations}/{from_type}/{to_type}/batch"
        primary = PRIMARY.get((from_type, to_type))
        inputs: list[Json] = [{"from": {"id": id}, "to": {"id": to_id}} for id, to_id in wanted.items()]
        if primary is not None:
            types = [{"associationCategory": _HUBSPOT_DEFINED, "associationTypeId": primary}]
            inputs = [{**one, "types": types} for one in inputs]
        path += "/create" if primary is not None else "/associate/default"
        answers = await _in_batches(inputs, _WRITE_BATCH, lambda batch: self._api.write(path, {"inputs": batch}))
        return _missing(answers, wanted)

    async def _remove(
        self, from_type: str, to_type: str, stale: Mapping[str, str], rows: Mapping[str, list[Json]]
    ) -> None:
        path = f"{self._api.paths.associations}/{from_type}/{to_type}/batch/labels/archive"
        inputs = [
            {"from": {"id": id}, "to": {"id": to_id}, "types": _own_types(rows[id], to_id)}
            for id, to_id in stale.items()
        ]
        await _in_batches(inputs, _WRITE_BATCH, lambda batch: self._api.write(path, {"inputs": batch}))

    def _chosen(self, from_type: str, to_type: str, rows: Sequence[Json]) -> str | None:
        primary = PRIMARY.get((from_type, to_type))
        for row in rows:
            if primary is None or any(one.get("typeId") == primary for one in row.get("associationTypes") or []):
                return str(row["toObjectId"])
        return None


def _own_types(rows: Sequence[Json], to_id: str) -> list[Json]:
    """HubSpot's own labels of one association; those that users defined are left to them."""
    return [
        {"associationCategory": _HUBSPOT_DEFINED, "associationTypeId": one["typeId"]}
        for row in rows
        if str(row["toObjectId"]) == to_id
        for one in row.get("associationTypes") or []
        if one.get("category") == _HUBSPOT_DEFINED
    ]


def _missing(answers: Sequence[Answer], wanted: Mapping[str, str]) -> dict[str, RemoteError]:
    """Errors of the records that no row of the answers confirms."""
    confirmed = {_from_id(row) for answer in answers for row in answer.body.get("results") or []}
    said: dict[str, RemoteError] = {}
    for answer in answers:
        for error in answer.body.get("errors") or []:
            for record_id in (error.get("context") or {}).get("fromObjectId") or []:
                said[str(record_id)] = _not_gone(row_error(error))
    unknown = OutcomeUnknown("HubSpot's answer does not say whether the association was set.")
    return {record_id: said.get(record_id, unknown) for record_id in wanted if record_id not in confirmed}


def _from_id(row: Json) -> str:
    return str(row["fromObjectId"] if "fromObjectId" in row else row["from"]["id"])


def _not_gone(error: RemoteError) -> RemoteError:
    """The associated record is gone, not the one that is written."""
    message = f"The association could not be set: {error.message}"
    return RecordRejected(message, code=error.code, status=error.status)


async def _in_batches(
    inputs: Sequence[Json], size: int, send: Callable[[Sequence[Json]], Awaitable[Answer]]
) -> list[Answer]:
    """Send all inputs, `size` at a time; a batch refused as a whole is halved while it is larger than is sure."""
    answers: list[Answer] = []
    for start in range(0, len(inputs), size):
        batch = inputs[start : start + size]
        try:
            answers.append(await send(batch))
        except RecordRejected:
            if len(batch) <= _SURE_BATCH:
                raise
            answers += await _in_batches(batch, max(_SURE_BATCH, len(batch) // 2), send)
    return answers
