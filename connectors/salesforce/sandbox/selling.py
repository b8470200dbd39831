"""The object types around a sale: activities, partners on opportunities and accounts, users and queues."""

from __future__ import annotations

from connectors.salesforce.sandbox.define import define, key, lookup, picklist, text
from connectors.salesforce.sandbox.schema import Field, ObjectType

TASK_STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
# Each role with the one that the other side has.
ROLES = {
    "Reseller": "Vendor",
    "Distributor": "Vendor",
    "System Integrator": "Customer",
    "Referral": "Vendor",
    "Agency": "Customer",
    "Vendor": "Reseller",
    "Customer": "System Integrator",
}


def activities() -> list[ObjectType]:
    """Tasks and events; custom fields are made on Activity, and both have them."""
    task = [
        *_activity(),
        Field("Status", "picklist", values=TASK_STATUSES, default=TASK_STATUSES[0]),
        Field("Priority", "picklist", values=("High", "Normal", "Low"), default="Normal"),
        Field("TaskSubtype", "picklist", values=("Task", "Call", "Email"), default="Task"),
        Field("ActivityDate", "date"),
        Field("IsClosed", "boolean", writable=False),
        Field("CompletedDateTime", "datetime", writable=False),
    ]
    event = [
        *_activity(),
        Field("StartDateTime", "datetime", required=True),
        Field("EndDateTime", "datetime"),
    ]
    return [define("Task", "00T", task), define("Event", "00U", event)]


def _activity() -> list[Field]:
    return [
        text("Subject"),
        lookup("WhatId", "Account", "Opportunity", "Deal_Registration__c"),
        lookup("WhoId", "Contact", "Lead"),
        lookup("OwnerId", "User", "Group"),
        Field("AccountId", "reference", length=18, writable=False, refers_to=("Account",), relationship="Account"),
        Field("Description", "textarea", length=32000),
        text("Hub_Event__c"),
        text("Hub_Alert_Kind__c", 40),
        key("Hub_Key__c"),
    ]


def partnering() -> list[ObjectType]:
    """Partner is what is written; OpportunityPartner and AccountPartner are what comes of it, to be read."""
    ends = [lookup("AccountFromId", "Account"), lookup("AccountToId", "Account", required=True)]
    opportunity = lookup("OpportunityId", "Opportunity")
    said = [text("Role", 40), Field("IsPrimary", "boolean", default=False)]
    role = [text("MasterLabel"), text("ReverseRole"), Field("SortOrder", "int")]
    read_only = {"creatable": False, "updateable": False, "deletable": False}
    return [
        define("Partner", "00I", [*ends, opportunity, *said], updateable=False),
        define("OpportunityPartner", "0OP", [opportunity, ends[1], *said, text("ReversePartnerId", 18)], **read_only),
        define("AccountPartner", "0AP", [*ends, *said, text("ReversePartnerId", 18)], **read_only),
        define("PartnerRole", "0PR", role, **read_only),
    ]


def people() -> list[ObjectType]:
    """Who owns records, and the org itself."""
    user = [
        text("Name", 121, required=True),
        Field("Email", "email", length=80),
        text("Username", 80),
        picklist("UserType", "Standard", "PowerPartner", "CustomerSuccess"),
        Field("IsActive", "boolean", default=True),
    ]
    queue = [text("Name", 40), text("DeveloperName", 80), Field("Email", "email", length=80), text("Type", 40)]
    organization = [text("Name", 80), text("OrganizationType", 40), Field("IsSandbox", "boolean", default=True)]
    return [
        define("User", "005", user, creatable=False, deletable=False),
        define("Group", "00G", queue, creatable=False, updateable=False, deletable=False),
        define("Organization", "00D", organization, creatable=False, updateable=False, deletable=False),
    ]
