"""What happens on the day: people edit on both sides, merge, delete; the network and the vendors misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from hub.demo.data import Programme
from hub.demo.stage import Crm, Stage
from hub.services.webhooks import accept_webhook

# Object → the field by which the demo knows a record in each CRM.
NAMES = {
    "Account": "Program_Number__c",
    "companies": "program_number",
    "Contact": "Email",
    "contacts": "email",
    "Deal_Registration__c": "Partner_Reference__c",
    "deals": "partner_reference",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """A person's edit that a CRM acknowledged."""

    crm: str
    object: str
    name: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that happened, and what came of it."""

    title: str
    text: str


@dataclass
class Day:
    """The day so far: who edited what, and what is expected to be different between the systems at its end."""

    stage: Stage
    programme: Programme
    edits: list[Edit] = field(default_factory=list)
    # (CRM, object, name) of records that a person deleted there.
    deleted: set[tuple[str, str, str]] = field(default_factory=set)

    async def play(self) -> AsyncIterator[Scene]:
        """Scene by scene; after each one the hub has come to rest."""
        for scene in (
            self._edits_on_both_sides,
            self._two_fields_of_one_record,
            self._one_true_conflict,
            self._a_duplicate_and_its_merge,
            self._a_delete,
            self._a_webhook_burst,
            self._a_throttled_spell,
            self._a_lost_response,
        ):
            yield await scene()

    def _edit(self, crm: Crm, object_name: str, name: str, **fields: Any) -> None:
        crm.sandbox.human_edit(object_name, crm.find(object_name, **{NAMES[object_name]: name}), fields)
        self.edits += [Edit(crm.name, object_name, name, field, value) for field, value in fields.items()]

    async def _edits_on_both_sides(self) -> Scene:
        for number in (11, 12, 13):
            self._edit(self.stage.salesforce, "Account", f"P-{number:05}", Partner_Tier__c="Platinum")
            self._edit(self.stage.hubspot, "companies", f"P-{number + 10:05}", city="Antwerp")
        self._edit(self.stage.hubspot, "deals", "R-00003", partner_amount="125000.50")
        self._edit(self.stage.salesforce, "Deal_Registration__c", "R-00004", Stage__c="Approved")
        self._edit(self.stage.salesforce, "Contact", "person5@example.com", Title="Head of Alliances")
        await self.stage.settle()
        return Scene(
            "Edits on both sides", "9 records were edited, some here, some there; each edit is on both sides now."
        )

    async def _two_fields_of_one_record(self) -> Scene:
        self._edit(self.stage.salesforce, "Account", "P-00020", Partner_Status__c="Suspended")
        self._edit(self.stage.hubspot, "companies", "P-00020", numberofemployees="77")
        await self.stage.settle()
        return Scene(
            "Two people, one partner, different fields",
            "Salesforce changed the status while HubSpot changed the head count of P-00020: both edits were kept.",
        )

    async def _one_true_conflict(self) -> Scene:
        self._edit(self.stage.salesforce, "Account", "P-00030", Description="Strategic, says the account executive")
        self._edit(self.stage.hubspot, "companies", "P-00030", description="At risk, says the partner manager")
        await self.stage.settle()
        return Scene(
            "Two people, one field",
            "Both sides rewrote the description of P-00030: a conflict is open, and both texts are kept until somebody"
            " decides.",
        )

    async def _a_duplicate_and_its_merge(self) -> Scene:
        original = self.programme.firms[41]
        salesforce = self.stage.salesforce
        copy = {**original.in_salesforce(), "Name": f"{original.name} (new)", "Program_Number__c": None}
        loser = salesforce.sandbox.human_create("Account", copy)
        await self.stage.settle()
        companies = len(self.stage.hubspot.rows("companies"))
        winner = salesforce.find("Account", Program_Number__c=original.program_number)
        salesforce.sandbox.human_merge("Account", winner, loser)
        await self.stage.settle()
        return Scene(
            "A duplicate, noticed and merged",
            f"Somebody typed P-00041 a second time. It was listed for review and not spread (HubSpot still has"
            f" {companies} companies); after the merge in Salesforce its link points to the survivor.",
        )

    async def _a_delete(self) -> Scene:
        hubspot = self.stage.hubspot
        hubspot.sandbox.human_delete("contacts", hubspot.find("contacts", email="person77@example.com"))
        self.deleted.add(("hubspot", "contacts", "person77@example.com"))
        await self.stage.settle()
        self._edit(self.stage.salesforce, "Contact", "person77@example.com", Title="Back in the office")
        await self.stage.settle()
        return Scene(
            "A deletion",
            "A contact was deleted in HubSpot. It stays in Salesforce, as the mapping says, and a later edit there"
            " did not bring it back to life.",
        )

    async def _a_webhook_burst(self) -> Scene:
        hubspot = self.stage.hubspot
        hubspot.sandbox.take_webhooks(_ADDRESS)  # what nobody listened to
        for number in range(100, 140):
            self._edit(hubspot, "companies", f"P-{number:05}", phone=f"+3222345{number:04}")
            self._edit(hubspot, "companies", f"P-{number:05}", city="Ghent")
        hubspot.sandbox.faults.arm("webhook_duplicate", times=5)
        deliveries = hubspot.sandbox.take_webhooks(_ADDRESS)
        events = 0
        for request in reversed(deliveries):
            events += await accept_webhook(
                self.stage.app.shop, name=hubspot.name, request=request, queue=self.stage.app.queue
            )
        await self.stage.reread(hubspot)
        await self.stage.push(self.stage.salesforce)
        await self.stage.settle()
        return Scene(
            "A burst of webhooks",
            f"{len(deliveries)} signed deliveries arrived out of order, some twice: {events} new hints, each record"
            " read again once and brought to Salesforce.",
        )

    async def _a_throttled_spell(self) -> Scene:
        for number in range(140, 150):
            self._edit(self.stage.salesforce, "Account", f"P-{number:05}", NumberOfEmployees=1000 + number)
        self.stage.hubspot.sandbox.faults.arm(
            "throttle_with_retry_after", times=2, match="batch", options={"seconds": 1}
        )
        await self.stage.settle()
        return Scene(
            "A throttled spell",
            "HubSpot said 429 twice while ten edits were on their way. The hub waited as told and nothing was lost.",
        )

    async def _a_lost_response(self) -> Scene:
        firm = {**self.programme.firms[0].in_hubspot(), "name": "Latecomer BV", "program_number": "P-99999"}
        firm |= {"domain": "latecomer-partner.com", "phone": "+31301234567", "country_code": "NL"}
        self.stage.hubspot.sandbox.human_create("companies", firm)
        self.stage.salesforce.sandbox.faults.arm("lose_response", match="PATCH")
        await self.stage.settle()
        found = sum(1 for row in self.stage.salesforce.rows("Account").values() if row["Name"] == "Latecomer BV")
        return Scene(
            "A lost answer",
            "Salesforce created an account and the answer was lost on the way. The hub looked before it wrote again:"
            f" there is {found} account.",
        )


_ADDRESS = "https://hub.example.com/api/v1/webhooks/hubspot"
