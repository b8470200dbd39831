"""Gates: whether this partner may register this deal at all, and whether everything needed is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from hub.domain.deals.case import Case
from hub.domain.deals.facts import Channel, Relation
from hub.domain.deals.outcomes import Evidence, Kind
from hub.domain.deals.registry import Finding, NoParams, Params, rule
from hub.domain.matching.contact import domain_of, email_of

_HARD = (Kind.BLOCK, Kind.REVIEW)
_ASK = (Kind.NEEDS_INFO, Kind.REVIEW, Kind.NOTICE)


def _own(name: str, value: object) -> tuple[Evidence, ...]:
    return (Evidence(field=name, value=str(value)),)


@rule("gate", gives=_HARD, reason="partner_not_authorised", text="Your partnership is not active.")
def partner_active(case: Case, params: NoParams) -> Finding | None:
    """The partner's status is active."""
    status = case.facts.standing.status
    return (
        None if status == "active" else Finding(internal=f"The partner is {status}.", evidence=_own("status", status))
    )


@rule("gate", gives=_HARD, reason="partner_not_authorised", text="You are not a member of a programme for this deal.")
def in_program(case: Case, params: NoParams) -> Finding | None:
    """The partner is a member of a programme today."""
    if case.facts.standing.program:
        return None
    return Finding(internal="The partner has no membership that holds today.", evidence=_own("program", "none"))


@rule("gate", gives=_HARD, reason="partner_not_authorised", text="Your contract is not signed, or has ended.")
def contract_valid(case: Case, params: NoParams) -> Finding | None:
    """A signed contract that has not ended."""
    standing, today = case.facts.standing, case.calendar.day_of(case.facts.now)
    if not standing.contract_signed:
        return Finding(internal="There is no signed contract.", evidence=_own("contract_signed", False))
    if standing.contract_until and standing.contract_until < today:
        ended = standing.contract_until
        return Finding(internal=f"The contract ended on {ended}.", evidence=_own("contract_until", ended))
    return None


def _unknown(internal: str, kind: Kind, text: str) -> Finding:
    """What the hub does not know is nobody's fault: the partner reads no reproach."""
    return Finding(internal=internal, kind=kind, auto=kind is Kind.PASS, text=text)


@dataclass(frozen=True, slots=True)
class CertifiedParams(Params):
    """Lines that need a certification; what follows where the hub does not know the partner's certifications."""

    lines: tuple[str, ...] = ()
    when_unknown: Kind = Kind.NOTICE


@rule("gate", gives=_HARD, reason="not_certified", text="Your certification for {lines} is missing or has lapsed.")
def certified(case: Case, params: CertifiedParams) -> Finding | None:
    """Certified for the product lines that ask for it."""
    needed = [line for line in case.registration.product_lines if line in params.lines]
    held = case.facts.standing.certified
    if needed and held is None:
        internal = f"The hub does not know the partner's certifications; needed: {', '.join(needed)}."
        return _unknown(internal, params.when_unknown, "We are checking your certification for {lines}.")
    if missing := [line for line in needed if line not in (held or ())]:
        return Finding(internal=f"Not certified for {', '.join(missing)}.", evidence=_own("certified", held))
    return None


@dataclass(frozen=True, slots=True)
class AuthorisedParams(Params):
    """What follows where the hub does not know the partner's authorisations."""

    when_unknown: Kind = Kind.NOTICE


@rule("gate", gives=_HARD, reason="product_not_authorised", text="You are not authorised to sell {lines}.")
def authorised(case: Case, params: AuthorisedParams) -> Finding | None:
    """Authorised for every product line of the deal."""
    rights = case.facts.standing.authorised
    if rights is None:
        internal = "The hub does not know the partner's authorisations."
        return _unknown(internal, params.when_unknown, "We are checking your authorisation for {lines}.")
    held = {right.product_line for right in rights}
    if missing := [line for line in case.registration.product_lines if line not in held]:
        internal = f"Not authorised for {', '.join(missing)}."
        return Finding(internal=internal, evidence=_own("authorised", ", ".join(sorted(held)) or "none"))
    return None


@rule("gate", gives=_HARD, reason="outside_territory", text="{country} lies outside your territory.")
def territory(case: Case, params: NoParams) -> Finding | None:
    """The customer's country is one that the partner's authorisations for these lines cover."""
    country, rights = case.registration.country, case.facts.standing.authorised
    if country is None or rights is None:
        return None
    for line in case.registration.product_lines:
        areas = [right.countries for right in rights if right.product_line == line]
        if areas and not any(not countries or country in countries for countries in areas):
            return Finding(internal=f"{line} may not be sold in {country}.", evidence=_own("country", country))
    return None


@dataclass(frozen=True, slots=True)
class MinimumParams(Params):
    """The least amount by currency."""

    least: dict[str, Decimal] = field(default_factory=dict)


@rule("gate", gives=_HARD, reason="below_minimum", text="The deal is smaller than the least size, {limit}.")
def minimum_size(case: Case, params: MinimumParams) -> Finding | None:
    """At least the programme's minimum, in the deal's own currency."""
    amount = case.registration.amount
    if amount is None or not params.least:
        return None
    if amount.currency not in params.least:
        internal = f"There is no minimum in {amount.currency}: somebody has to compare."
        return Finding(internal=internal, kind=Kind.REVIEW, limit=", ".join(map(str, params.least.values())))
    least = params.least[amount.currency]
    if amount.amount >= least:
        return None
    limit = f"{least} {amount.currency}"
    evidence = _own("amount", f"{amount.amount} {amount.currency}")
    return Finding(internal=f"{amount.amount} is below {limit}.", evidence=evidence, limit=limit)


