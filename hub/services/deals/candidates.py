"""Which stored organisations may be the customer that a registration names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from hub.db import match_keys, records
from hub.db.session import Tx
from hub.domain.deals.facts import Feature, Match
from hub.domain.matching import Features, Verdict, decide, default_weights, organization_features, score
from hub.domain.matching import match_keys as keys_of
from hub.record.identity import ORGANIZATION
from hub.record.values import Value

_CARRIED = ("legal_name", "trade_name", "street", "city", "postal_code", "country", "phone", "website_domain")
_NUMBERS = ("vat_number", "registration_number", "duns", "lei")


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer as a registration names it: `keys` find it, `features` compare it, `record_id` knows it."""

    features: Features
    keys: tuple[str, ...]
    record_id: UUID | None


class Candidates(Protocol):
    """Finds what may be the same customer among the stored organisations."""

    async def organizations(self, tx: Tx, *, customers: Sequence[Customer]) -> list[dict[UUID, Match]]:
        """For each customer, in their order, every living organisation that was compared with it, and how they match.

        The queries do not grow in number with the customers.
        """
        ...


async def customers_of(tx: Tx, registrations: Sequence[Mapping[str, Value]]) -> list[Customer]:
    """From what the partners wrote, and from the customers' records where they were recognised."""
    linked = {c for values in registrations if isinstance(c := values.get("customer"), UUID)}
    stored = await records.load(tx, ORGANIZATION, linked) if linked else {}
    return [_customer(values, {i: r.values for i, r in stored.items()}) for values in registrations]


class KeyCandidates:
    """By blocking keys in PostgreSQL, each scored by the matcher."""

    async def organizations(self, tx: Tx, *, customers: Sequence[Customer]) -> list[dict[UUID, Match]]:
        keys = list(dict.fromkeys(key for customer in customers for key in customer.keys))
        shared = await match_keys.sharing(tx, record_type=ORGANIZATION.name, keys=keys)
        wanted = [_known(customer, shared) for customer in customers]
        stored = await records.load(tx, ORGANIZATION, set().union(*wanted))
        found = {
            record.id: Customer(organization_features(record.values), (), record.id)
            for record in stored.values()
            if record.alive
        }
        return [
            {i: matched(customer, found[i]) for i in sorted(ids) if i in found}
            for customer, ids in zip(customers, wanted, strict=True)
        ]


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


def _known(customer: Customer, shared: Mapping[str, Collection[UUID]]) -> set[UUID]:
    found = {i for key in customer.keys for i in shared.get(key, ())}
    return found | {customer.record_id} if customer.record_id else found


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
