"""The partner on an opportunity: `Partners.AccountToId` is written as a Partner row of its own.

Partner rows can be created and deleted, not changed, and have no field for a key: whether a row is there is looked up
before one is made. Rows that people made stay as they are, and so does who is primary. The path is never read: a new
row does not change its opportunity's stamp.
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_partner.htm
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from simple_salesforce.format import format_soql

from connectors.salesforce.errors import first_error, from_error
from connectors.salesforce.ids import canonical_id
from connectors.salesforce.lookup import query_all
from connectors.salesforce.rest import Rest
from connectors.salesforce.rows import Row
from connectors.salesforce.soql import in_lists
from hub.sdk.errors import OutcomeUnknown, RemoteError
from hub.sdk.records import WriteOp, WriteOutcome, Written

PARTNER = "Partners.AccountToId"
_ROWS = 200


def has_partner(ops: Sequence[WriteOp]) -> bool:
    """Whether any of the ops names one."""
    return any(PARTNER in op.fields for op in ops)


def without_partner(op: WriteOp) -> WriteOp:
    """What is the opportunity's own."""
    return replace(op, fields={name: value for name, value in op.fields.items() if name != PARTNER})


class Partners:
    """Partner rows of one connection, made in its `role` (None: without one)."""

    def __init__(self, rest: Rest, *, role: str | None) -> None:
        self._rest = rest
        self._role = role

    async def related(self, ops: Sequence[WriteOp], outcomes: Sequence[WriteOutcome]) -> list[WriteOutcome]:
        """The outcomes after the partners of all opportunities that were written are on them.

        Where that failed for a new opportunity its outcome is unknown: it is there, and will be found by its key.
        """
        settled = list(outcomes)
        wanted = {
            place: (outcome.remote_id, canonical_id(str(op.fields[PARTNER])))
            for place, (op, outcome) in enumerate(zip(ops, outcomes, strict=True))
            if isinstance(outcome, Written) and op.fields.get(PARTNER)
        }
        for place, error in (await self._relate(wanted)).items():
            settled[place] = _untold(error) if ops[place].kind == "create" else error
        return settled

    async def _relate(self, wanted: dict[int, tuple[str, str]]) -> dict[int, RemoteError]:
        """What went wrong, by place."""
        try:
            there = await self._there(sorted({opportunity for opportunity, _ in wanted.values()}))
        except RemoteError as error:
            return dict.fromkeys(wanted, error)
        known = {(str(row["OpportunityId"]), str(row["AccountToId"])) for row in there}
        led = {str(row["OpportunityId"]) for row in there if row["IsPrimary"]}
        missing = [place for place, pair in wanted.items() if pair not in known]
        failed: dict[int, RemoteError] = {}
        for start in range(0, len(missing), _ROWS):
            part = missing[start : start + _ROWS]
            failed |= await self._made(part, [self._row(*wanted[place], led) for place in part])
        return failed

    async def _there(self, opportunities: Sequence[str]) -> list[Row]:
        rows: list[Row] = []
        for part in in_lists(opportunities):
            statement = format_soql(
                "SELECT Id, OpportunityId, AccountToId, IsPrimary FROM Partner WHERE OpportunityId IN {ids}", ids=part
            )
            rows += await query_all(self._rest, "/query", statement)
        return rows

    def _row(self, opportunity: str, account: str, led: set[str]) -> dict[str, Any]:
        row = {"attributes": {"type": "Partner"}, "OpportunityId": opportunity, "AccountToId": account}
        role = {"Role": self._role} if self._role else {}
        return row | role | {"IsPrimary": opportunity not in led}

    async def _made(self, places: Sequence[int], rows: Sequence[dict[str, Any]]) -> dict[int, RemoteError]:
        try:
            reply = await self._rest.post("/composite/sobjects", {"allOrNone": False, "records": rows})
        except RemoteError as error:
            return dict.fromkeys(places, error)
        results = reply.body if isinstance(reply.body, list) else []
        if len(results) != len(rows):
            return dict.fromkeys(places, OutcomeUnknown("Salesforce's answer does not hold one result per row."))
        return {
            place: from_error(first_error(result.get("errors")), status=None, row=True)
            for place, result in zip(places, results, strict=True)
            if result.get("success") is not True
        }


def _untold(error: RemoteError) -> OutcomeUnknown:
    return OutcomeUnknown(f"The opportunity was written, its partner was not: {error.message}", code=error.code)
