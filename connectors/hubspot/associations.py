"""The one associated record that a field `associations.<type>` or `associations.<type>:<label>` stands for.

Without a label that is the primary one, or the first where a pair has no primary; with one, the first that people see
under that label. Labels are made by an administrator: their type ids differ from account to account. The label `also`
is none of theirs: it is written only, and adds a plain association to those that are there.
https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.hubspot.api import Answer, Api
from connectors.hubspot.cached import Cached
from connectors.hubspot.errors import row_error
from hub.sdk.clock import Clock
from hub.sdk.errors import OutcomeUnknown, RecordRejected, RemoteError

PREFIX = "associations."
ALSO = "also"
# What was done or is to do concerns several records: associations of these are added, never replaced.
_ACTIVITIES = ("notes", "tasks")

# Type id of the primary association; other pairs have none, there the first association counts.
PRIMARY = {("contacts", "companies"): 1, ("deals", "companies"): 5}
_HUBSPOT_DEFINED = "HUBSPOT_DEFINED"
_USER_DEFINED = "USER_DEFINED"
# Sizes that sources disagree on; a batch that is refused is halved down to the size that all agree on.
_READ_BATCH = 1000
_WRITE_BATCH = 1000
_SURE_BATCH = 100

Json = dict[str, Any]


def associated_types(fields: Iterable[str]) -> list[str]:
    """The targets, a type or a type with a label, that `fields` asks associations of."""
    return [name.removeprefix(PREFIX) for name in fields if name.startswith(PREFIX)]


def associated(fields: Mapping[str, Any]) -> dict[str, str | None]:
    """Associated ids by target: nested under `associations`, or as dotted fields."""
    nested = fields.get("associations")
    found = dict(nested) if isinstance(nested, Mapping) else {}
    found |= {name.removeprefix(PREFIX): value for name, value in fields.items() if name.startswith(PREFIX)}
    return {target: str(to_id) if to_id else None for target, to_id in found.items()}


class Associations:
    """Associations of one account."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._labels: dict[tuple[str, str], Cached[dict[str, int]]] = {}

    async def read(
        self, from_type: str, targets: Sequence[str], ids: Sequence[str]
    ) -> dict[str, dict[str, str | None]]:
        """Per target and id: the associated record's id, None where there is none."""
        types = dict.fromkeys(target.partition(":")[0] for target in targets)
        rows = {to_type: await self._rows(from_type, to_type, ids) for to_type in types}
        return {
            target: {one: _chosen(from_type, target, rows[target.partition(":")[0]].get(one, [])) for one in ids}
            for target in targets
        }

    async def put(
        self, from_type: str, target: str, wanted: Mapping[str, str | None], *, fresh: frozenset[str] = frozenset()
    ) -> dict[str, RemoteError]:
        """Make each record's association the wanted one; the errors by id. `fresh` are records without any so far.

        Repeating it is harmless. Other associations of a record, and other labels that people gave, stay. Raises
        RecordRejected for a label that the account does not have.
        """
        to_type, _, label = target.partition(":")
        if label == ALSO or (from_type in _ACTIVITIES and not label):
            return await self._add(from_type, to_type, wanted, fresh=fresh)
        own = await self._label(from_type, to_type, label) if label else None
        rows = await self._rows(from_type, to_type, [record_id for record_id in wanted if record_id not in fresh])
        current = {record_id: _chosen(from_type, target, rows.get(record_id, [])) for record_id in wanted}
        changed = {record_id: to_id for record_id, to_id in wanted.items() if current[record_id] != to_id}
        types = _types(PRIMARY.get((from_type, to_type))) if own is None else [own]
        errors = await self._create(from_type, to_type, {id: to_id for id, to_id in changed.items() if to_id}, types)
        stale = {id: str(current[id]) for id in changed if current[id] is not None and id not in errors}
        await self._remove(from_type, to_type, stale, rows, own)
        return errors

    async def _add(
        self, from_type: str, to_type: str, wanted: Mapping[str, str | None], *, fresh: frozenset[str]
    ) -> dict[str, RemoteError]:
        """One more association for each record that lacks it; none is taken away."""
        rows = await self._rows(from_type, to_type, [record_id for record_id in wanted if record_id not in fresh])
        there = {record_id: {str(row["toObjectId"]) for row in found} for record_id, found in rows.items()}
        lacking = {one: to_id for one, to_id in wanted.items() if to_id and to_id not in there.get(one, ())}
        return await self._create(from_type, to_type, lacking, ())

    async def _label(self, from_type: str, to_type: str, label: str) -> Json:
        """The association type that people see as `label`."""
        pair = (from_type, to_type)
        known = self._labels.setdefault(pair, Cached(lambda: self._read_labels(*pair), self._clock))
        type_id = (await known.get()).get(_plain(label)) or (await known.look_again()).get(_plain(label))
        if type_id is None:
            message = (
                f"HubSpot has no association label {label!r} between {from_type} and {to_type}: make it under"
                f" Settings > Objects > {from_type.capitalize()} > Associations."
            )
            raise RecordRejected(message, fields=(f"{PREFIX}{to_type}:{label}",), code="unknown_label")
        return {"associationCategory": _USER_DEFINED, "associationTypeId": type_id}

    async def _read_labels(self, from_type: str, to_type: str) -> dict[str, int]:
        body = (await self._api.get(f"{self._api.paths.labels}/{from_type}/{to_type}/labels")).body
        return {
            _plain(str(row["label"])): int(row["typeId"])
            for row in body["results"]
            if row.get("label") and row.get("category") == _USER_DEFINED
        }

    async def _rows(self, from_type: str, to_type: str, ids: Sequence[str]) -> dict[str, list[Json]]:
        path = f"{self._api.paths.associations}/{from_type}/{to_type}/batch/read"
        inputs: list[Json] = [{"id": record_id} for record_id in ids]
        answers = await _in_batches(inputs, _READ_BATCH, lambda batch: self._api.read(path, {"inputs": batch}))
        # Records without any association come back as errors of a 207, or not at all.
        return {str(row["from"]["id"]): row.get("to") or [] for answer in answers for row in answer.body["results"]}

    async def _create(
        self, from_type: str, to_type: str, wanted: Mapping[str, str], types: Sequence[Json]
    ) -> dict[str, RemoteError]:
        path = f"{self._api.paths.associations}/{from_type}/{to_type}/batch"
        inputs: list[Json] = [{"from": {"id": id}, "to": {"id": to_id}} for id, to_id in wanted.items()]
        if types:
            inputs = [{**one, "types": types} for one in inputs]
        path += "/create" if types else "/associate/default"
        answers = await _in_batches(inputs, _WRITE_BATCH, lambda batch: self._api.write(path, {"inputs": batch}))
        return _missing(answers, wanted)

    async def _remove(
        self,
        from_type: str,
        to_type: str,
        stale: Mapping[str, str],
        rows: Mapping[str, list[Json]],
        own: Json | None,
    ) -> None:
        path = f"{self._api.paths.associations}/{from_type}/{to_type}/batch/labels/archive"
        inputs = [
            {"from": {"id": id}, "to": {"id": to_id}, "types": _own_types(rows[id], to_id, own)}
            for id, to_id in stale.items()
        ]
        await _in_batches(inputs, _WRITE_BATCH, lambda batch: self._api.write(path, {"inputs": batch}))


