"""What the platform makes of a Partner row: checks, a forward and a reverse row to read, and one primary at most.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_partner.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.salesforce.sandbox.calls import VendorError
from connectors.salesforce.sandbox.records import Records
from connectors.salesforce.sandbox.selling import ROLES
from hub.sdk.sandbox import StoredRecord, World


class PartnerRows:
    """Keeps OpportunityPartner and AccountPartner in step with Partner."""

    def __init__(self, *, world: World, records: Records) -> None:
        self._world = world
        self._records = records

    def check(self, fields: Mapping[str, Any]) -> None:
        """Raise VendorError unless the row relates an account to one account, or to one opportunity."""
        ends = [name for name in ("AccountFromId", "OpportunityId") if fields.get(name)]
        if not ends:
            raise VendorError("REQUIRED_FIELD_MISSING", "Required fields are missing: [AccountFromId or OpportunityId]")
        if len(ends) == 2:
            raise VendorError("FIELD_INTEGRITY_EXCEPTION", "specify AccountFromId or OpportunityId, not both")
        role = fields.get("Role")
        if role is not None and role not in ROLES:
            raise VendorError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"Role: bad value: {role}", fields=("Role",))

    def created(self, partner: StoredRecord) -> None:
        said = partner.fields
        of, name = _place(said)
        if said.get("IsPrimary"):
            self._demote_others(partner, of)
        shared = {of: said[of]} if of == "OpportunityId" else {}
        other_end = self._account_of(said)
        forward = {**shared, "AccountToId": said["AccountToId"], "Role": said.get("Role")}
        forward["IsPrimary"] = said.get("IsPrimary", False)
        reverse = {**shared, "AccountToId": other_end, "Role": ROLES.get(str(said.get("Role")))}
        if of == "AccountFromId":
            forward["AccountFromId"], reverse["AccountFromId"] = other_end, said["AccountToId"]
        first = self._records.create(name, {**forward, "ReversePartnerId": None})
        if other_end is not None:
            second = self._records.create(name, {**reverse, "ReversePartnerId": first})
            self._records.update(name, first, {"ReversePartnerId": second})

    def deleted(self, partner: StoredRecord) -> None:
        of, name = _place(partner.fields)
        wanted = {of: partner.fields[of], "AccountToId": partner.fields["AccountToId"]}
        for row in list(self._world.live(name)):
            if all(row.fields.get(field) == value for field, value in wanted.items()):
                self._records.delete(name, row.id)
                if reverse := row.fields.get("ReversePartnerId"):
                    self._records.delete(name, reverse)
                return

    def _account_of(self, said: Mapping[str, Any]) -> str | None:
        """The account at the other end: of an opportunity, its customer."""
        if account := said.get("AccountFromId"):
            return str(account)
        opportunity = self._world.get("Opportunity", said["OpportunityId"])
        return opportunity.fields.get("AccountId") if opportunity else None

    def _demote_others(self, partner: StoredRecord, of: str) -> None:
        for name in ("Partner", _place(partner.fields)[1]):
            for row in list(self._world.live(name)):
                same = row.fields.get(of) == partner.fields[of]
                if row.id != partner.id and same and row.fields.get("IsPrimary"):
                    self._records.update(name, row.id, {"IsPrimary": False})


def _place(said: Mapping[str, Any]) -> tuple[str, str]:
    """By which field the row belongs to its record, and the object that shows it."""
    if said.get("OpportunityId"):
        return "OpportunityId", "OpportunityPartner"
    return "AccountFromId", "AccountPartner"
