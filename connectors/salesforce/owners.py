"""Owners by mail address: `Owner.Email` is written as the `OwnerId` of the active user who has it.

The platform names a parent by a key only where the parent has an external id, and users have none. An address that no
active user has goes to the fallback of the connection; without one, the field is left out, and who writes owns a new
record. https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_user.htm
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from simple_salesforce.format import format_soql

from connectors.salesforce.ids import canonical_id, is_id
from connectors.salesforce.lookup import query_all
from connectors.salesforce.rest import Rest
from connectors.salesforce.soql import in_lists
from hub.sdk.records import WriteOp

OWNER = "Owner.Email"
_QUEUE = "00G"
# Records of the other standard types belong to users only.
_OWNED_BY_QUEUES = frozenset({"Task", "Lead", "Case"})


class Owners:
    """Users of one org by their address."""

    def __init__(self, rest: Rest, *, fallback: str | None) -> None:
        self._rest = rest
        self._fallback = (fallback or "").strip()

    async def resolved(self, object_name: str, ops: Sequence[WriteOp]) -> Sequence[WriteOp]:
        """The ops with ids in place of addresses; one query for all of them, and none where there is nothing to do."""
        asked = {_folded(op.fields[OWNER]) for op in ops if OWNER in op.fields}
        if not asked:
            return ops
        users = await self._users(sorted(asked | {_folded(self._fallback)}))
        fallback = self._fallback_id(object_name, users)
        return [_resolved(op, users, fallback) if OWNER in op.fields else op for op in ops]

    async def _users(self, addresses: Sequence[str]) -> dict[str, str]:
        """Of several users with one address the oldest one counts."""
        found: dict[str, str] = {}
        for part in in_lists([address for address in addresses if "@" in address]):
            statement = format_soql(
                "SELECT Id, Email FROM User WHERE IsActive = true AND UserType = 'Standard' AND Email IN {addresses}"
                " ORDER BY CreatedDate, Id",
                addresses=part,
            )
            for row in await query_all(self._rest, "/query", statement):
                found.setdefault(_folded(row["Email"]), str(row["Id"]))
        return found

    def _fallback_id(self, object_name: str, users: dict[str, str]) -> str | None:
        if not is_id(self._fallback):
            return users.get(_folded(self._fallback))
        suits = not self._fallback.startswith(_QUEUE) or object_name in _OWNED_BY_QUEUES or object_name.endswith("__c")
        return canonical_id(self._fallback) if suits else None


def _resolved(op: WriteOp, users: dict[str, str], fallback: str | None) -> WriteOp:
    fields = {name: value for name, value in op.fields.items() if name != OWNER}
    owner = users.get(_folded(op.fields[OWNER]), fallback)
    return replace(op, fields=fields | {"OwnerId": owner} if owner else fields)


def _folded(address: Any) -> str:
    return str(address or "").strip().lower()
