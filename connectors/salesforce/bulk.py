"""Bulk API 2.0 ingest: one job for thousands of rows, awaited to its end.

A job is one vendor operation, so its end is awaited here, in bounded steps. Results come in any order: rows are told
apart by key or id. https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/bulk_api_2_0.htm
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.salesforce.errors import from_bulk
from connectors.salesforce.ids import canonical_id
from connectors.salesforce.rest import Rest
from hub.sdk.errors import OutcomeUnknown, RemoteError, Unavailable
from hub.sdk.records import WriteOp, WriteOutcome, Written

NULL = "#N/A"
# Raw bytes of one upload; the platform's limit of 150 MB counts them after base64.
MAX_UPLOAD = 100 * 1024 * 1024
_OPERATIONS = {"create": "upsert", "update": "update", "delete": "delete"}
_FIRST_WAIT, _LONGEST_WAIT, _MAX_WAIT = 0.05, 10.0, 1800.0
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


class JobRefused(Exception):
    """The job cannot be: it is too large, or has a column that the platform does not know. No row was looked at."""


class BulkWriter:
    """Ingest jobs of one connection."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def takes(self, ops: Sequence[WriteOp]) -> bool:
        """Whether every row can be found again in a job's results: by one key field, or by id, each only once."""
        if ops[0].kind == "create":
            fields = {op.key[0] if op.key else None for op in ops}
            if len(fields) != 1 or None in fields:
                return False
        names = {_name(op) for op in ops}
        return len(names) == len(ops) and "" not in names

    async def write(self, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        """One outcome per op. JobRefused, or an error of making and filling the job: nothing was written."""
        body = _to_csv(ops)
        if len(body) > MAX_UPLOAD:
            raise JobRefused(f"{len(body):,} bytes are more than one upload takes.")
        job = await self._create(object_name, ops[0])
        await self._upload(job, body)
        await self._rest.patch(job, {"state": "UploadComplete"})
        shown = await self._ended(job)
        # "InvalidBatch : Field name not found : …": the platform looked at no row.
        if str(shown.get("errorMessage") or "").partition(" : ")[0] == "InvalidBatch":
            raise JobRefused(str(shown["errorMessage"]))
        return await self._outcomes(job, ops)

    async def _create(self, object_name: str, first: WriteOp) -> str:
        request = {
            "object": object_name,
            "operation": _OPERATIONS[first.kind],
            "contentType": "CSV",
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if first.kind == "create" and first.key is not None:
            request["externalIdFieldName"] = first.key[0]
        # A job that was opened and never closed writes nothing, so this may be repeated.
        reply = await self._rest.post("/jobs/ingest", request, writing=False)
        return f"/jobs/ingest/{reply.member('id', str)}"

    async def _upload(self, job: str, body: bytes) -> None:
        try:
            await self._rest.send("PUT", f"{job}/batches", content=body, headers={"Content-Type": "text/csv"})
        except OutcomeUnknown as lost:
            raise Unavailable(
                "The upload of a bulk job broke off; the job was never closed, so it wrote nothing."
            ) from lost

    async def _ended(self, job: str) -> Mapping[str, Any]:
        """The job's resource once it has ended."""
        waited, wait = 0.0, _FIRST_WAIT
        while True:
            shown = await self._shown(job)
            if shown.get("state") in _ENDED:
                return shown
            if waited >= _MAX_WAIT:
                raise OutcomeUnknown(
                    f"Salesforce's bulk job {job.rsplit('/', 1)[-1]} has not ended after half an hour."
                )
            await asyncio.sleep(wait)
            waited, wait = waited + wait, min(wait * 1.6, _LONGEST_WAIT)

    async def _shown(self, job: str) -> Mapping[str, Any]:
        """The job's resource. It is running already: no error of a poll says that nothing was done."""
        try:
            reply = await self._rest.get(job)
        except RemoteError as error:
            raise OutcomeUnknown(f"The state of a running bulk job is not known: {error.message}") from error
        return reply.body if isinstance(reply.body, dict) else {}

    async def _outcomes(self, job: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
        key = ops[0].key[0] if ops[0].kind == "create" and ops[0].key else "Id"
        outcomes: dict[str, WriteOutcome] = {}
        for row in await self._results(job, "successfulResults"):
            outcomes[_folded(row.get(key, ""))] = Written(
                remote_id=canonical_id(row["sf__Id"]), created=row.get("sf__Created") == "true"
            )
        for row in await self._results(job, "failedResults"):
            outcomes[_folded(row.get(key, ""))] = from_bulk(row.get("sf__Error", ""))
        for row in await self._results(job, "unprocessedrecords"):
            outcomes[_folded(row.get(key, ""))] = Unavailable("The bulk job ended before it reached this row.")
        lost = OutcomeUnknown("The bulk job's results do not name this row.")
        return [outcomes.get(_folded(_name(op)), lost) for op in ops]

    async def _results(self, job: str, name: str) -> list[dict[str, str]]:
        try:
            response = await self._rest.send("GET", f"{job}/{name}")
        except RemoteError as error:
            raise OutcomeUnknown(f"The results of a bulk job could not be read: {error.message}") from error
        return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


def _to_csv(ops: Sequence[WriteOp]) -> bytes:
    """An empty cell leaves a field as it is, `#N/A` clears it: rows may have different fields."""
    key = ops[0].key[0] if ops[0].kind == "create" and ops[0].key else "Id"
    columns = list(dict.fromkeys([key, *(name for op in ops for name in op.fields)]))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(_cells(op, columns[1:]) for op in ops)
    return out.getvalue().encode()


def _cells(op: WriteOp, columns: Iterable[str]) -> list[str]:
    return [_name(op), *(_cell(op.fields[name]) if name in op.fields else "" for name in columns)]


def _cell(value: Any) -> str:
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _name(op: WriteOp) -> str:
    if op.kind == "create":
        return op.key[1] if op.key else ""
    return canonical_id(op.remote_id or "")


def _folded(name: str) -> str:
    """Keys are matched without case; 18-character ids differ even so."""
    return canonical_id(name).lower()
