"""Conditional writes: up to 25 rows in one composite call, each held to the stamp its change was computed from.

If-Unmodified-Since knows whole seconds: two writes inside one second are not told apart. A DELETE ignores it in most
orgs. https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_conditional.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simple_salesforce.format import format_external_id

from connectors.salesforce.errors import from_error, several_matches
from connectors.salesforce.fields import nested
from connectors.salesforce.ids import canonical_id
from connectors.salesforce.rest import Rest
from connectors.salesforce.stamps import http_date, parse_stamp
from hub.sdk.errors import Conflict, OutcomeUnknown, RecordGone, RecordRejected
from hub.sdk.records import WriteOp, WriteOutcome, Written

CONDITIONAL_ROWS = 25
_METHODS = {"create": "PATCH", "update": "PATCH", "delete": "DELETE"}


async def write_conditionally(rest: Rest, object_name: str, ops: Sequence[WriteOp]) -> list[WriteOutcome]:
    """One outcome per op; a row that was changed meanwhile is a Conflict."""
    requests = [_request(rest, object_name, op, place) for place, op in enumerate(ops)]
    reply = await rest.post("/composite", {"allOrNone": False, "compositeRequest": requests})
    answers = reply.body.get("compositeResponse") if isinstance(reply.body, dict) else None
    if not isinstance(answers, list) or len(answers) != len(ops):
        raise OutcomeUnknown("Salesforce's answer does not hold one result per row.")
    by_reference = {str(answer.get("referenceId")): answer for answer in answers}
    return [_outcome(op, by_reference[_reference(place)]) for place, op in enumerate(ops)]


def _request(rest: Rest, object_name: str, op: WriteOp, place: int) -> dict[str, Any]:
    address = f"{rest.base}/sobjects/{object_name}/{_row_name(op)}"
    request: dict[str, Any] = {"method": _METHODS[op.kind], "url": address, "referenceId": _reference(place)}
    if op.kind != "delete":
        request["body"] = nested(op.fields)
    if op.precondition is not None:
        request["httpHeaders"] = {"If-Unmodified-Since": http_date(parse_stamp(op.precondition))}
    return request


def _row_name(op: WriteOp) -> str:
    if op.remote_id:
        return op.remote_id
    if op.key is None:
        raise RecordRejected("A conditional write needs the Salesforce id or a key.")
    return format_external_id(*op.key)


def _outcome(op: WriteOp, answer: Mapping[str, Any]) -> WriteOutcome:
    status, body = int(answer.get("httpStatusCode") or 0), answer.get("body")
    if 200 <= status < 300:
        made = body if isinstance(body, Mapping) else {}
        record_id = op.remote_id or str(made.get("id", ""))
        return Written(remote_id=canonical_id(record_id), created=status == 201)
    if status == 412:
        return Conflict("The Salesforce record was changed after it was read.", status=status)
    if status == 300:
        return several_matches(body)
    error = body[0] if isinstance(body, list) and body and isinstance(body[0], Mapping) else {}
    outcome = from_error(error, status=status, row=True)
    if isinstance(outcome, RecordRejected) and status == 404:
        return RecordGone(outcome.message, code=outcome.code, status=status)
    return outcome


def _reference(place: int) -> str:
    return f"row{place}"