def _chosen(from_type: str, target: str, rows: Sequence[Json]) -> str | None:
    to_type, _, label = target.partition(":")
    primary = PRIMARY.get((from_type, to_type))
    for row in rows:
        types = row.get("associationTypes") or []
        if label:
            found = any(_plain(str(one.get("label") or "")) == _plain(label) and _by_users(one) for one in types)
        else:
            found = primary is None or any(one.get("typeId") == primary and not _by_users(one) for one in types)
        if found:
            return str(row["toObjectId"])
    return None


def _by_users(one: Json) -> bool:
    return bool(one.get("category") == _USER_DEFINED)


def _plain(label: str) -> str:
    return " ".join(label.replace("_", " ").casefold().split())


def _types(type_id: int | None) -> list[Json]:
    return [] if type_id is None else [{"associationCategory": _HUBSPOT_DEFINED, "associationTypeId": type_id}]


def _own_types(rows: Sequence[Json], to_id: str, own: Json | None) -> list[Json]:
    """What ends an association: its label `own`, and HubSpot's own ones with it unless people gave it another label."""
    types = [one for row in rows if str(row["toObjectId"]) == to_id for one in row.get("associationTypes") or []]
    theirs = [one for one in types if _by_users(one) and (own is None or one["typeId"] != own["associationTypeId"])]
    is_primary = any(one["typeId"] in PRIMARY.values() and not _by_users(one) for one in types)
    if own is not None and (theirs or is_primary):
        return [own]
    hubspots = [
        {"associationCategory": one["category"], "associationTypeId": one["typeId"]}
        for one in types
        if not _by_users(one)
    ]
    return hubspots if own is None else [own, *hubspots]


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
