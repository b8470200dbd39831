"""Everything that the rules may know of a registration, gathered before and passed in: they ask nobody else.

Ids are texts, so that facts can be written by hand, stored as JSON and read back.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from hub.domain.deals.states import Status
from hub.domain.matching import Verdict
from hub.record.values import Money

DealType = Literal["resale", "renewal", "services", "influence", "referral", "cosell", "fulfilment"]
Channel = Literal["portal", "api", "crm", "csv", "mail"]
Relation = Literal["new", "existing", "former", "unknown"]
Sanction = Literal["none", "doubtful", "sure"]
Request = Literal["submit", "review", "extend", "amend", "appeal"]


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value object: equal when its fields are."""


class Feature(Fact, frozen=True, kw_only=True):
    """One feature's share in a match score, in bits."""

    feature: str
    level: str
    weight: float
    theirs: str = ""
    ours: str = ""


class Match(Fact, frozen=True, kw_only=True):
    """How sure it is that the other side's customer is this registration's."""

    verdict: Verdict
    score: float | None = None
    features: tuple[Feature, ...] = ()


class Source(Fact, frozen=True, kw_only=True):
    """Where a fact was read, and when."""

    system: str = "hub"
    id: str = ""
    observed_at: datetime | None = None


class Party(Fact, frozen=True, kw_only=True):
    """A partner's role on a deal with its share of the credit, from 0 to 1."""

    partner: str
    role: str
    credit: Decimal | None = None
    on_behalf_of: str | None = None


class Proof(Fact, frozen=True, kw_only=True):
    """A document that was handed in, with its own date."""

    kind: str
    dated_on: date | None = None
    received_at: datetime | None = None


class Registration(Fact, frozen=True, kw_only=True):
    """The claim that is judged. `priority` is its place among eligible ones, None before it had one."""

    id: str = "this"
    partner: str
    on_behalf_of: str | None = None
    parties: tuple[Party, ...] = ()
    status: Status = Status.SCREENING
    deal_type: DealType = "resale"
    customer_name: str = ""
    customer_domain: str | None = None
    country: str | None = None
    product_lines: tuple[str, ...] = ()
    amount: Money | None = None
    close_date: date | None = None
    channel: Channel = "api"
    route: Literal["partner", "marketplace"] = "partner"
    public_sector: bool = False
    renewal: bool = False
    value_add: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_role: str | None = None
    description: str | None = None
    evidence: tuple[Proof, ...] = ()
    submitted_at: datetime | None = None
    eligible_at: datetime | None = None
    decided_at: datetime | None = None
    priority: int | None = None
    protection_until: datetime | None = None


class Authorisation(Fact, frozen=True, kw_only=True):
    """A product line that a partner may sell; `countries` empty means everywhere."""

    product_line: str
    countries: tuple[str, ...] = ()


class Standing(Fact, frozen=True, kw_only=True):
    """The partner today. `certified` and `authorised` are None where the hub does not know.

    `sanctioned`: business with it or with the customer is forbidden; `sanction_in_doubt`: with what may be
    the customer.
    """

    name: str = ""
    status: str = "active"
    program: str | None = None
    tier: str | None = None
    contract_signed: bool = False
    contract_until: date | None = None
    certified: tuple[str, ...] | None = None
    authorised: tuple[Authorisation, ...] | None = None
    sanctioned: bool = False
    sanction_in_doubt: bool = False
    open_registrations: int = 0


class Rival(Fact, frozen=True, kw_only=True):
    """Another registration whose customer may be the same."""

    id: str
    match: Match
    partner: str
    partner_name: str = ""
    on_behalf_of: str | None = None
    parties: tuple[Party, ...] = ()
    status: Status
    deal_type: DealType = "resale"
    customer_name: str = ""
    product_lines: tuple[str, ...] = ()
    amount: Money | None = None
    close_date: date | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    submitted_at: datetime | None = None
    eligible_at: datetime | None = None
    ended_at: datetime | None = None
    priority: int | None = None
    protection_until: datetime | None = None


class Opportunity(Fact, frozen=True, kw_only=True):
    """An opportunity as the CRM holds it; no product line means that it says nothing of them."""

    id: str
    match: Match
    name: str = ""
    owner: str | None = None
    stage: str | None = None
    amount: Money | None = None
    close_date: date | None = None
    product_lines: tuple[str, ...] = ()
    is_open: bool = True
    is_direct: bool = True
    partner: str | None = None
    last_activity: date | None = None
    created_at: datetime | None = None
    source: Source = Source()


class Account(Fact, frozen=True, kw_only=True):
    """A record of ours that may be the customer."""

    id: str
    match: Match


class Activity(Fact, frozen=True, kw_only=True):
    """A contact of our own sellers with the customer."""

    id: str
    match: Match
    kind: str | None = None
    happened_at: datetime
    owner: str | None = None
    source: Source = Source()


class NamedAccount(Fact, frozen=True, kw_only=True):
    """A customer that is reserved today; without a product line for all of them."""

    id: str
    match: Match
    reserved_for: Literal["direct", "partner"]
    partner: str | None = None
    product_line: str | None = None
    owner: str | None = None
    source: Source = Source()


class Tender(Fact, frozen=True, kw_only=True):
    """A published call for bids; without product lines for all of them."""

    id: str
    match: Match
    reference: str = ""
    published_on: date | None = None
    closes_on: date | None = None
    product_lines: tuple[str, ...] = ()


class Incumbent(Fact, frozen=True, kw_only=True):
    """Who supplies the customer today; `partner` is None for our own sellers, `until` is the end of the term."""

    id: str
    match: Match
    partner: str | None = None
    product_line: str
    until: date | None = None


class Lead(Fact, frozen=True, kw_only=True):
    """A lead on this customer that we gave to a partner."""

    id: str
    match: Match
    partner: str
    received_at: datetime


class Exclusivity(Fact, frozen=True, kw_only=True):
    """A partner's sole right to a product line in a country."""

    partner: str
    product_line: str
    country: str


class Preference(Fact, frozen=True, kw_only=True):
    """The customer's own written word on whom it wants to buy from."""

    partner: str
    dated_on: date | None = None


class Freshness(Fact, frozen=True, kw_only=True):
    """When a system was last read through; None: never."""

    system: str
    observed_at: datetime | None = None


class Review(Fact, frozen=True, kw_only=True):
    """What was asked of the hub this time, and what happened to the registration before."""

    request: Request = "submit"
    extensions_used: int = 0
    appeals_used: int = 0
    new_evidence: int = 0
    due_at: datetime | None = None


class Facts(Fact, frozen=True, kw_only=True):
    """All of it, as of `now`."""

    now: datetime
    registration: Registration
    standing: Standing = Standing()
    review: Review = Review()
    relation: Relation = "unknown"
    rivals: tuple[Rival, ...] = ()
    accounts: tuple[Account, ...] = ()
    opportunities: tuple[Opportunity, ...] = ()
    activities: tuple[Activity, ...] = ()
    named_accounts: tuple[NamedAccount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    incumbents: tuple[Incumbent, ...] = ()
    leads: tuple[Lead, ...] = ()
    exclusivities: tuple[Exclusivity, ...] = ()
    preferences: tuple[Preference, ...] = ()
    crm: tuple[Freshness, ...] = ()
