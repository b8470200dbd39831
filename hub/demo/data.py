"""The made-up partner programme: firms, people and deals from a seed, as each CRM would hold them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hub.sdk.sandbox import Sandbox

_SYLLABLES = (
    "ba",
    "co",
    "di",
    "fu",
    "ga",
    "he",
    "jo",
    "ki",
    "lu",
    "me",
    "na",
    "po",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "zo",
)
_TRADES = ("Systems", "Networks", "Cloud", "Consulting", "Security", "Software", "Data", "Digital", "Technologies")
_FORMS = {"DE": "GmbH", "FR": "SAS", "NL": "BV", "US": "Inc.", "GB": "Ltd"}
_CITIES = {"DE": "Köln", "FR": "Lyon", "NL": "Utrecht", "US": "Austin", "GB": "Leeds"}
_PHONES = {"DE": "+4922199{:06}", "FR": "+33472{:06}", "NL": "+3130{:07}", "US": "+1512555{:04}", "GB": "+441132{:06}"}
_CURRENCIES = {"DE": "EUR", "FR": "EUR", "NL": "EUR", "US": "USD", "GB": "GBP"}
_DAY = timedelta(days=1)
_TIERS = ("registered", "silver", "gold", "platinum")
_ROLES = ("reseller", "distributor", "msp", "si", "isv", "referral")
_FIRST = ("Ada", "Björn", "Chloé", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ines", "Jörg", "Kaito", "Lena")
_LAST = (
    "Martin",
    "Novák",
    "Okafor",
    "Petit",
    "Quinn",
    "Rossi",
    "Schmidt",
    "Tanaka",
    "Ueda",
    "Vermeer",
    "Weiß",
    "Young",
)
_TITLES = ("Partner Manager", "Sales Director", "Consultant", "Architect", "CEO")
_STAGES = ("submitted", "in_review", "approved", "won", "lost")
_LABELS = {"submitted": "Submitted", "in_review": "In Review", "approved": "Approved", "won": "Won", "lost": "Lost"}
_PRODUCTS = ("core", "cloud", "security", "services")


@dataclass(frozen=True, slots=True)
class Firm:
    """A partner. `program_number` names it in every system."""

    program_number: str
    name: str
    domain: str
    country: str
    city: str
    phone: str
    tier: str
    role: str
    employees: int
    revenue: Decimal
    currency: str
    contract_end: date

    def in_salesforce(self) -> dict[str, Any]:
        return {
            "Name": self.name, "Type": "Partner", "Website": f"https://www.{self.domain}", "Phone": self.phone,
            "BillingCity": self.city, "BillingCountryCode": self.country, "CurrencyIsoCode": self.currency,
            "AnnualRevenue": self.revenue, "NumberOfEmployees": self.employees,
            "Partner_Tier__c": self.tier.title(), "Partner_Status__c": "Active",
            "Partner_Roles__c": _SALESFORCE_ROLES[self.role], "Program_Number__c": self.program_number,
            "Contract_End__c": self.contract_end.isoformat(),
        }  # fmt: skip

    def in_hubspot(self) -> dict[str, Any]:
        return {
            "name": self.name, "type": "PARTNER", "domain": self.domain, "phone": self.phone, "city": self.city,
            "country_code": self.country, "revenue_currency": self.currency, "annualrevenue": str(self.revenue),
            "numberofemployees": str(self.employees), "partner_tier": self.tier, "partner_status": "active",
            "partner_roles": self.role, "program_number": self.program_number,
            "contract_end": self.contract_end.isoformat(),
        }  # fmt: skip


_SALESFORCE_ROLES = {
    "reseller": "Reseller", "distributor": "Distributor", "msp": "MSP", "si": "SI", "isv": "ISV",
    "referral": "Referral",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A partner's employee; the e-mail address names the person here."""

    email: str
    first_name: str
    last_name: str
    title: str
    firm: int

    def in_salesforce(self, account_id: str) -> dict[str, Any]:
        return {
            "FirstName": self.first_name, "LastName": self.last_name, "Email": self.email, "Title": self.title,
            "AccountId": account_id, "HasOptedOutOfEmail": False,
        }  # fmt: skip

    def in_hubspot(self, company_id: str) -> dict[str, Any]:
        return {
            "firstname": self.first_name, "lastname": self.last_name, "email": self.email, "jobtitle": self.title,
            "associations.companies": company_id, "email_opt_out": "false",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deal:
    """A registration of a deal; partner and the partner's own reference name it."""

    reference: str
    name: str
    customer: str
    domain: str
    country: str
    amount: Decimal
    currency: str
    close: date
    stage: str
    product: str
    firm: int

    def in_salesforce(self, account_id: str) -> dict[str, Any]:
        return {
            "Name": self.name, "Partner_Account__c": account_id, "Partner_Reference__c": self.reference,
            "Customer_Name__c": self.customer, "Customer_Domain__c": self.domain, "Customer_Country__c": self.country,
            "Amount__c": self.amount, "CurrencyIsoCode": self.currency, "Close_Date__c": self.close.isoformat(),
            "Stage__c": _LABELS[self.stage], "Product_Lines__c": self.product.title(),
        }  # fmt: skip

    def in_hubspot(self, company_id: str) -> dict[str, Any]:
        return {
            "dealname": self.name, "pipeline": "default", "dealstage": "qualifiedtobuy",
            "partner_reference": self.reference, "customer_name": self.customer, "customer_domain": self.domain,
            "customer_country": self.country, "partner_amount": str(self.amount), "partner_currency": self.currency,
            "partner_close_date": self.close.isoformat(), "registration_status": self.stage,
            "product_lines": self.product, "associations.companies:partner": company_id,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything that exists in the morning; `in_left` and `in_right` say which firm is in which CRM."""

    firms: tuple[Firm, ...]
    people: tuple[Person, ...]
    deals: tuple[Deal, ...]

    def in_left(self, firm: int) -> bool:
        """Seven firms of ten are in Salesforce."""
        return firm % 10 < 7

    def in_right(self, firm: int) -> bool:
        """Six firms of ten are in HubSpot, so three of ten are in both."""
        return firm % 10 >= 4


def make_programme(*, firms: int, people: int, deals: int, seed: int) -> Programme:
    """The same programme for the same seed, always."""
    chance = Random(seed)  # noqa: S311 - made-up data
    return Programme(
        tuple(_firms(firms, chance)), tuple(_people(people, firms, chance)), tuple(_deals(deals, firms, chance))
    )


def _firms(count: int, chance: Random) -> Iterator[Firm]:
    for number in range(count):
        country = chance.choice(list(_FORMS))
        stem, trade = _word(chance), chance.choice(_TRADES)
        yield Firm(
            program_number=f"P-{number:05}",
            name=f"{stem} {trade} {_FORMS[country]}",
            domain=f"{stem}{number}.com".lower(),
            country=country,
            city=_CITIES[country],
            phone=_PHONES[country].format(number * 7919 % 9000 + 1000),
            tier=chance.choice(_TIERS),
            role=chance.choice(_ROLES),
            employees=chance.randrange(3, 5000),
            revenue=Decimal(chance.randrange(10_000_00, 90_000_000_00)).scaleb(-2),
            currency=_CURRENCIES[country],
            contract_end=date(2027, 1, 1) + timedelta(days=chance.randrange(700)),
        )


def _people(count: int, firms: int, chance: Random) -> Iterator[Person]:
    for number in range(count):
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        yield Person(f"person{number}@example.com", first, last, chance.choice(_TITLES), number % firms)


def _deals(count: int, firms: int, chance: Random) -> Iterator[Deal]:
    for number in range(count):
        country = chance.choice(list(_FORMS))
        customer = f"{_word(chance)} {chance.choice(_TRADES)}"
        yield Deal(
            reference=f"R-{number:05}",
            name=f"{customer}: {chance.choice(_TRADES)}",
            customer=customer,
            domain=f"customer{number}.com",
            country=country,
            amount=Decimal(chance.randrange(1_000_00, 500_000_00)).scaleb(-2),
            currency=_CURRENCIES[country],
            close=date(2026, 12, 1) + timedelta(days=chance.randrange(200)),
            stage=chance.choice(_STAGES),
            product=chance.choice(_PRODUCTS),
            firm=number * 7 % firms,
        )


def _word(chance: Random) -> str:
    return "".join(chance.choice(_SYLLABLES) for _ in range(4)).title()


@contextmanager
def long_ago(*sandboxes: Sandbox) -> Iterator[None]:
    """What is typed in meanwhile is a day old: what changed lately is read again by every look at a system."""
    for sandbox in sandboxes:
        sandbox.clock.advance(-_DAY)
    yield
    for sandbox in sandboxes:
        sandbox.clock.advance(_DAY)


def seed_systems(programme: Programme, salesforce: Sandbox, hubspot: Sandbox) -> None:
    """Let people have typed the programme into the two CRMs before anybody thought of a hub."""
    with long_ago(salesforce, hubspot):
        _type_in(programme, salesforce, hubspot)


def _type_in(programme: Programme, salesforce: Sandbox, hubspot: Sandbox) -> None:
    left, right = {}, {}
    for number, firm in enumerate(programme.firms):
        if programme.in_left(number):
            left[number] = salesforce.human_create("Account", firm.in_salesforce())
        if programme.in_right(number):
            right[number] = hubspot.human_create("companies", firm.in_hubspot())
    for person in programme.people:
        if person.firm in left:
            salesforce.human_create("Contact", person.in_salesforce(left[person.firm]))
        if person.firm in right:
            hubspot.human_create("contacts", person.in_hubspot(right[person.firm]))
    for deal in programme.deals:
        if deal.firm in left:
            salesforce.human_create("Deal_Registration__c", deal.in_salesforce(left[deal.firm]))
        if deal.firm in right:
            hubspot.human_create("deals", deal.in_hubspot(right[deal.firm]))
