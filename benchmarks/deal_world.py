"""A hub in its third year, made up from a seed and copied in: organisations, partners, direct sales, registrations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from benchmarks.firms import Firms
from benchmarks.misspelling import misspell
from hub.db import records
from hub.db.copying import copy_rows
from hub.db.session import Database, Tx
from hub.domain.matching import match_keys, organization_features, spelling_keys, spelt
from hub.record import RECORD_TYPES
from hub.record.values import Money, Values

NOW = datetime.now(UTC)
TODAY = NOW.date()
LINES = ("cloud", "core", "security", "services")
_STATUSES = ("approved", "rejected", "expired", "won", "lost", "pending_approval", "conflict_review", "needs_info")
_STATUS_WEIGHTS = (35, 20, 15, 10, 8, 6, 4, 2)
_BATCH = 10_000
_INDEXES = {"ix_match_key_keys": "match_key", "ix_name_index_keys": "name_index"}

Rows = Iterator[tuple[UUID, Values]]


class Firm(NamedTuple):
    """An organisation of the world. `forms` is how many of the words of its name are the legal form."""

    id: UUID
    name: str
    forms: int
    country: str
    domain: str | None


@dataclass(frozen=True)
class World:
    """What was copied in."""

    firms: list[Firm]
    partners: list[UUID]


async def build(db: Database, *, organizations: int, registrations: int, seed: int = 7) -> World:
    """Copy everything in, some ten thousand rows a transaction, with what organisations are found by."""
    random = Random(seed)
    firms = _firms(organizations, random)
    partners = [_id(2, n) for n in range(max(50, organizations // 100))]
    lines = {code: _id(3, n) for n, code in enumerate(LINES)}
    program = _id(4, 0)
    ids = [firm.id for firm in firms]
    towns = Firms(seed=seed + 1)
    tables: list[tuple[str, Rows]] = [
        ("organization", ((f.id, _organization(f, n, towns)) for n, f in enumerate(firms))),
        ("partner", ((p, _partner(n)) for n, p in enumerate(partners))),
        ("program", iter([(program, {"code": "reseller", "name": "Resellers"})])),
        ("product_line", ((i, {"code": code, "name": code, "is_active": True}) for code, i in lines.items())),
        ("program_membership", ((_id(5, n), _membership(p, program)) for n, p in enumerate(partners))),
        ("partner_authorization", _authorizations(partners, lines)),
        ("opportunity", ((_id(7, n), _opportunity(random, ids)) for n in range(organizations // 5))),
        ("activity", ((_id(8, n), _activity(random, ids)) for n in range(organizations // 2))),
        ("order_line", ((_id(9, n), _order(random, n, ids, partners, lines)) for n in range(organizations // 5))),
        ("named_account", ((_id(10, n), _named(ids[n * 97])) for n in range(organizations // 100))),
    ]
    for name, rows in tables:
        await _copy(db, name, rows)
    await _registrations(db, registrations, firms, partners, random)
    await _search_keys(db, firms)
    return World(firms, partners)


def submission(firm: Firm, partner: UUID, random: Random) -> dict[str, Any]:
    """What a partner writes of a deal with this firm: the name misspelt, and one time in two the firm's domain."""
    return {
        "name": "Project",
        "partner": partner,
        "customer_name": misspell(firm.name, forms=firm.forms, random=random),
        "customer_domain": firm.domain if random.random() < 0.5 else None,
        "customer_country": firm.country,
        "product_lines": tuple(sorted(random.sample(LINES, random.choice((1, 1, 2, 3))))),
        "amount": Money(Decimal(random.randrange(2_000, 200_000)), "EUR"),
        "close_date": TODAY + timedelta(days=random.randrange(10, 200)),
        "description": "What the customer plans",
        "contact_name": "Jana Weiss",
        "contact_email": f"jana.weiss@{firm.domain or 'buyer.example'}",
        "contact_role": "purchasing",
    }


def _id(kind: int, number: int) -> UUID:
    """Ids that grow as those of the hub do."""
    return UUID(int=(0x0199 << 112) | (kind << 104) | (0x7 << 76) | (0b10 << 62) | number)


def _firms(count: int, random: Random) -> list[Firm]:
    firms = []
    for n, (name, country) in enumerate(islice(Firms(seed=7), count)):
        forms = 4 if name.endswith("& Co. KG") else 1
        word = "".join(c for c in "".join(name.split()[:2]).lower() if c.isascii() and c.isalnum())
        domain = f"{word}{n % 1000 or ''}.{country.lower()}" if random.random() < 0.6 else None
        firms.append(Firm(_id(1, n), name, forms, country, domain))
    return firms


def _organization(firm: Firm, number: int, towns: Firms) -> Values:
    return {
        "legal_name": firm.name,
        "country": firm.country,
        "website_domain": firm.domain,
        "city": towns.place(),
        "postal_code": f"{number * 7919 % 99_999:05}",
        "street": f"{towns.place()} Street {number % 180 + 1}",
    }


def _partner(number: int) -> Values:
    return {
        "legal_name": f"Partner {number} Ltd",
        "status": "active",
        "tier": ("registered", "silver", "gold", "platinum")[number % 4],
        "contract_end": TODAY + timedelta(days=700),
    }


