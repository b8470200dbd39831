"""The standard and custom object types of the sandbox org: the vendor's, and the ones a partner hub adds to an org."""

from __future__ import annotations

from connectors.salesforce.sandbox.define import CURRENCIES, currency, define, key, lookup, picklist, text
from connectors.salesforce.sandbox.schema import Field, ObjectType, Schema
from connectors.salesforce.sandbox.selling import activities, partnering, people

DEAL_STAGES = (
    "Draft", "Submitted", "In Review", "Approved", "Rejected", "Won", "Lost", "Expired", "Withdrawn",
)  # fmt: skip
REVIEW_STATUSES = (
    "Draft", "Submitted", "Screening", "Needs Information", "Conflict Review", "Pending Approval", "Approved",
    "Approved for Teaming", "Rejected", "Extended", "Amended", "Won", "Lost", "Expired", "Withdrawn", "Revoked",
    "Appealed", "Merged",
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


def _account() -> ObjectType:
    return define(
        "Account",
        "001",
        [
            text("Name", required=True),
            picklist("Type", "Partner", "Customer", "Prospect", "Other"),
            Field("Website", "url"),
            Field("Phone", "phone", length=40),
            Field("BillingStreet", "textarea"),
            text("BillingCity", 40),
            text("BillingState", 80),
            text("BillingPostalCode", 20),
            text("BillingCountryCode", 10),
            currency(),
            Field("AnnualRevenue", "currency"),
            Field("NumberOfEmployees", "int", digits=8),
            lookup("ParentId", "Account"),
            lookup("OwnerId", "User"),
            picklist("Partner_Tier__c", "Registered", "Silver", "Gold", "Platinum", restricted=True),
            picklist("Partner_Status__c", "Prospect", "Active", "Suspended", "Terminated", restricted=True),
            Field(
                "Partner_Roles__c",
                "multipicklist",
                values=PARTNER_ROLES,
                restricted=True,
            ),
            text("Program_Number__c", 40, unique=True),
            text("VAT_Number__c", 40),
            text("DUNS__c", 9),
            Field("Description", "textarea", length=32000),
            Field("Contract_End__c", "date"),
            Field("LastActivityDate", "date", writable=False),
            Field("Direct_Since__c", "date"),
            Field("Direct_Until__c", "date"),
            key("Hub_Id__c"),
        ],
        merges=True,
    )


def _contact() -> ObjectType:
    return define(
        "Contact",
        "003",
        [
            text("FirstName", 40),
            text("LastName", 80, required=True),
            text("Name", 121, writable=False),
            Field("Email", "email", length=80),
            Field("Phone", "phone", length=40),
            Field("MobilePhone", "phone", length=40),
            text("Title", 128),
            text("Department", 80),
            lookup("AccountId", "Account"),
            lookup("OwnerId", "User"),
            Field("HasOptedOutOfEmail", "boolean", default=False),
            picklist("LeadSource", *LEAD_SOURCES),
            Field("Birthdate", "date"),
            Field("Description", "textarea", length=32000),
            key("Hub_Id__c"),
        ],
        merges=True,
    )


def _lead() -> ObjectType:
    return define(
        "Lead",
        "00Q",
        [
            text("FirstName", 40),
            text("LastName", 80, required=True),
            text("Name", 121, writable=False),
            text("Company", required=True),
            Field("Email", "email", length=80),
            Field("Phone", "phone", length=40),
            Field("Website", "url"),
            text("CountryCode", 10),
            Field("Status", "picklist", values=LEAD_STATUSES, default=LEAD_STATUSES[0]),
            picklist("LeadSource", *LEAD_SOURCES),
            Field("Description", "textarea", length=32000),
            lookup("OwnerId", "User"),
            Field("IsConverted", "boolean", writable=False, default=False),
            Field("ConvertedDate", "date", writable=False),
            *(_converted(name) for name in ("Account", "Contact", "Opportunity")),
            key("Hub_Id__c"),
        ],
        merges=True,
    )


def _converted(name: str) -> Field:
    return Field(f"Converted{name}Id", "reference", length=18, writable=False, refers_to=(name,))


def _opportunity() -> ObjectType:
    return define(
        "Opportunity",
        "006",
        [
            text("Name", 120, required=True),
            lookup("AccountId", "Account"),
            picklist("StageName", *OPPORTUNITY_STAGES, required=True),
            Field("Amount", "currency"),
            currency(),
            Field("CloseDate", "date", required=True),
            Field("Probability", "percent", digits=3),
            picklist("ForecastCategoryName", "Omitted", "Pipeline", "Best Case", "Commit", "Closed"),
            lookup("OwnerId", "User"),
            Field("LastActivityDate", "date", writable=False),
            Field("IsClosed", "boolean", writable=False),
            Field("IsWon", "boolean", writable=False),
            picklist("LeadSource", *LEAD_SOURCES),
            Field("Description", "textarea", length=32000),
            Field("Partner_Amount__c", "double"),
            picklist("Partner_Currency__c", *CURRENCIES),
            text("Partner_Stage__c", 40),
            Field("Partner_Close_Date__c", "date"),
            key("Hub_Deal_Id__c"),
        ],
    )


def _deal_registration() -> ObjectType:
    return define(
        "Deal_Registration__c",
        "a00",
        [
            text("Name", 80, required=True),
            lookup("OwnerId", "User"),
            lookup("Account__c", "Account"),
            lookup("Partner_Account__c", "Account"),
            lookup("Opportunity__c", "Opportunity"),
            text("Customer_Name__c"),
            text("Customer_Domain__c"),
            text("Customer_Country__c", 2),
            Field("Amount__c", "currency"),
            currency(),
            Field("Close_Date__c", "date"),
            picklist("Stage__c", *DEAL_STAGES, restricted=True),
            Field(
                "Product_Lines__c",
                "multipicklist",
                values=("Core", "Cloud", "Security", "Services"),
                restricted=True,
            ),
            Field("Submitted_At__c", "datetime"),
            Field("Eligible_At__c", "datetime"),
            Field("Decided_At__c", "datetime"),
            Field("Protection_Ends__c", "date"),
            picklist("Review_Status__c", *REVIEW_STATUSES, restricted=True),
            text("Rejection_Code__c", 40),
            text("Partner_Reference__c", 80),
            Field("Description__c", "textarea", length=32000),
            Field("Rejection_Reason__c", "textarea", length=2000),
            key("Hub_Deal_Id__c"),
        ],
    )


def standard_schema() -> Schema:
    """The types of a fresh sandbox org."""
    sales = [_account(), _contact(), _lead(), _opportunity(), _deal_registration()]
    return Schema([*sales, *activities(), *partnering(), *people()])
