"""The floor of the mapping: by hand, one record of 20 fields from the vendor's words into the hub's."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from benchmarks.measure import Result, Stopwatch, peak_rss_mb
from benchmarks.pages import read_pages

_ROLES = {"Reseller": "reseller", "Distributor": "distributor", "Technology Partner": "technology_partner"}
_TIERS = {"Bronze": "bronze", "Silver": "silver", "Gold": "gold", "Platinum": "platinum"}
_INDUSTRIES = {
    "Banking": "banking",
    "Energy": "energy",
    "Retail": "retail",
    "Healthcare": "healthcare",
    "Government": "government",
}


class Envelope(Struct):
    """A page whose records stay plain dicts, their fractions Decimal, as a connector hands them over."""

    records: list[dict[str, Any]]


def map_account(remote: dict[str, Any]) -> dict[str, Any]:
    """The hub's 20 fields of one Account; an unknown picklist value is a KeyError."""
    revenue, credit, currency = remote["AnnualRevenue"], remote["Credit_Limit__c"], remote["CurrencyIsoCode"]
    specializations = remote["Specializations__c"]
    return {
        "remote_id": remote["Id"],
        "legal_name": remote["Name"],
        "website_domain": _domain(remote["Website"]),
        "phone": remote["Phone"],
        "country": remote["BillingCountryCode"],
        "city": remote["BillingCity"],
        "postal_code": remote["BillingPostalCode"],
        "vat_number": remote["Vat_Number__c"],
        "role": _ROLES[remote["Type"]],
        "tier": _TIERS[remote["Partner_Tier__c"]],
        "industry": _INDUSTRIES[remote["Industry"]],
        "annual_revenue": None if revenue is None else (Decimal(revenue), currency),
        "credit_limit": None if credit is None else (Decimal(credit), currency),
        "currency": currency,
        "employees": remote["NumberOfEmployees"],
        "contract_start": date.fromisoformat(remote["Contract_Start__c"]),
        "active": remote["Active__c"],
        "specializations": specializations.split(";") if specializations else [],
        "created_at": datetime.fromisoformat(remote["CreatedDate"]),
        "modified_at": datetime.fromisoformat(remote["SystemModstamp"]),
    }


def map_all(source_url: str, database_url: str, count: int) -> Result:  # noqa: ARG001 - a contender's signature
    """Map all records; reading and decoding the pages is not measured."""
    decode = msgspec.json.Decoder(Envelope, float_hook=Decimal).decode
    seconds = 0.0
    mapped = 0
    for page in map(decode, read_pages(source_url)):
        with Stopwatch() as watch:
            for record in page.records:
                map_account(record)
        seconds += watch.seconds
        mapped += len(page.records)
    return Result(seconds=seconds, records=mapped, peak_rss_mb=peak_rss_mb())


def _domain(url: str | None) -> str | None:
    if url is None:
        return None
    host = url.partition("://")[2].partition("/")[0].lower()
    return host.removeprefix("www.")