def _membership(partner: UUID, program: UUID) -> Values:
    return {"partner": partner, "program": program, "valid_from": TODAY - timedelta(days=900)}


def _authorizations(partners: Iterable[UUID], lines: dict[str, UUID]) -> Rows:
    for n, (partner, line) in enumerate((p, line) for p in partners for line in lines.values()):
        yield (
            _id(6, n),
            {
                "partner": partner,
                "product_line": line,
                "status": "granted",
                "valid_from": TODAY - timedelta(days=900),
            },
        )


def _opportunity(random: Random, firms: list[UUID]) -> Values:
    closed = random.random() < 0.7
    return {
        "name": "Renewal",
        "account": random.choice(firms),
        "stage": "Closed" if closed else "Proposal",
        "amount": Money(Decimal(random.randrange(5_000, 300_000)), "EUR"),
        "close_date": TODAY + timedelta(days=random.randrange(-300, 200)),
        "is_closed": closed,
        "is_won": closed and random.random() < 0.4,
        "is_direct": True,
        "owner_name": "Ann",
        "last_activity_on": TODAY - timedelta(days=random.randrange(300)),
    }


def _activity(random: Random, firms: list[UUID]) -> Values:
    return {
        "subject": "Call",
        "kind": "call",
        "account": random.choice(firms),
        "happened_at": NOW - timedelta(days=random.randrange(700)),
        "owner_name": "Ann",
    }


def _order(random: Random, number: int, firms: list[UUID], partners: list[UUID], lines: dict[str, UUID]) -> Values:
    return {
        "order_number": f"O-{number}",
        "line_number": "1",
        "customer": random.choice(firms),
        "partner": random.choice(partners) if random.random() < 0.6 else None,
        "product_line": random.choice(list(lines.values())),
        "ordered_on": TODAY - timedelta(days=random.randrange(1500)),
        "status": "shipped",
    }


def _named(firm: UUID) -> Values:
    return {
        "organization": firm,
        "reserved_for": "direct",
        "owner_name": "Ann",
        "valid_from": TODAY - timedelta(days=300),
    }


async def _registrations(db: Database, count: int, firms: list[Firm], partners: list[UUID], random: Random) -> None:
    made = ((_id(11, n), _registration(random.choice(firms), random.choice(partners), random)) for n in range(count))
    while batch := list(islice(made, _BATCH)):
        async with db.transaction() as tx:
            await records.insert(tx, RECORD_TYPES["deal_registration"], batch)
            await _claims(tx, batch)
            await copy_rows(
                tx,
                "deal_review",
                ("registration_id", "place", "allowed", "submitted_by"),
                ((i, i.int & 0xFFFFFFFF, timedelta(hours=24), "benchmark") for i, _ in batch),
            )


def _registration(firm: Firm, partner: UUID, random: Random) -> dict[str, Any]:
    values = submission(firm, partner, random)
    at = NOW - timedelta(days=random.randrange(1, 365), minutes=random.randrange(1440))
    status = random.choices(_STATUSES, _STATUS_WEIGHTS)[0]
    if random.random() < 0.4:
        values["customer"] = firm.id
    values |= {"submitted_at": at, "complete_at": at, "eligible_at": at, "review_status": status, "stage": "submitted"}
    if status in ("approved", "expired", "won"):
        values["protection_ends"] = at.date() + timedelta(days=90)
    return values


async def _claims(tx: Tx, batch: list[tuple[UUID, dict[str, Any]]]) -> None:
    def claim(values: dict[str, Any]) -> list[str]:
        said = {"legal_name": values["customer_name"], "website_domain": values["customer_domain"]}
        keys = match_keys(organization_features({**said, "country": values["customer_country"]}))
        return [f"c:{values['customer']}", *keys] if "customer" in values else list(keys)

    await copy_rows(
        tx,
        "deal_claim",
        ("registration_id", "keys", "product_lines"),
        ((i, claim(values), list(values["product_lines"])) for i, values in batch),
    )


async def _search_keys(db: Database, firms: list[Firm]) -> None:
    """What the hub stores for each of them, copied in before the indexes stand."""
    towns = Firms(seed=8)
    async with db.transaction() as tx:
        for index in _INDEXES:
            await tx.run(f"drop index {index}")
    numbered = iter(enumerate(firms))
    while batch := list(islice(numbered, _BATCH)):
        found_by = [(firm.id, organization_features(_organization(firm, n, towns))) for n, firm in batch]
        async with db.transaction() as tx:
            keys = ((i, "organization", list(match_keys(of))) for i, of in found_by)
            await copy_rows(tx, "match_key", ("record_id", "record_type", "keys"), keys)
            names = ((i, 1, [" ".join(w) for w in spelt(of)], spelling_keys(spelt(of))) for i, of in found_by)
            await copy_rows(tx, "name_index", ("record_id", "version", "names", "keys"), names)
    async with db.transaction() as tx:
        for index, on in _INDEXES.items():
            await tx.run(f"create index {index} on {on} using gin (keys) with (fastupdate = off)")


async def _copy(db: Database, name: str, rows: Rows) -> None:
    while batch := list(islice(rows, _BATCH)):
        async with db.transaction() as tx:
            await records.insert(tx, RECORD_TYPES[name], batch)