@dataclass(frozen=True, slots=True)
class RequiredParams(Params):
    """Fields that must be filled, kinds of proof that must be there, and how many proofs of whatever kind."""

    fields: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    least_proofs: int = 0


@rule("gate", gives=_ASK, reason="insufficient_information", text="Please fill or hand in: {fields}.")
def required_evidence(case: Case, params: RequiredParams) -> Finding | None:
    """Every field and proof that the programme asks for."""
    missing = [name for name in params.fields if not getattr(case.registration, name)]
    there = {proof.kind for proof in case.registration.evidence}
    missing += [f"evidence:{kind}" for kind in params.proofs if kind not in there]
    if len(case.registration.evidence) < params.least_proofs and not missing:
        missing.append("evidence")
    if not missing:
        return None
    return Finding(internal=f"Missing: {', '.join(missing)}.", fields=tuple(missing))


@dataclass(frozen=True, slots=True)
class PurchasingParams(Params):
    """The roles of a contact that count as able to buy; empty takes any."""

    roles: tuple[str, ...] = ()


@rule("gate", gives=_ASK, reason="insufficient_information", text="Please name a contact who decides on the purchase.")
def purchasing_contact(case: Case, params: PurchasingParams) -> Finding | None:
    """A named contact at the customer, in a role that buys."""
    mine = case.registration
    missing = [name for name in ("contact_name", "contact_email") if not getattr(mine, name)]
    if not missing and params.roles and mine.contact_role not in params.roles:
        missing = ["contact_role"]
    return Finding(internal=f"Missing: {', '.join(missing)}.", fields=tuple(missing)) if missing else None


@rule(
    "gate", gives=_ASK, reason="not_substantiated", text="The contact's address does not fit {customer}: please check."
)
def contact_plausible(case: Case, params: NoParams) -> Finding | None:
    """The contact's mail address is one, and of the customer's own domain rather than a free mailbox."""
    mine = case.registration
    if not mine.contact_email:
        return None
    address = email_of(mine.contact_email)
    if address is None:
        return Finding(internal=f"{mine.contact_email} is no mail address.", fields=("contact_email",))
    host, customer = domain_of(address.partition("@")[2]), domain_of(mine.customer_domain or "")
    evidence = _own("contact_email", mine.contact_email)
    if host is None:
        internal = "The contact has a free mailbox."
        return Finding(internal=internal, kind=Kind.NOTICE, evidence=evidence, auto=False)
    if customer and host != customer:
        internal = f"The contact's domain {host} is not the customer's, {customer}."
        return Finding(internal=internal, evidence=evidence, fields=("contact_email",))
    return None


@rule("gate", gives=_HARD, reason="compliance", text="The deal is being checked by our compliance team.")
def not_sanctioned(case: Case, params: NoParams) -> Finding | None:
    """Neither the partner nor the customer is on a list that forbids the deal."""
    standing = case.facts.standing
    if standing.sanctioned:
        return Finding(internal="Business with the partner or the customer is held.", evidence=_own("sanctioned", True))
    if standing.sanction_in_doubt:
        internal = "Business is held with an organisation that may be the customer."
        return Finding(internal=internal, kind=Kind.REVIEW, evidence=_own("sanction_in_doubt", True))
    return None


@dataclass(frozen=True, slots=True)
class HoardingParams(Params):
    """The most open registrations of a partner."""

    most: int = 200


@rule("gate", gives=_HARD, reason="not_viable", text="You have more open registrations than {limit}: close some first.")
def hoarding_limit(case: Case, params: HoardingParams) -> Finding | None:
    """Not more open registrations than one partner can work on."""
    count = case.facts.standing.open_registrations
    if count < params.most:
        return None
    internal = f"The partner has {count} open registrations; the limit is {params.most}."
    return Finding(internal=internal, evidence=_own("open_registrations", count), limit=str(params.most))


@dataclass(frozen=True, slots=True)
class ChannelParams(Params):
    """The ways in which a registration may come."""

    allowed: tuple[Channel, ...] = ("portal", "api", "crm", "csv")


@rule("gate", gives=_HARD, reason="wrong_channel", text="Registrations cannot be handed in this way; use {limit}.")
def submission_channel(case: Case, params: ChannelParams) -> Finding | None:
    """It came in by a way that the programme takes."""
    channel = case.registration.channel
    if channel in params.allowed:
        return None
    limit = ", ".join(params.allowed)
    return Finding(internal=f"It came by {channel}.", evidence=_own("channel", channel), limit=limit)


@dataclass(frozen=True, slots=True)
class CustomerParams(Params):
    """The relations to a customer in which a deal may be registered."""

    allowed: tuple[Relation, ...] = ("new", "former", "existing", "unknown")


@rule("gate", gives=_HARD, reason="existing_customer", text="{customer} is not a customer for whom you can register.")
def customer_class(case: Case, params: CustomerParams) -> Finding | None:
    """The customer is new, or of a class that the programme allows."""
    relation = case.facts.relation
    if relation in params.allowed:
        return None
    return Finding(internal=f"The customer is {relation}.", evidence=_own("relation", relation))
