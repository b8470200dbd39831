"""Which other registrations and customers a registration has to be compared with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from hub.db import deal_admission, match_keys, records
from hub.db.session import Tx
from hub.domain.deals.facts import Feature, Match
from hub.domain.deals.states import IN_REVIEW, PROTECTED, Status
from hub.domain.matching import Features, Verdict, decide, default_weights, organization_features, score
from hub.domain.matching import match_keys as keys_of
from hub.record.deals import DEAL_REGISTRATION
from hub.record.identity import ORGANIZATION
from hub.record.values import Value

log = structlog.get_logger()
MOST = 200
_CLAIMING = (*IN_REVIEW, *PROTECTED, Status.EXPIRED)
_CARRIED = ("legal_name", "trade_name", "street", "city", "postal_code", "country", "phone", "website_domain")
_NUMBERS = ("vat_number", "registration_number", "duns", "lei")


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer as a registration names it: `keys` find it, `features` compare it, `record_id` knows it."""

    features: Features
    keys: tuple[str, ...]
    record_id: UUID | None


class Candidates(Protocol):
    """Finds what may be the same customer. Whatever it finds must share one of `Customer.keys` with it."""

    async def registrations(self, tx: Tx, *, customer: Customer, but: UUID) -> dict[UUID, Match]: ...

    async def organizations(self, tx: Tx, *, customer: Customer) -> dict[UUID, Match]: ...


async def customer_of(tx: Tx, values: Mapping[str, Value]) -> Customer:
    """From what the partner wrote, and from the customer's record where it was recognised."""
    return (await _customers(tx, [values]))[0]


class KeyCandidates:
    """By blocking keys in PostgreSQL, each scored by the matcher."""

    async def registrations(self, tx: Tx, *, customer: Customer, but: UUID) -> dict[UUID, Match]:
        found, more = await deal_admission.sharing(tx, keys=customer.keys, but=but, statuses=_CLAIMING, most=MOST)
        if more:
            log.warning("candidates_truncated", registration=str(but), most=MOST)
        stored = await records.load(tx, DEAL_REGISTRATION, found)
        others = await _customers(tx, [record.values for record in stored.values()])
        return {i: matched(customer, other) for i, other in zip(stored, others, strict=True)}

    async def organizations(self, tx: Tx, *, customer: Customer) -> dict[UUID, Match]:
        shared = await match_keys.sharing(tx, record_type=ORGANIZATION.name, keys=customer.keys)
        ids = set().union(*shared.values()) | ({customer.record_id} if customer.record_id else set())
        stored = await records.load(tx, ORGANIZATION, ids)
        return {
            record.id: matched(customer, Customer(organization_features(record.values), (), record.id))
            for record in stored.values()
            if record.alive
        }


def matched(ours: Customer, theirs: Customer) -> Match:
    """One record is the same customer; else the matcher decides."""
    weights = default_weights()
    scored = score(theirs.features, ours.features, weights=weights)
    features = tuple(
        Feature(feature=e.feature, level=e.level, weight=e.weight, theirs=e.a, ours=e.b) for e in scored.evidence
    )
    if ours.record_id is not None and ours.record_id == theirs.record_id:
        return Match(verdict=Verdict.SAME, score=scored.total, features=features)
    return Match(verdict=decide(scored, weights=weights), score=scored.total, features=features)


async def _customers(tx: Tx, registrations: Sequence[Mapping[str, Value]]) -> list[Customer]:
    linked = [c for values in registrations if isinstance(c := values.get("customer"), UUID)]
    stored = await records.load(tx, ORGANIZATION, linked) if linked else {}
    return [_customer(values, {i: r.values for i, r in stored.items()}) for values in registrations]


def _customer(values: Mapping[str, Value], known: Mapping[UUID, Mapping[str, Value]]) -> Customer:
    link = values.get("customer")
    record_id = link if isinstance(link, UUID) else None
    held = known.get(record_id, {}) if record_id else {}
    said: dict[str, object] = {name: held[name] for name in (*_CARRIED, *_NUMBERS) if held.get(name) is not None}
    said["legal_name"] = _both(values.get("customer_name"), held.get("legal_name"))
    said["website_domain"] = _both(values.get("customer_domain"), held.get("website_domain"))
    said["country"] = held.get("country") or values.get("customer_country")
    features = organization_features(said)
    keys = keys_of(features)
    return Customer(features, (f"c:{record_id}", *keys) if record_id else keys, record_id)


def _both(*texts: Value) -> Collection[str]:
    return [text for text in texts if isinstance(text, str) and text]
