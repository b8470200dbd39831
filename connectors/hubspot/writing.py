"""Writing batches: creates are upserts by the hub's key, and every row gets its own outcome.

A 207 is neither success nor failure; rows are told apart by the trace id that each input carries:
https://developers.hubspot.com/docs/api-reference/latest/crm/objects/contacts/batch/upsert-contacts
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.hubspot.api import Answer, Api
from connectors.hubspot.associations import PREFIX, Associations, associated
from connectors.hubspot.errors import row_error
from connectors.hubspot.records import modified_property
from connectors.hubspot.resolving import Resolved, Resolving
from hub.sdk.errors import OutcomeUnknown, RecordRejected, RemoteError
from hub.sdk.records import WriteOp, WriteOutcome, Written

BATCH = 100
_TRACE = "objectWriteTraceId"

Json = dict[str, Any]
_Send = Callable[[Sequence[Json]], Awaitable[Answer]]


class Writing:
    """Writes of one account. `searched`: objects whose key property is not unique there, which rules out upserts."""

    def __init__(
        self, *, api: Api, associations: Associations, resolving: Resolving, searched: frozenset[str] = frozenset()
    ) -> None:
        self._api = api
        self._searched = searched
        self._associations = associations
        self._resolving = resolving

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOutcome]:
        """One outcome per op, in order. A row is Written only when its associations are set as well."""
        outcomes: list[WriteOutcome] = []
        for start in range(0, len(ops), BATCH):
            outcomes += await self._batch(object_name, ops[start : start + BATCH])
        return outcomes

    async def _batch(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        if ops[0].kind == "delete":
            return await self._archive(object_name, ops)
        outcomes: dict[int, WriteOutcome] = {}
        inputs: dict[str, list[Json]] = {"upsert": [], "create": [], "update": []}
        resolved = await self._resolving.resolve(object_name, ops)
        for number, op in enumerate(resolved):
            try:
                endpoint, one = _input(op, upserts=object_name not in self._searched)
            except RecordRejected as rejected:
                outcomes[number] = rejected
                continue
            if endpoint == "update" and not one["properties"]:
                outcomes[number] = Written(one["id"])  # its associations are all that changes
            else:
                inputs[endpoint].append({**one, _TRACE: str(number)})
        for endpoint, rows in inputs.items():
            if rows:
                outcomes |= await self._rows(object_name, endpoint, rows)
        await self._associate(object_name, resolved, outcomes)
        return [outcomes[number] for number in range(len(ops))]

    async def _archive(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        """Archiving says 204 for every id, also for one that is gone already."""
        inputs = [{"id": _remote_id(op)} for op in ops]
        await self._api.write(f"{self._api.paths.objects}/{object_name}/batch/archive", {"inputs": inputs})
        return [Written(_remote_id(op)) for op in ops]

    async def _rows(self, object_name: str, endpoint: str, inputs: Sequence[Json]) -> dict[int, WriteOutcome]:
        path = f"{self._api.paths.objects}/{object_name}/batch/{endpoint}"

        async def send(batch: Sequence[Json]) -> Answer:
            return await self._api.write(path, {"inputs": batch})

        return await _judged(send, inputs, stamp=modified_property(object_name))

    async def _associate(self, object_name: str, ops: Sequence[Resolved], outcomes: dict[int, WriteOutcome]) -> None:
        """Put the associations of the rows that were written; a failure becomes the row's outcome."""
        wanted: dict[str, dict[int, str | None]] = {}
        for number, op in enumerate(ops):
            if isinstance(op, WriteOp) and isinstance(outcomes[number], Written):
                for target, to_id in associated(op.fields).items():
                    wanted.setdefault(target, {})[number] = to_id
        for target, rows in wanted.items():
            written = {n: done for n in rows if isinstance(done := outcomes[n], Written)}
            by_id = {done.remote_id: rows[n] for n, done in written.items()}
            fresh = frozenset(done.remote_id for done in written.values() if done.created)
            try:
                errors = await self._associations.put(object_name, target, by_id, fresh=fresh)
            except RemoteError as exc:
                # The records are written: what failed is told of each row, and repeating the row is harmless.
                errors = dict.fromkeys(by_id, exc)
            outcomes |= {n: errors[done.remote_id] for n, done in written.items() if done.remote_id in errors}


