"""Who submits what: registrations of made-up customers, with planted conflicts and repeats, the same for one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

_SYLLABLES = "ba be bi bo da de di do fa fe ga go ka ke ki ko la le li lo ma me mi mo na ne no pa pe ra re ri ro sa se si ta te ti to va ve vo wa za zo".split()  # noqa: E501, SIM905
_TRADES = ("Maschinenbau", "Logistik", "Software", "Pharma", "Energie", "Handel", "Medien", "Anlagen")
_SPELLINGS = ("{0} AG", "{0}", "{0} A.G.", "{1} AG", "{1}")
_WARM_UP = 32
_LINES = ("core", "cloud", "security", "services")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer that nobody else in the plan has; `known` ones are stored as organisations before."""

    name: str
    domain: str
    known: bool

    def spelt(self, way: int) -> str:
        return _SPELLINGS[way % len(_SPELLINGS)].format(self.name, self.name.upper())


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission. Those of one `group` claim the same, at one moment; `repeated` ones are sent twice at once."""

    key: str
    submitter: int
    body: dict[str, Any]
    group: int | None = None
    repeated: bool = False


@dataclass(frozen=True)
class Plan:
    """For each submitter its entries in their order; the customers that are stored before, and what is sent before."""

    entries: list[list[Entry]]
    known: list[Customer]
    warm_up: list[Entry]
    groups: dict[int, int] = field(default_factory=dict)
    """How many claim the same, by group."""

    @property
    def size(self) -> int:
        return sum(map(len, self.entries)) + len(self.warm_up)


def make_plan(
    *, submitters: int, each: int, partners: list[list[UUID]], planted: float, organizations: int, seed: int
) -> Plan:
    """`planted` is the share of entries that claim what another one claims; `partners` are each submitter's own."""
    dice = random.Random(seed)
    names = _names(dice)
    known = [_customer(next(names), known=True) for _ in range(organizations)]
    waiting = known[: submitters * each // 3]
    entries: list[list[Entry]] = [[] for _ in range(submitters)]
    groups: dict[int, int] = {}
    due = 0.0
    for turn in range(each):
        order = dice.sample(range(submitters), submitters)
        due += planted * submitters
        while order:
            size = min(len(order), dice.choice((2, 2, 3, 4))) if due >= 2 else 1
            due -= size if size > 1 else 0
            members, order = order[:size], order[size:]
            customer = waiting.pop() if waiting and dice.random() < 0.5 else _customer(next(names), known=False)
            group = len(groups) if size > 1 else None
            if group is not None:
                groups[group] = size
            line = dice.choice(_LINES)
            for way, submitter in enumerate(members):
                own = partners[submitter]
                entries[submitter].append(
                    Entry(
                        key=f"s{submitter}-{turn}",
                        submitter=submitter,
                        body=_body(own[turn % len(own)], own[-1], customer, way, line, dice),
                        group=group,
                        repeated=dice.random() < 0.02,
                    )
                )
    warm_up = [
        Entry(f"w{n}", 0, _body(partners[0][0], partners[0][-1], _customer(next(names), known=False), 0, "core", dice))
        for n in range(_WARM_UP)
    ]
    return Plan(entries, known, warm_up, groups)


def _body(
    partner: UUID, distributor: UUID, customer: Customer, way: int, line: str, dice: random.Random
) -> dict[str, Any]:
    lines = [line, *dice.sample([other for other in _LINES if other != line], dice.choice((0, 0, 1)))]
    return {
        "fields": {
            "name": f"{customer.name}: {' and '.join(lines)}",
            "partner": str(partner),
            "customer_name": customer.spelt(way),
            "customer_domain": customer.domain,
            "customer_country": "DE",
            "product_lines": lines,
            "amount": {"amount": str(dice.randrange(20, 30) * 1000), "currency": "EUR"},
            "close_date": (date.today() + timedelta(days=60)).isoformat(),  # noqa: DTZ011  # any day ahead
            "description": "Replaces the old system in two plants and moves the data of ten years.",
            "contact_name": "Jana Weiss",
            "contact_email": f"jana.weiss@{customer.domain}",
        },
        "parties": [{"partner": str(distributor), "role": "fulfil"}],
        "evidence": [{"name": "Mail of the buyer", "kind": "mail", "dated_on": "2026-01-15"}],
    }


def _customer(name: str, *, known: bool) -> Customer:
    return Customer(name, f"{name.lower().replace(' ', '-')}.de", known)


def _names(dice: random.Random) -> Any:
    """Names of three words, none twice."""
    seen: set[str] = set()
    while True:
        words = ["".join(dice.choices(_SYLLABLES, k=dice.choice((3, 4)))).title() for _ in range(2)]
        name = " ".join([*words, dice.choice(_TRADES)])
        if name not in seen:
            seen.add(name)
            yield name
