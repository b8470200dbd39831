"""Which stored organisations may be the customer that a registration names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

import structlog

from hub.db import match_keys, records
from hub.db.questions import ask
from hub.db.session import Tx
from hub.domain.deals.facts import Feature, Match
from hub.domain.matching import (
    MatchScore,
    OrganizationFeatures,
    Verdict,
    Weights,
    decide,
    default_weights,
    organization_features,
    score,
)
from hub.domain.matching import match_keys as keys_of
from hub.record.identity import ORGANIZATION
from hub.record.values import Value
from hub.services.name_search import NameSearch

log = structlog.get_logger()

MOST, MOST_PER_KEY = 24, 100
_BY_NAME = "t:"  # these keys are for who has no search by name
_MOST_KEYS, _MOST_KNOWN = 15, 3
_AGAINST = {
    "identifier": ("different",),
    "domain": ("different",),
    "name_number": ("contradicting",),
    "place": ("other_country", "other_city", "other_postcode"),
    "street": ("different",),
}
_CARRIED = ("legal_name", "trade_name", "street", "city", "postal_code", "country", "phone", "website_domain")
_NUMBERS = ("vat_number", "registration_number", "duns", "lei")


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer as a registration names it: `keys` find it, `features` compare it, `record_id` knows it."""

    features: OrganizationFeatures
    keys: tuple[str, ...]
    record_id: UUID | None

    def known_as(self, matches: Mapping[UUID, Match]) -> Customer:
        """With the likest of these organisations as keys: so registrations meet that spell its name differently."""
        likely = [i for i, match in matches.items() if match.verdict in (Verdict.SAME, Verdict.REVIEW)]
        known = (f"c:{i}" for i in likely[:_MOST_KNOWN])
        return replace(self, keys=tuple(dict.fromkeys((*known, *self.keys)))[:_MOST_KEYS])


class Candidates(Protocol):
    """Finds what may be the same customer among the stored organisations; `weights` are what evidence weighs."""

    @property
    def weights(self) -> Weights: ...

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


@dataclass(frozen=True)
class KeyCandidates:
    """Those that share a telling key and those whose names may be meant, each scored by the matcher."""

    names: NameSearch = field(default_factory=NameSearch)
    weights: Weights = field(default_factory=default_weights)

    async def organizations(self, tx: Tx, *, customers: Sequence[Customer]) -> list[dict[UUID, Match]]:
        """The likest first; at most `MOST` for each customer."""
        keys = {key: None for customer in customers for key in customer.keys if not key.startswith(_BY_NAME)}
        near, shared = await ask(
            tx,
            await self.names.question(tx, [customer.features for customer in customers]),
            match_keys.few_sharing(record_type=ORGANIZATION.name, keys=list(keys), most_per_key=MOST_PER_KEY),
        )
        if shared.crowded:
            log.info(
                "keys_passed_over", keys=shared.crowded, reason=f"more than {MOST_PER_KEY} organisations have each"
            )
        wanted = [_wanted(c, named, shared.records) for c, named in zip(customers, near, strict=True)]
        stored = await records.load(tx, ORGANIZATION, set().union(*wanted))
        found = {
            record.id: Customer(organization_features(record.values), (), record.id)
            for record in stored.values()
            if record.alive
        }
        return [
            _likest_first({i: matched(customer, found[i], self.weights) for i in ids if i in found}, named)
            for customer, ids, named in zip(customers, wanted, near, strict=True)
        ]


def matched(ours: Customer, theirs: Customer, weights: Weights) -> Match:
    """One record is the same customer; else the matcher decides."""
    scored = score(theirs.features, ours.features, weights=weights)
    features = tuple(
        Feature(feature=e.feature, level=e.level, weight=e.weight, theirs=e.a, ours=e.b) for e in scored.evidence
    )
    if ours.record_id is not None and ours.record_id == theirs.record_id:
        return Match(verdict=Verdict.SAME, score=scored.total, features=features)
    return Match(verdict=_verdict(scored, weights), score=scored.total, features=features)


def _verdict(scored: MatchScore, weights: Weights) -> Verdict:
    """The matcher's; only that a like name with nothing against it asks a person: often a partner knows no more."""
    verdict = decide(scored, weights=weights)
    if verdict is Verdict.DIFFERENT and scored.found("name", "equal", "close"):
        against = any(scored.found(feature, *levels) for feature, levels in _AGAINST.items())
        return verdict if against else Verdict.REVIEW
    return verdict


def _wanted(customer: Customer, named: Iterable[UUID], shared: Mapping[str, Collection[UUID]]) -> list[UUID]:
    """The customer's own record, those of like names, and those of shared keys from the most telling key on."""
    known = [customer.record_id] if customer.record_id else []
    sharing = (i for key in customer.keys for i in shared.get(key, ()))
    found = list(dict.fromkeys([*known, *named, *sharing]))
    if len(found) > MOST:
        log.info("organizations_truncated", found=len(found), most=MOST)
    return found[:MOST]


def _likest_first(matches: Mapping[UUID, Match], likeness: Mapping[UUID, float]) -> dict[UUID, Match]:
    return dict(sorted(matches.items(), key=lambda item: (-(item[1].score or 0.0), -likeness.get(item[0], 0.0))))


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