async def _judged(send: _Send, inputs: Sequence[Json], *, stamp: str) -> dict[int, WriteOutcome]:
    """Outcomes by row number. A batch that is refused as a whole wrote nothing: its halves are tried apart."""
    try:
        answer = await send(inputs)
    except RecordRejected as rejected:
        if len(inputs) == 1:
            return {int(inputs[0][_TRACE]): rejected}
        middle = len(inputs) // 2
        first = await _judged(send, inputs[:middle], stamp=stamp)
        return first | await _judged(send, inputs[middle:], stamp=stamp)
    return _read_rows(answer.body, inputs, stamp=stamp)


def _read_rows(body: Json, inputs: Sequence[Json], *, stamp: str) -> dict[int, WriteOutcome]:
    outcomes: dict[int, WriteOutcome] = {}
    results, errors = body.get("results") or [], body.get("errors") or []
    numbers = {str(one["id"]): int(one[_TRACE]) for one in inputs if one.get("id")}
    in_order = not errors and len(results) == len(inputs)
    for place, row in enumerate(results):
        number = _number(row.get(_TRACE), row, numbers)
        if number is None and in_order:
            number = int(inputs[place][_TRACE])
        if number is not None:
            version = (row.get("properties") or {}).get(stamp) or row.get("updatedAt")
            created = bool(row.get("new", "id" not in inputs[0]))
            outcomes[number] = Written(str(row["id"]), created, version)
    unattributed: list[RemoteError] = []
    for error in errors:
        context = error.get("context") or {}
        known = [int(trace) for trace in context.get(_TRACE) or []]
        known += [numbers[str(one)] for one in context.get("ids") or [] if str(one) in numbers and not known]
        outcomes |= dict.fromkeys(known, row_error(error))
        unattributed += [row_error(error)] if not known else []
    unknown = OutcomeUnknown("HubSpot's answer says nothing of this row; it is verified before any second try.")
    rest: RemoteError = unattributed[0] if unattributed else unknown
    return {int(one[_TRACE]): outcomes.get(int(one[_TRACE]), rest) for one in inputs}


def _number(trace: object, row: Json, numbers: Mapping[str, int]) -> int | None:
    return int(trace) if isinstance(trace, str) and trace.isdigit() else numbers.get(str(row.get("id")))


def _input(op: Resolved, *, upserts: bool) -> tuple[str, Json]:
    """The endpoint that takes the op, and its input there. Raises what it was rejected for before."""
    if isinstance(op, RecordRejected):
        raise op
    properties = {name: wire_value(name, value) for name, value in op.fields.items() if not _is_association(name)}
    if op.kind == "update":
        return "update", {"id": _remote_id(op), "properties": properties}
    if op.key is None:
        return "create", {"properties": _without_empty(properties)}
    key_field, key = op.key
    if not upserts:
        return "create", {"properties": _without_empty({**properties, key_field: key})}
    return "upsert", {"idProperty": key_field, "id": key, "properties": {**properties, key_field: key}}


def _without_empty(properties: Json) -> Json:
    return {name: value for name, value in properties.items() if value != ""}


def _remote_id(op: WriteOp) -> str:
    assert op.remote_id is not None, f"an {op.kind} names the remote record"
    return op.remote_id


def wire_value(name: str, value: object) -> str:
    """The text that HubSpot takes for a value; clearing is the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return ";".join(wire_value(name, one) for one in value)
    message = f"HubSpot has no property type for the {type(value).__name__} in {name!r}."
    raise RecordRejected(message, fields=(name,), code="invalid_value")


def _is_association(name: str) -> bool:
    return name == "associations" or name.startswith(PREFIX)
