"""Writes: collections of 200 rows, conditional sub-requests where a row has a precondition, bulk jobs for many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.salesforce.bulk import BulkWriter, JobRefused
from connectors.salesforce.conditional import CONDITIONAL_ROWS, write_conditionally
from connectors.salesforce.errors import first_error, from_error
from connectors.salesforce.fields import nested
from connectors.salesforce.ids import canonical_id
from connectors.salesforce.initial import spared
from connectors.salesforce.lookup import fates_of
from connectors.salesforce.owners import Owners
from connectors.salesforce.partnering import Partners, has_partner, without_partner
from connectors.salesforce.rest import Rest
from hub.sdk.errors import OutcomeUnknown, RecordGone, RecordRejected, RemoteError
from hub.sdk.records import WriteOp, WriteOutcome, Written

ROWS = 200
BULK_ABOVE = 2000


class Writer:
    """Writes of one connection."""

    def __init__(self, rest: Rest, *, owners: Owners, partners: Partners) -> None:
        self._rest = rest
        self._bulk = BulkWriter(rest)
        self._owners = owners
        self._partners = partners

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        """One outcome per op, in order. An error of the first request is raised; later ones become outcomes."""
        ops = await self._owners.resolved(object_name, await spared(self._rest, object_name, ops))
        if object_name != "Opportunity" or not has_partner(ops):
            return await self._write(object_name, ops)
        own = [without_partner(op) for op in ops]
        if ops[0].kind == "update":  # a row of which only the partner changed is not written itself
            changed = [op for op in own if op.fields]
            written = iter(await self._write(object_name, changed))
            outcomes = [next(written) if op.fields else Written(_remote_id(op)) for op in own]
        else:
            outcomes = await self._write(object_name, own)
        return await self._partners.related(ops, outcomes)

    async def _write(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        if not ops:
            return []
        if any(op.precondition for op in ops):
            outcomes = await self._in_parts(object_name, ops, CONDITIONAL_ROWS, self._conditional)
        elif len(ops) > BULK_ABOVE and self._bulk.takes(ops):
            outcomes = await self._in_bulk(object_name, ops)
        else:
            outcomes = await self._in_parts(object_name, ops, ROWS, self._collection)
        return await self._with_survivors(object_name, ops, outcomes)

    async def _in_parts(
        self,
        object_name: str,
        ops: Sequence[WriteOp],
        size: int,
        send: Callable[[str, Sequence[WriteOp]], Any],
    ) -> list[WriteOutcome]:
        outcomes: list[WriteOutcome] = []
        for start in range(0, len(ops), size):
            part = ops[start : start + size]
            try:
                outcomes += await send(object_name, part)
            except RemoteError as error:
                if not outcomes:
                    raise
                # What was done before stays told; the rest of the batch shares this error.
                outcomes += [error] * len(part)
        return outcomes

    async def _in_bulk(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        try:
            return await self._bulk.write(object_name, ops)
        except JobRefused:
            # One row's unknown field refuses a whole job; in collections only that row is refused.
            return await self._in_parts(object_name, ops, ROWS, self._collection)

    async def _conditional(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        return await write_conditionally(self._rest, object_name, ops)

    async def _collection(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        kind = ops[0].kind
        if kind == "create":
            return await self._create(object_name, ops)
        if kind == "delete":
            ids = ",".join(_remote_id(op) for op in ops)
            reply = await self._rest.delete("/composite/sobjects", params={"ids": ids, "allOrNone": "false"})
            return _outcomes(ops, reply.body)
        rows = [_row(object_name, op.fields) | {"id": _remote_id(op)} for op in ops]
        reply = await self._rest.patch("/composite/sobjects", {"allOrNone": False, "records": rows})
        return _outcomes(ops, reply.body)

    async def _create(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        key = ops[0].key
        if key is None:
            rows = [_row(object_name, op.fields) for op in ops]
            reply = await self._rest.post("/composite/sobjects", {"allOrNone": False, "records": rows})
            return _outcomes(ops, reply.body)
        field = key[0]
        rows = [_row(object_name, op.fields) | {field: _key_value(op, field)} for op in ops]
        path = f"/composite/sobjects/{object_name}/{field}"
        reply = await self._rest.patch(path, {"allOrNone": False, "records": rows})
        return _outcomes(ops, reply.body)

    async def _with_survivors(
        self, object_name: str, ops: Sequence[WriteOp], outcomes: list[WriteOutcome]
    ) -> list[WriteOutcome]:
        """Deleted records that were merged are told with their survivor: one query for all of them."""
        gone = {
            canonical_id(op.remote_id): place
            for place, (op, outcome) in enumerate(zip(ops, outcomes, strict=True))
            if op.remote_id and isinstance(outcome, RecordGone) and op.kind == "update"
        }
        if not gone:
            return outcomes
        try:
            fates = await fates_of(self._rest, object_name, list(gone))
        except RemoteError:
            # The writes are done and told; who survived can be asked when the loser is read again.
            return outcomes
        for record_id, fate in fates.items():
            if fate.merged_into:
                outcomes[gone[record_id]] = RecordGone(
                    f"The Salesforce record was merged into {fate.merged_into}.",
                    merged_into=fate.merged_into,
                    code="ENTITY_IS_DELETED",
                )
        return outcomes


def outcome_of(result: Mapping[str, Any]) -> WriteOutcome:
    """One SaveResult. A call answers 200 even when every row failed."""
    if result.get("success") is True:
        return Written(remote_id=canonical_id(str(result["id"])), created=result.get("created") is True)
    return from_error(first_error(result.get("errors")), status=None, row=True)


def _outcomes(ops: Sequence[WriteOp], body: Any) -> list[WriteOutcome]:
    if not isinstance(body, list) or len(body) != len(ops) or not all(isinstance(row, dict) for row in body):
        raise OutcomeUnknown("Salesforce's answer does not hold one result per row.")
    created = ops[0].kind == "create" and ops[0].key is None
    outcomes = [outcome_of(result) for result in body]
    if not created:
        return outcomes
    return [Written(done.remote_id, created=True) if isinstance(done, Written) else done for done in outcomes]


def _row(object_name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"attributes": {"type": object_name}} | nested(fields)


def _key_value(op: WriteOp, field: str) -> str:
    if op.key is None or op.key[0] != field:
        raise RecordRejected(f"All creates of a batch must carry the key field {field}.")
    return op.key[1]


def _remote_id(op: WriteOp) -> str:
    if not op.remote_id:
        raise RecordRejected(f"A write of kind {op.kind} needs the Salesforce id.")
    return op.remote_id
