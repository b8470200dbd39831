"""The standard and custom object types of the sandbox org: the vendor's, and the ones a partner hub adds to an org."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.salesforce.sandbox.schema import AUTHOR_FIELD, STAMP_FIELDS, Field, ObjectType, Schema

CURRENCIES = ("USD", "EUR", "GBP", "CHF", "JPY", "AUD", "CAD", "SEK", "PLN", "INR", "BRL", "CNY", "MXN", "SGD")
DEAL_STAGES = (
    "Draft", "Submitted", "In Review", "Approved", "Rejected", "Won", "Lost", "Expired", "Withdrawn",
)  # fmt: skip
OPPORTUNITY_STAGES = {
    "Prospecting": (10, False, False),
    "Qualification": (10, False, False),
    "Needs Analysis": (20, False, False),
    "Value Proposition": (50, False, False),
    "Id. Decision Makers": (60, False, False),
    "Perception Analysis": (70, False, False),
    "Proposal/Price Quote": (75, False, False),
    "Negotiation/Review": (90, False, False),
    "Closed Won": (100, True, True),
    "Closed Lost": (0, True, False),
}
PARTNER_ROLES = (
    "Reseller", "Distributor", "MSP", "SI", "ISV", "Referral", "Technology", "Co-sell", "MSSP", "Agent", "Dealer",
)  # fmt: skip
LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")


def _text(name: str, length: int = 255, **more: object) -> Field:
    return Field(name, "string", length=length, **more)  # type: ignore[arg-type]


def _picklist(name: str, *values: str, restricted: bool = False, required: bool = False) -> Field:
    return Field(name, "picklist", values=values, restricted=restricted, required=required)


def _lookup(name: str, *objects: str, relationship: str | None = None, required: bool = False) -> Field:
    relationship = relationship or (name.removesuffix("__c") + "__r" if name.endswith("__c") else name[:-2])
    return Field(name, "reference", length=18, refers_to=objects, relationship=relationship, required=required)


def _key(name: str) -> Field:
    return Field(name, "string", length=36, unique=True, external_id=True)


def _currency() -> Field:
    return Field("CurrencyIsoCode", "picklist", values=CURRENCIES, restricted=True, default="USD")


def _type(
    name: str,
    prefix: str,
    fields: Iterable[Field],
    *,
    merges: bool = False,
    creatable: bool = True,
    updateable: bool = True,
    deletable: bool = True,
) -> ObjectType:
    system = [Field("Id", "id", length=18, writable=False)]
    stamps = [Field(stamp, "datetime", writable=False) for stamp in STAMP_FIELDS]
    user = Field(
        AUTHOR_FIELD, "reference", length=18, writable=False, refers_to=("User",), relationship="LastModifiedBy"
    )
    stamps.append(user)
    if name not in ("User", "Organization"):
        stamps.append(Field("IsDeleted", "boolean", writable=False))
    if merges:
        master = Field(
            "MasterRecordId", "reference", length=18, writable=False, refers_to=(name,), relationship="MasterRecord"
        )
        stamps.append(master)
    known = {known.name: known for known in [*system, *fields, *stamps]}
    return ObjectType(
        name, prefix, known, merges=merges, creatable=creatable, updateable=updateable, deletable=deletable
    )


def _account() -> ObjectType:
    return _type(
        "Account",
        "001",
        [
            _text("Name", required=True),
            _picklist("Type", "Partner", "Customer", "Prospect", "Other"),
            Field("Website", "url"),
            Field("Phone", "phone", length=40),
            Field("BillingStreet", "textarea"),
            _text("BillingCity", 40),
            _text("BillingState", 80),
            _text("BillingPostalCode", 20),
            _text("BillingCountryCode", 10),
            _currency(),
            Field("AnnualRevenue", "currency"),
            Field("NumberOfEmployees", "int", digits=8),
            _lookup("ParentId", "Account"),
            _lookup("OwnerId", "User"),
            _picklist("Partner_Tier__c", "Registered", "Silver", "Gold", "Platinum", restricted=True),
            _picklist("Partner_Status__c", "Prospect", "Active", "Suspended", "Terminated", restricted=True),
            Field(
                "Partner_Roles__c",
                "multipicklist",
                values=PARTNER_ROLES,
                restricted=True,
            ),
            _text("Program_Number__c", 40, unique=True),
            _text("VAT_Number__c", 40),
            _text("DUNS__c", 9),
            Field("Description", "textarea", length=32000),
            Field("Contract_End__c", "date"),
            _key("Hub_Id__c"),
        ],
        merges=True,
    )


def _contact() -> ObjectType:
    return _type(
        "Contact",
        "003",
        [
            _text("FirstName", 40),
            _text("LastName", 80, required=True),
            _text("Name", 121, writable=False),
            Field("Email", "email", length=80),
            Field("Phone", "phone", length=40),
            Field("MobilePhone", "phone", length=40),
            _text("Title", 128),
            _text("Department", 80),
            _lookup("AccountId", "Account"),
            _lookup("OwnerId", "User"),
            Field("HasOptedOutOfEmail", "boolean", default=False),
            _picklist("LeadSource", *LEAD_SOURCES),
            Field("Birthdate", "date"),
            Field("Description", "textarea", length=32000),
            _key("Hub_Id__c"),
        ],
        merges=True,
    )


def _lead() -> ObjectType:
    return _type(
        "Lead",
        "00Q",
        [
            _text("FirstName", 40),
            _text("LastName", 80, required=True),
            _text("Name", 121, writable=False),
            _text("Company", required=True),
            Field("Email", "email", length=80),
            Field("Phone", "phone", length=40),
            Field("Website", "url"),
            _text("CountryCode", 10),
            Field("Status", "picklist", values=LEAD_STATUSES, default=LEAD_STATUSES[0]),
            _picklist("LeadSource", *LEAD_SOURCES),
            Field("Description", "textarea", length=32000),
            _lookup("OwnerId", "User"),
            Field("IsConverted", "boolean", writable=False, default=False),
            Field("ConvertedDate", "date", writable=False),
            *(_converted(name) for name in ("Account", "Contact", "Opportunity")),
            _key("Hub_Id__c"),
        ],
        merges=True,
    )


def _converted(name: str) -> Field:
    return Field(f"Converted{name}Id", "reference", length=18, writable=False, refers_to=(name,))


def _opportunity() -> ObjectType:
    return _type(
        "Opportunity",
        "006",
        [
            _text("Name", 120, required=True),
            _lookup("AccountId", "Account"),
            _picklist("StageName", *OPPORTUNITY_STAGES, required=True),
            Field("Amount", "currency"),
            _currency(),
            Field("CloseDate", "date", required=True),
            Field("Probability", "percent", digits=3),
            _lookup("OwnerId", "User"),
            Field("IsClosed", "boolean", writable=False),
            Field("IsWon", "boolean", writable=False),
            _picklist("LeadSource", *LEAD_SOURCES),
            Field("Partner_Amount__c", "currency"),
            _text("Partner_Stage__c", 40),
            Field("Partner_Close_Date__c", "date"),
            _key("Hub_Deal_Id__c"),
        ],
    )


def _deal_registration() -> ObjectType:
    return _type(
        "Deal_Registration__c",
        "a00",
        [
            _text("Name", 80, required=True),
            _lookup("OwnerId", "User"),
            _lookup("Account__c", "Account"),
            _lookup("Partner_Account__c", "Account"),
            _lookup("Opportunity__c", "Opportunity"),
            _text("Customer_Name__c"),
            _text("Customer_Domain__c"),
            _text("Customer_Country__c", 2),
            Field("Amount__c", "currency"),
            _currency(),
            Field("Close_Date__c", "date"),
            _picklist("Stage__c", *DEAL_STAGES, restricted=True),
            Field(
                "Product_Lines__c",
                "multipicklist",
                values=("Core", "Cloud", "Security", "Services"),
                restricted=True,
            ),
            Field("Submitted_At__c", "datetime"),
            _text("Partner_Reference__c", 80),
            Field("Description__c", "textarea", length=32000),
            Field("Rejection_Reason__c", "textarea", length=2000),
            _key("Hub_Deal_Id__c"),
        ],
    )


def _others() -> list[ObjectType]:
    task = [
        _text("Subject"),
        _lookup("WhatId", "Account", "Opportunity", "Deal_Registration__c"),
        _lookup("WhoId", "Contact"),
        _lookup("OwnerId", "User"),
        Field("Status", "picklist", values=("Not Started", "In Progress", "Completed"), default="Not Started"),
        Field("ActivityDate", "date"),
        Field("Description", "textarea", length=32000),
        _key("Hub_Key__c"),
    ]
    partner = [
        _lookup("AccountFromId", "Account"),
        _lookup("AccountToId", "Account"),
        _lookup("OpportunityId", "Opportunity"),
        _picklist("Role", "Reseller", "Distributor", "System Integrator", "Referral", "Agency"),
        Field("IsPrimary", "boolean", default=False),
    ]
    user = [
        _text("Name", 121, required=True),
        Field("Email", "email", length=80),
        _text("Username", 80),
        Field("IsActive", "boolean", default=True),
    ]
    organization = [
        _text("Name", 80),
        _text("OrganizationType", 40),
        Field("IsSandbox", "boolean", default=True),
    ]
    return [
        _type("Task", "00T", task),
        _type("Partner", "00I", partner, updateable=False),
        _type("User", "005", user, creatable=False, deletable=False),
        _type("Organization", "00D", organization, creatable=False, updateable=False, deletable=False),
    ]


def standard_schema() -> Schema:
    """The types of a fresh sandbox org."""
    return Schema([_account(), _contact(), _lead(), _opportunity(), _deal_registration(), *_others()])
